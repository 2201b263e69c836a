import { Agent, type IncomingMessage, request } from 'node:http';

export type Sent = { method: string; path: string; headers: Record<string, string>; body?: Buffer };
export type Received = { status: number; headers: Record<string, string>; text: string };

const LONGEST_MS = 30_000;
const agent = new Agent({ keepAlive: true, maxSockets: 24 });

/**
 * Node's own client, because `fetch` mends what should arrive broken: it folds `..` in paths and refuses odd methods and headers. A
 * stream of events is left after its first bytes.
 */
export async function send(origin: string, sent: Sent): Promise<Received> {
  try {
    return await once(origin, sent, agent);
  } catch (error) {
    // The server may close an idle connection just as it is taken up again; HTTP lets a client ask anew.
    if (!(error as { reused?: boolean }).reused) throw error;
    return once(origin, sent, new Agent({ keepAlive: false }));
  }
}

function once(origin: string, { method, path, headers, body }: Sent, through: Agent): Promise<Received> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin);
    const length = body ? { 'content-length': String(body.length) } : {};
    const sending = request({ hostname, port, method, path, headers: { ...length, ...headers }, agent: through });
    sending.setTimeout(LONGEST_MS, () => sending.destroy(new Error(`No answer in ${LONGEST_MS} ms`)));
    sending.on('error', (error) => reject(Object.assign(error, { reused: isLate(error) && sending.reusedSocket })));
    sending.on('response', (response) => read(response).then(resolve, reject));
    sending.end(body);
  });
}

const isLate = (error: Error) => /ECONNRESET|EPIPE/.test((error as { code?: string }).code ?? '');

async function read(response: IncomingMessage): Promise<Received> {
  const stream = /event-stream/.test(response.headers['content-type'] ?? '');
  const chunks: Buffer[] = [];
  for await (const chunk of response) {
    chunks.push(chunk);
    if (stream) break;
  }
  if (stream) response.destroy();
  const headers = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
  return { status: response.statusCode ?? 0, headers, text: Buffer.concat(chunks).toString() };
}
