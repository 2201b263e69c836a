import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that came, and when its answer was complete; both in ms on the clock of `performance`. */
export type Seen = {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  at: number;
  answered?: number;
};

/** `cut`: the connection breaks and nothing is passed on. `deaf`: passed on, but no answer ever comes back; `held`: neither. */
export type Treatment = 'pass' | 'cut' | 'deaf' | 'held';

export type Seam = {
  origin: string;
  seen: Seen[];
  /** How to treat what comes from now on. */
  treat: (how: (seen: Seen) => Treatment) => void;
  close: () => void;
};

/** Stands between the Workers and a service: writes down what is asked and how long the answer took, and breaks what it is told to. */
export async function openSeam(target: () => string): Promise<Seam> {
  const seen: Seen[] = [];
  let treatment: (seen: Seen) => Treatment = () => 'pass';
  const server = createServer(async (incoming, outgoing) => {
    const at = performance.now();
    const body = Buffer.concat(await Array.fromAsync(incoming));
    const { method = 'GET', url: path = '/', headers } = incoming;
    const call: Seen = { method, path, headers, body: body.toString(), at };
    seen.push(call);
    outgoing.on('close', () => {
      call.answered = performance.now();
    });
    const how = treatment(call);
    if (how === 'cut') return void incoming.socket.destroy();
    if (how !== 'held') forward(target(), incoming, body, how === 'pass' ? outgoing : undefined);
  });
  // Longer than any pause between two calls: a connection that is closed just when it is used again looks like a fault.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    treat(how) {
      treatment = how;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function forward(target: string, incoming: IncomingMessage, body: Buffer, outgoing?: ServerResponse): void {
  const { host: _, ...headers } = incoming.headers;
  const onward = request(target + incoming.url, { method: incoming.method, headers }, (answer) => {
    if (outgoing === undefined) return void answer.resume();
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on('error', () => incoming.socket.destroy());
  onward.end(body);
}
