import { connect, createServer, type Socket } from 'node:net';
import { errnoOf, problem } from './problem.ts';

/**
 * Opens the public port in front of workerd, byte for byte, so that streams, big bodies and hang-ups pass as they are. It is
 * opened last: whoever gets an answer finds everything behind it ready.
 */
export async function openFrontDoor(port: number, target: number): Promise<{ close: () => void }> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    const upstream = connect({ port: target, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    couple(client, upstream, sockets);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
    server.listen(port, '127.0.0.1');
  }).catch((error: unknown) => {
    if (errnoOf(error) !== 'EADDRINUSE') throw error;
    throw problem(`Port ${port} is taken by another program.`, `Use another one: PORT=${port + 1} npm start`, error);
  });
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { close };
}

/** What one side sends the other gets; when one breaks, so does the other. */
function couple(client: Socket, upstream: Socket, sockets: Set<Socket>): void {
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    sockets.add(from);
    from.pipe(to);
    from.on('error', () => to.resetAndDestroy());
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
  }
}
