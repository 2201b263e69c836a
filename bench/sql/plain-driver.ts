import type { Socket } from 'node:net';
import pg from 'pg';

/** A transaction's statements; each is sent alone and its answer awaited, as pgbench does in its simple protocol. */
export type Transaction = () => string[];

type Run = { url: string; clients: number; seconds: number; transaction: Transaction; role?: string };

/**
 * Transactions per second, for machines without pgbench. Statements go out as bytes on sockets that `pg` has only logged in: with its
 * parser in between a transaction of seven round trips would measure the driver.
 */
export async function drive({ url, clients, seconds, transaction, role }: Run): Promise<number> {
  const options = role === undefined ? undefined : `-c role=${role}`;
  const sessions = Array.from({ length: clients }, () => new pg.Client({ connectionString: url, options }));
  // Its socket is taken from under it, and in the end it is cut.
  for (const session of sessions) session.on('error', () => {});
  await Promise.all(sessions.map((session) => session.connect()));
  const during = (ms: number) => {
    const until = performance.now() + ms;
    return Promise.all(sessions.map((session) => repeat(socketOf(session), transaction, until)));
  };
  // A session's first calls make its plans.
  await during(1_000);
  const begin = performance.now();
  const counts = await during(seconds * 1_000);
  const elapsed = (performance.now() - begin) / 1000;
  for (const socket of sessions.map(socketOf)) socket.destroy();
  return counts.reduce((sum, count) => sum + count, 0) / elapsed;
}

/** `pg` hands out the socket of a session that is logged in; from here on nobody else reads it. */
const socketOf = (session: pg.Client) => (session as unknown as { connection: { stream: Socket } }).connection.stream;

async function repeat(socket: Socket, transaction: Transaction, until: number): Promise<number> {
  socket.removeAllListeners('data');
  socket.on('error', () => {});
  for (let count = 0; ; count++) {
    if (performance.now() >= until) return count;
    for (const statement of transaction()) await exchange(socket, statement);
  }
}

const READY_FOR_QUERY = 'Z'.charCodeAt(0);
const ERROR = 'E'.charCodeAt(0);

/** Sends one query message; resolves when the server is ready for the next, rejects if it answered with an error. */
function exchange(socket: Socket, statement: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    socket.once('data', function look(chunk: Buffer) {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const { ready, error } = messagesIn(received);
      if (!ready) return void socket.once('data', look);
      if (error !== undefined) reject(new Error(`The database said ${error} to: ${statement.slice(0, 200)}`));
      else resolve();
    });
    const text = Buffer.from(`${statement}\0`);
    const head = Buffer.from([0x51, 0, 0, 0, 0]);
    head.writeUInt32BE(text.length + 4, 1);
    socket.write(Buffer.concat([head, text]));
  });
}

/** Whether whole messages up to ReadyForQuery are there. Each is a type byte and a length that counts itself. */
function messagesIn(bytes: Buffer): { ready: boolean; error?: string } {
  let error: string | undefined;
  for (let at = 0; at + 5 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at + 1);
    if (bytes[at] === ERROR)
      error = bytes
        .subarray(at + 5, at + 1 + length)
        .toString()
        .replaceAll('\0', ' ');
    at += 1 + length;
    if (bytes[at - 1 - length] === READY_FOR_QUERY && at <= bytes.length) return { ready: true, error };
  }
  return { ready: false, error };
}
