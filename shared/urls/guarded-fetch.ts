import { checkUrl, type UrlPurpose, type UrlRefusal } from './guard.ts';

export type Fetch = (input: string | URL, init?: RequestInit) => Promise<Response>;

export type GuardedFetchOptions = {
  url: string;
  purpose: UrlPurpose;
  fetch: Fetch;
  init?: RequestInit;
  localOrigins?: readonly string[];
  deniedHosts?: readonly string[];
  /** Most bytes of body that may be read; one more errors the stream. */
  maxBytes: number;
  /** For headers and body together. */
  timeoutMs: number;
};

export type GuardedResponse =
  | { ok: true; response: Response }
  | { ok: false; reason: UrlRefusal | 'too_large' | 'timeout' | 'network' }
  /** Not followed; `location` is what nobody has checked. */
  | { ok: false; reason: 'redirect'; status: number; location: string };

/**
 * Fetches a URL that somebody else chose: checked at this very use, redirects not followed (a `Location` is a second
 * URL that nobody checked), and the body capped in time and size while it streams. Any status except 3xx is an answer.
 */
export async function guardedFetch(options: GuardedFetchOptions): Promise<GuardedResponse> {
  const checked = checkUrl(options.url, options);
  if (!checked.ok) return checked;
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = options.init?.signal ? AbortSignal.any([timeout, options.init.signal]) : timeout;
  const { fetch } = options;
  let response: Response;
  try {
    response = await fetch(checked.url.href, { ...options.init, redirect: 'manual', signal });
  } catch {
    return { ok: false, reason: timeout.aborted ? 'timeout' : 'network' };
  }
  const refusal = judgeHead(response, options.maxBytes);
  if (!refusal) return { ok: true, response: capped(response, options.maxBytes) };
  await response.body?.cancel().catch(() => {});
  if (refusal === 'too_large') return { ok: false, reason: refusal };
  return { ok: false, reason: refusal, status: response.status, location: response.headers.get('location') ?? '' };
}

function judgeHead(response: Response, maxBytes: number): 'redirect' | 'too_large' | null {
  if (response.status >= 300 && response.status < 400) return 'redirect';
  return Number(response.headers.get('content-length') ?? 0) > maxBytes ? 'too_large' : null;
}

/** The same response whose body errors after `maxBytes`: a `Content-Length` can lie, and chunked bodies have none. */
function capped(response: Response, maxBytes: number): Response {
  if (!response.body) return response;
  let seen = 0;
  const limit = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      seen += chunk.byteLength;
      if (seen > maxBytes) controller.error(new RangeError(`the body is longer than ${maxBytes} bytes`));
      else controller.enqueue(chunk);
    },
  });
  const { status, statusText, headers } = response;
  return new Response(response.body.pipeThrough(limit), { status, statusText, headers });
}

/**
 * The first `maxBytes` of a body as text, and whether more came; what follows is canceled unread. For what is kept of a
 * partner's answer. A body that breaks off gives what had arrived.
 */
export async function readStart(response: Response, maxBytes: number): Promise<{ text: string; truncated: boolean }> {
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  let text = '';
  let left = maxBytes;
  try {
    while (reader) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value.subarray(0, left), { stream: true });
      left -= value.byteLength;
      if (left >= 0) continue;
      await reader.cancel();
      return { text, truncated: true };
    }
  } catch {
    return { text, truncated: true };
  }
  return { text: text + decoder.decode(), truncated: false };
}
