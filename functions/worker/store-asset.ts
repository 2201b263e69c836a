import type { Cloudinary, MediaSource, StoreRequest } from '../../shared/cloudinary/types.ts';
import type { Fetch } from '../../shared/providers/types.ts';
import type { StoreAsset } from './store-outputs.ts';

type StoreOptions = {
  cloudinary: Pick<Cloudinary, 'store'>;
  fetch: Fetch;
  /** Origins that Cloudinary cannot reach (emulators, where Cloudinary itself is the real one). */
  unreachable: readonly string[];
};

const TIMEOUT_MS = 60_000;

/** Lets Cloudinary fetch results by itself; what it cannot reach is streamed through here, never held. */
export function createStoreAsset({ cloudinary, fetch, unreachable }: StoreOptions): StoreAsset {
  return async function storeAsset(request) {
    const source = await reachable(request, fetch, unreachable);
    if (source) return cloudinary.store({ ...request, source });
    return { ok: false, reason: 'unavailable', message: 'The result could not be fetched.' };
  };
}

async function reachable(
  { source }: StoreRequest,
  fetch: Fetch,
  unreachable: readonly string[],
): Promise<MediaSource | null> {
  if (!('url' in source) || !unreachable.includes(new URL(source.url).origin)) return source;
  try {
    const response = await fetch(source.url, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
    const contentType = response.headers.get('content-type') ?? 'application/octet-stream';
    return response.ok && response.body ? { bytes: response.body, contentType } : null;
  } catch {
    return null;
  }
}
