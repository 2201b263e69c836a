import { signedHeaders } from '../signatures/standard-webhooks.ts';

/** Posts a signed message to a path of our own origin and says what it was answered; 0: nothing came back. Never throws. */
export type PostSigned = (path: string, message: { id: string; body: unknown }) => Promise<{ status: number }>;

type PostOptions = {
  /** Where the Workers answer, without a slash at the end. */
  origin: string;
  secret: string;
  /** Milliseconds. */
  now: () => number;
  fetch: (url: string, init?: RequestInit) => Promise<Response>;
  timeoutMs?: number;
};

const TIMEOUT_MS = 20_000;

/** Signs at the moment of sending, so that the two-minute window starts there. One try: whoever needs more has a sweep. */
export function createPostSigned({ origin, secret, now, fetch, timeoutMs = TIMEOUT_MS }: PostOptions): PostSigned {
  return async function postSigned(path, { id, body }) {
    const text = JSON.stringify(body);
    const headers = await signedHeaders({ id, timestamp: Math.floor(now() / 1000), body: text, secret });
    try {
      const response = await fetch(`${origin}${path}`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: text,
        signal: AbortSignal.timeout(timeoutMs),
      });
      await response.body?.cancel();
      return { status: response.status };
    } catch {
      return { status: 0 };
    }
  };
}
