import type { Asset } from './assets.ts';
import type { Chunk } from './chunks.ts';
import type { CloudContext } from './context.ts';
import { isRefusal, type Refusal, refusal } from './errors.ts';
import type { Form, Upload } from './form.ts';
import { type Media, probe, type ResourceType } from './probe.ts';
import { publicIdOf } from './public-id.ts';
import type { Params } from './signature.ts';
import { resolveSource } from './source.ts';

/** One upload request, authenticated; `chunk` says which part of a larger file it carries. */
export type UploadRequest = Form & { type: ResourceType | 'auto'; chunk: Chunk | Refusal | undefined };
export type Outcome = { asset: Asset; existing: boolean } | { received: number } | Refusal;

const KINDS: Record<ResourceType, string> = { image: 'Image', video: 'Video', raw: 'Raw' };

/** Stores what a request brings, unless its public id is taken and may not be overwritten. */
export async function upload({ params, file, type, chunk }: UploadRequest, context: CloudContext): Promise<Outcome> {
  const existing = findExisting(params, type, context);
  if (existing !== undefined) return { asset: existing, existing: true };
  const source = await resolveSource(file, context);
  if (isRefusal(source)) return source;
  if (chunk === undefined) return store(source, type, params, context);
  if (isRefusal(chunk)) return chunk;
  const added = await context.chunks.add(chunk, source.bytes);
  if (typeof added === 'number') return { received: added };
  return isRefusal(added) ? added : store({ ...source, bytes: added }, type, params, context);
}

// What is known to be there need not be fetched; `auto` learns its type from the content only.
function findExisting(params: Params, type: ResourceType | 'auto', { assets }: CloudContext): Asset | undefined {
  const publicId = params.get('public_id');
  if (type === 'auto' || publicId === undefined || overwrites(params)) return undefined;
  const full = publicIdOf(params, '');
  return typeof full === 'string' ? assets.find(type, params.get('type') || 'upload', full) : undefined;
}

const overwrites = (params: Params) => !['false', '0'].includes(params.get('overwrite') ?? '');

async function store(
  source: Upload,
  type: ResourceType | 'auto',
  params: Params,
  context: CloudContext,
): Promise<Outcome> {
  const media = await probe(source.bytes, type);
  if (isRefusal(media)) return media;
  const publicId = publicIdOf(params, source.name);
  if (typeof publicId !== 'string') return publicId;
  return (
    formatProblem(media, params) ??
    context.assets.save(
      {
        publicId,
        media,
        type: params.get('type') || 'upload',
        tags:
          params
            .get('tags')
            ?.split(',')
            .map((tag) => tag.trim())
            .filter(Boolean) ?? [],
        context: readContext(params.get('context')),
        name: source.name,
      },
      source.bytes,
      overwrites(params),
    )
  );
}

function formatProblem({ format = '', resourceType }: Media, params: Params): Refusal | undefined {
  const allowed = params.get('allowed_formats')?.split(',') ?? [];
  if (allowed.length === 0 || allowed.includes(format)) return undefined;
  return refusal(400, `${KINDS[resourceType]} file format ${format} not allowed`);
}

/** `key=value|key=value` */
function readContext(text: string | undefined): Record<string, string> | undefined {
  const pairs = text?.split('|').map((pair) => pair.split(/=(.*)/s));
  return pairs && Object.fromEntries(pairs.map(([key = '', value = '']) => [key, value]));
}
