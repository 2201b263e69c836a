/** One server-sent event. Without an id the client's Last-Event-ID stays where it was. */
export type ServerEvent = { event: string; data: unknown; id?: string | number };

/** `text/event-stream`: JSON never holds a raw line break, so one `data` line is enough. */
export function frame({ event, data, id }: ServerEvent): string {
  const head = id === undefined ? '' : `id: ${id}\n`;
  return `${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

export const HEARTBEAT = ': heartbeat\n\n';

/** A stream of frames as an answer. `signal` is aborted as soon as the client has left: by then nobody should ask any more. */
export function eventStream(request: Request, start: (signal: AbortSignal) => AsyncGenerator<string>): Response {
  const left = new AbortController();
  const frames = start(AbortSignal.any([request.signal, left.signal]));
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await frames.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      left.abort();
      await frames.return(undefined);
    },
  });
  return new Response(body, { headers: HEADERS });
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};
