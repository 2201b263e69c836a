import { Agent, request } from 'node:http';

export type Post = { path: string; headers: Record<string, string>; body: string };
type Load = { port: number; connections: number; seconds: number; next: () => Post; expect: number };

/** Answers per second over so many connections, each with one request at a time. Rejects on any other status than the expected one. */
export async function load({ port, connections, seconds, next, expect }: Load): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const begin = performance.now();
  const one = async () => {
    for (let count = 0; ; count++) {
      if (performance.now() - begin >= seconds * 1000) return count;
      const { status, text } = await send(agent, port, next());
      if (status !== expect) throw new Error(`The answer was ${status}: ${text.slice(0, 300)}`);
    }
  };
  try {
    const counts = await Promise.all(Array.from({ length: connections }, one));
    return counts.reduce((sum, count) => sum + count, 0) / ((performance.now() - begin) / 1000);
  } finally {
    agent.destroy();
  }
}

/** One POST. Less stands between the clock and the wire than with `fetch`. */
export function send(
  agent: Agent,
  port: number,
  { path, headers, body }: Post,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const options = { agent, host: '127.0.0.1', port, path, method: 'POST', headers };
    const outgoing = request(options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
