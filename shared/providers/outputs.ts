import type { MediaKind, ProviderOutput, Verdict } from './types.ts';

/** Where a vendor puts the thing that was asked for, besides previews, masks and inputs that it also returns. */
const FIELDS: Record<MediaKind, readonly string[]> = {
  image: ['images', 'image', 'output'],
  vector: ['images', 'image', 'svg', 'output'],
  video: ['videos', 'video', 'output'],
  audio: ['audio', 'audio_file', 'audio_url', 'output'],
  model_3d: ['model_glb', 'model_mesh', 'model_urls', 'output'],
  text: ['text', 'output', 'results', 'description'],
};

const BASE64_MAGIC: readonly [prefix: string, type: string][] = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
  ['SUQz', 'audio/mpeg'],
  ['AAAA', 'video/mp4'],
];

/**
 * Whatever shape a result has (URL, list, object of either, base64), as a list of outputs.
 * Fails if there is nothing in it, or if a URL is not on one of the provider's hosts.
 */
export function readOutputs(
  result: unknown,
  options: { kind: MediaKind; hosts: readonly string[]; origins?: readonly string[] },
): Extract<Verdict, { status: 'succeeded' | 'failed' }> {
  const outputs = options.kind === 'text' ? readText(result) : collect(pick(result, options.kind), options.kind);
  if (outputs.length === 0) return { status: 'failed', code: 'no_output', message: 'the provider returned no output' };
  const foreign = outputs.find(({ url }) => url && !isAllowedOutput(url, options.hosts, options.origins));
  if (!foreign) return { status: 'succeeded', outputs };
  return { status: 'failed', code: 'output_refused', message: 'the provider returned an output on a foreign host' };
}

/**
 * Whether a URL is on one of these hosts (`name`, `*.name`, either with a path prefix), https without port or userinfo,
 * or on one of the extra origins.
 */
export function isAllowedOutput(text: string, hosts: readonly string[], origins: readonly string[] = []): boolean {
  const url = URL.parse(text);
  if (!url || url.username || url.password) return false;
  if (origins.includes(url.origin)) return true;
  if (url.protocol !== 'https:' || url.port !== '') return false;
  return hosts.some((pattern) => {
    const slash = pattern.indexOf('/');
    const host = slash < 0 ? pattern : pattern.slice(0, slash);
    const path = slash < 0 ? '/' : pattern.slice(slash);
    const named = host.startsWith('*.') ? url.hostname.endsWith(host.slice(1)) : url.hostname === host;
    return named && url.pathname.startsWith(path);
  });
}

function pick(result: unknown, kind: MediaKind): unknown {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return result;
  const record = result as Record<string, unknown>;
  const field = FIELDS[kind].find((name) => record[name] !== undefined && record[name] !== null);
  return field ? record[field] : result;
}

function collect(value: unknown, kind: MediaKind): ProviderOutput[] {
  if (typeof value === 'string') return fromString(value, kind);
  if (Array.isArray(value)) return value.flatMap((item) => collect(item, kind));
  if (typeof value !== 'object' || value === null) return [];
  const file = fromFile(value as Record<string, unknown>, kind);
  return file ? [file] : Object.values(value).flatMap((item) => collect(item, kind));
}

/** An object that is a file: `{url, content_type, width, height}` (fal), `{b64_json}` (OpenAI) and the like. */
function fromFile(file: Record<string, unknown>, kind: MediaKind): ProviderOutput | null {
  const text = [file.url, file.uri, file.b64_json, file.base64, file.file_data].find(
    (item) => typeof item === 'string',
  );
  const [output] = typeof text === 'string' ? fromString(text, kind) : [];
  if (!output) return null;
  const contentType = typeof file.content_type === 'string' ? file.content_type : output.contentType;
  return {
    ...output,
    kind: kindOf(contentType) ?? output.kind,
    ...(contentType && { contentType }),
    ...(isSize(file.width) && { width: file.width }),
    ...(isSize(file.height) && { height: file.height }),
  };
}

function fromString(text: string, kind: MediaKind): ProviderOutput[] {
  if (/^https?:\/\//i.test(text)) return [{ kind, url: text }];
  const contentType = /^data:([a-z0-9.+-]+\/[a-z0-9.+-]+)[;,]/i.exec(text)?.[1]?.toLowerCase();
  if (contentType) return [{ kind: kindOf(contentType) ?? kind, dataUri: text, contentType }];
  if (text.length < 64 || !/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(text)) return [];
  const type = BASE64_MAGIC.find(([prefix]) => text.startsWith(prefix))?.[1];
  return type ? [{ kind: kindOf(type) ?? kind, dataUri: `data:${type};base64,${text.trim()}`, contentType: type }] : [];
}

/** Replicate streams text as a list of pieces; others give one string. */
function readText(result: unknown): ProviderOutput[] {
  const value = pick(result, 'text');
  const text = Array.isArray(value) ? value.filter((piece) => typeof piece === 'string').join('') : value;
  return typeof text === 'string' && text !== '' ? [{ kind: 'text', text }] : [];
}

function kindOf(contentType: string | undefined): MediaKind | undefined {
  if (contentType?.startsWith('image/svg')) return 'vector';
  const family = contentType?.split('/')[0];
  if (family === 'image' || family === 'video' || family === 'audio') return family;
  return family === 'model' ? 'model_3d' : undefined;
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
