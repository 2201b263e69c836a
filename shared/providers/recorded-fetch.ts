import type { Fetch } from './types.ts';

/** What came back over the wire, before any SDK made something of it. */
export type Answer =
  | { kind: 'answer'; status: number; headers: Headers; text: string }
  | { kind: 'thrown'; message: string }
  | { kind: 'unsent' };

export type Recorded = {
  fetch: typeof globalThis.fetch;
  /** The latest answer. */
  answer: () => Answer;
};

/** Longer answers hold base64 media of a size that no Worker can take anyway. */
const LONGEST_TEXT = 24 * 1024 * 1024;

/**
 * A `fetch` for one call of a vendor's SDK. Each request goes out once, and at most one POST goes out at all: SDKs
 * repeat submissions on their own (`@fal-ai/client` after 429, 502 to 504 and resets; `replicate` after 429 and after
 * every thrown fetch), and each repetition is a second generation that somebody pays for.
 * What is not 2xx is recorded and thrown as an abort, which no SDK sleeps and retries on; a repetition gets the same.
 */
export function recordFetch(options: {
  fetch: Fetch;
  timeoutMs: number;
  /** Rewrites or refuses (null) a URL. */
  rewrite?: (url: string) => string | null;
}): Recorded {
  const requests = new Map<string, Promise<Answer>>();
  let posted = false;
  let latest: Answer = { kind: 'unsent' };
  const send = async (input: unknown, init: RequestInit = {}): Promise<Response> => {
    const method = (init.method ?? 'GET').toUpperCase();
    const url = options.rewrite ? options.rewrite(String(input)) : String(input);
    if (url === null) throw abort('this host is not the provider');
    const name = `${method} ${url}`;
    const known = requests.get(name);
    if (!known && method === 'POST' && posted) throw abort('a submission is one POST');
    posted ||= method === 'POST';
    const asked = known ?? exchange(options, url, { ...init, method });
    requests.set(name, asked);
    latest = await asked;
    return replay(latest);
  };
  return { fetch: send as typeof globalThis.fetch, answer: () => latest };
}

async function exchange(options: { fetch: Fetch; timeoutMs: number }, url: string, init: RequestInit): Promise<Answer> {
  const { method, headers, body } = init;
  const { fetch, timeoutMs } = options;
  try {
    // Not followed: a redirect would carry the key, or a submission, to a place nobody chose.
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { method, headers, body, redirect: 'manual', signal });
    return { kind: 'answer', status: response.status, headers: response.headers, text: await readText(response) };
  } catch (error) {
    return { kind: 'thrown', message: error instanceof Error ? error.message : 'the request failed' };
  }
}

/** The body, or nothing if it broke off or is too long: the status alone is what then counts. */
async function readText(response: Response): Promise<string> {
  const declared = Number(response.headers.get('content-length') ?? 0);
  if (declared > LONGEST_TEXT) {
    await response.body?.cancel();
    return '';
  }
  return response.text().catch(() => '');
}

function replay(answer: Answer): Response {
  if (answer.kind !== 'answer') throw abort(answer.kind === 'thrown' ? answer.message : 'not sent');
  if (answer.status < 200 || answer.status > 299) throw abort(`status ${answer.status}`);
  const headers = { 'content-type': answer.headers.get('content-type') ?? 'application/json' };
  return new Response(answer.status === 204 ? null : answer.text, { status: answer.status, headers });
}

function abort(message: string): Error {
  return Object.assign(new Error(message), { name: 'AbortError' });
}
