/** Where the API is; undefined answers count as a broken connection. */
export type Target = { origin: () => string };

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into, not typed
export type Json = any;
/** `status` 0: no answer, or one that broke off. Times in ms since the epoch. */
export type Answer = { status: number; headers: Headers; body: Json; sentAt: number; at: number };

export type Call = {
  path: string;
  method?: string;
  apiKey: string;
  /** Idempotency-Key. */
  key?: string;
  body?: unknown;
  wait?: number;
};

/** More patient than any Worker is with what stands behind it. */
const TIMEOUT_MS = 25_000;

/** One request of a client. Never throws. */
export async function call({ origin }: Target, { path, method, apiKey, key, body, wait }: Call): Promise<Answer> {
  const sentAt = Date.now();
  const headers = {
    'x-api-key': apiKey,
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(key !== undefined && { 'idempotency-key': key }),
    ...(wait && { prefer: `wait=${wait}` }),
  };
  try {
    const response = await fetch(origin() + path, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parse(text), sentAt, at: Date.now() };
  } catch {
    return { status: 0, headers: new Headers(), body: {}, sentAt, at: Date.now() };
  }
}

function parse(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** Whether a client learns nothing from an answer and asks again under the same key. */
export const isOpen = ({ status, body }: Answer): boolean =>
  status === 0 || status >= 500 || status === 429 || (status === 409 && body.code === 'idempotency_in_flight');
