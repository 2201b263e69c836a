import { type Refusal, refusal } from './errors.ts';
import type { Upload } from './form.ts';

export type SourceOptions = { allowUrl: (url: URL) => boolean; maxBytes: number };

const TIMEOUT_MS = 30_000;
const MAX_REDIRECTS = 5;

/** The bytes that the `file` parameter stands for: uploaded, in a data URI, or at a URL. */
export async function resolveSource(
  file: Upload | string | undefined,
  options: SourceOptions,
): Promise<Upload | Refusal> {
  if (file === undefined || file === '') return refusal(400, 'Missing required parameter - file');
  const upload = typeof file === 'string' ? await resolveText(file, options) : file;
  if ('status' in upload) return upload;
  if (upload.bytes.length === 0) return refusal(400, 'Empty file');
  return upload.bytes.length > options.maxBytes ? tooLarge(upload.bytes.length, options.maxBytes) : upload;
}

function resolveText(text: string, options: SourceOptions): Upload | Refusal | Promise<Upload | Refusal> {
  const data = /^data:[\w.+-]*\/?[\w.+-]*(?:;[\w.=+-]+)*;base64,([A-Za-z0-9+/=\s]*)$/.exec(text);
  if (data !== null) return { bytes: Buffer.from(data[1] ?? '', 'base64'), name: 'file' };
  return URL.canParse(text)
    ? download(new URL(text), options)
    : refusal(400, `Unsupported source URL: ${text.slice(0, 200)}`);
}

// Redirects are followed by hand, so that every hop passes the same check.
async function download(url: URL, options: SourceOptions, hops = 0): Promise<Upload | Refusal> {
  if (!/^https?:$/.test(url.protocol) || !options.allowUrl(url)) return refusal(400, `Unsupported source URL: ${url}`);
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
    const location = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && location !== null && hops < MAX_REDIRECTS) {
      await response.body?.cancel();
      return await download(new URL(location, url), options, hops + 1);
    }
    return await readResponse(response, url, options.maxBytes);
  } catch (error) {
    return refusal(
      400,
      `Error in loading ${url} - ${(error as Error).name === 'TimeoutError' ? 'Timed out' : 'Connection failed'}`,
    );
  }
}

async function readResponse(response: Response, url: URL, maxBytes: number): Promise<Upload | Refusal> {
  if (response.status === 404) return refusal(404, `Resource not found - ${url}`);
  if (!response.ok) return refusal(400, `Error in loading ${url} - ${response.status} ${response.statusText}`.trim());
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) return tooLarge(size, maxBytes);
    chunks.push(chunk);
  }
  return { bytes: Buffer.concat(chunks), name: url.pathname.split('/').at(-1) || 'file' };
}

function tooLarge(size: number, maxBytes: number): Refusal {
  return refusal(400, `File size too large. Got ${size}. Maximum is ${maxBytes}.`);
}

/** Whether a URL points at this machine. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
