import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';

/** A request as it came, whole. `path` with its query. */
export type Exchange = {
  seam: string;
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer;
};
export type Reply = { status: number; headers: Record<string, string>; body: Buffer };

/** What the caller gets: an answer, half of one, one that drips, or a connection that breaks. */
export type Outcome = Reply | { cut: true } | { half: Reply } | { drip: Reply; everyMs: number };

// A connection per request: one that the other side has just given up would look like a fault that nobody ordered.
const agent = new Agent({ keepAlive: false });
const UPSTREAM_MS = 130_000;

export async function readExchange(seam: string, incoming: IncomingMessage): Promise<Exchange> {
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : `${value}`,
    ]),
  );
  return { seam, method: incoming.method ?? 'GET', path: incoming.url ?? '/', headers, body: await readAll(incoming) };
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

// Per connection, or settled anew by whoever sends the body.
const HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'host', 'expect']);
const withoutHop = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP.has(name)));

/** Rejects where nothing answers. */
export function send(target: string | undefined, { method, path, headers, body }: Exchange): Promise<Reply> {
  if (target === undefined) return Promise.reject(new Error('nobody there'));
  return new Promise((resolve, reject) => {
    const bodied = body.length > 0 ? { 'content-length': String(body.length) } : {};
    const options = { method, headers: { ...withoutHop(headers), ...bodied }, agent, timeout: UPSTREAM_MS };
    const upstream = request(target + path, options, (answer) => {
      readExchange('', answer).then(
        (read) => resolve({ status: answer.statusCode ?? 502, headers: withoutHop(read.headers), body: read.body }),
        reject,
      );
    });
    upstream.on('timeout', () => upstream.destroy(new Error('timeout')));
    upstream.on('error', reject);
    upstream.end(body);
  });
}

/** Gives the caller what it is to get. */
export async function write(outcome: Outcome, response: ServerResponse): Promise<void> {
  if ('cut' in outcome) return void response.destroy();
  if ('half' in outcome) return writeHalf(outcome.half, response);
  if ('drip' in outcome) return drip(outcome.drip, response, outcome.everyMs);
  writeHead(outcome, response);
  response.end(outcome.body);
}

function writeHead({ status, headers, body }: Reply, response: ServerResponse): void {
  const length = status === 204 || status === 304 ? {} : { 'content-length': String(body.length) };
  response.writeHead(status, { ...headers, ...length });
}

/** The length is announced, and then the connection breaks. */
function writeHalf(reply: Reply, response: ServerResponse): void {
  writeHead(reply, response);
  response.write(reply.body.subarray(0, Math.floor(reply.body.length / 2)), () => response.destroy());
}

async function drip(reply: Reply, response: ServerResponse, everyMs: number): Promise<void> {
  writeHead(reply, response);
  for (const byte of reply.body) {
    if (response.destroyed) return;
    response.write(Buffer.of(byte));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  response.end();
}
