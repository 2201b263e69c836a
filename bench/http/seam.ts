import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Seen as Arrived } from '../../test/seam.ts';

/** A request that came, and when its answer was complete; both in ms on the clock of `performance`. */
export type Seen = Arrived & { answered?: number };

export type Seam = {
  origin: string;
  seen: Seen[];
  /** `cut`: the connection breaks, and nothing is passed on. */
  treat: (how: (seen: Seen) => 'pass' | 'cut') => void;
  close: () => void;
};

/** Stands between the Workers and a service, and writes down what is asked and how long the answer took. */
export async function openSeam(target: () => string): Promise<Seam> {
  const seen: Seen[] = [];
  let treatment: (seen: Seen) => 'pass' | 'cut' = () => 'pass';
  const server = createServer(async (incoming, outgoing) => {
    const at = performance.now();
    const body = Buffer.concat(await Array.fromAsync(incoming));
    const { method = 'GET', url: path = '/', headers } = incoming;
    const call: Seen = { method, path, headers, body: body.toString(), at };
    seen.push(call);
    if (treatment(call) === 'cut') return void incoming.socket.destroy();
    outgoing.on('close', () => {
      call.answered = performance.now();
    });
    forward(target(), incoming, body, outgoing);
  });
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

function forward(target: string, incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse): void {
  const { host: _, ...headers } = incoming.headers;
  const onward = request(target + incoming.url, { method: incoming.method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on('error', () => incoming.socket.destroy());
  onward.end(body);
}
