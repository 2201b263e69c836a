import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Store } from '../support/store.ts';
import type { Media, ResourceType } from './probe.ts';

/** A stored asset. `created_at` ISO 8601, `version` Unix seconds, `file` relative to the folder of files. */
export type Asset = Media & {
  assetId: string;
  publicId: string;
  type: string;
  version: number;
  createdAt: string;
  bytes: number;
  etag: string;
  tags: string[];
  context?: Record<string, string>;
  originalFilename: string;
  file: string;
};

export type NewAsset = {
  publicId: string;
  type: string;
  media: Media;
  tags: string[];
  context?: Record<string, string>;
  name: string;
};

export type Assets = {
  find(resourceType: ResourceType, type: string, publicId: string): Asset | undefined;
  /** Stores the bytes, then the asset. Without `overwrite` an asset that is there first wins. */
  save(asset: NewAsset, bytes: Uint8Array, overwrite: boolean): Promise<{ asset: Asset; existing: boolean }>;
  remove(asset: Asset): Promise<void>;
  all(): Asset[];
  path(asset: Asset): string;
};

export function createAssets(store: Store<Asset>, folder: string, now: () => number): Assets {
  const path = ({ file }: Asset) => join(folder, file);

  function find(resourceType: ResourceType, type: string, publicId: string): Asset | undefined {
    return store.get(idOf(resourceType, type, publicId));
  }

  async function save(fresh: NewAsset, bytes: Uint8Array, overwrite: boolean): ReturnType<Assets['save']> {
    const id = idOf(fresh.media.resourceType, fresh.type, fresh.publicId);
    const file = await write(id, bytes);
    // Nothing is awaited between this look and `put`: of two uploads at once one is first.
    const before = store.get(id);
    if (before !== undefined && !overwrite) {
      await rm(join(folder, file), { force: true });
      return { asset: before, existing: true };
    }
    const asset = describe(fresh, bytes, { file, before, now: now() });
    store.put(id, asset);
    if (before !== undefined) await rm(path(before), { force: true });
    return { asset, existing: false };
  }

  // Renamed into place, so that a kill leaves no half-written file under a final name.
  async function write(id: string, bytes: Uint8Array): Promise<string> {
    const hash = createHash('sha256').update(id).digest('hex');
    const file = join(hash.slice(0, 2), `${hash.slice(2, 34)}-${randomBytes(6).toString('hex')}`);
    const target = join(folder, file);
    mkdirSync(dirname(target), { recursive: true });
    await writeFile(`${target}.part`, bytes);
    await rename(`${target}.part`, target);
    return file;
  }

  async function remove(asset: Asset): Promise<void> {
    store.delete(idOf(asset.resourceType, asset.type, asset.publicId));
    await rm(path(asset), { force: true });
  }

  return { find, save, remove, all: store.all, path };
}

function describe(
  fresh: NewAsset,
  bytes: Uint8Array,
  { file, before, now }: { file: string; before?: Asset; now: number },
): Asset {
  const { media, name, ...rest } = fresh;
  return {
    ...media,
    ...rest,
    assetId: before?.assetId ?? randomBytes(16).toString('hex'),
    // A later version must differ even within one second: it is what tells caches apart.
    version: Math.max(Math.floor(now / 1000), (before?.version ?? 0) + 1),
    createdAt: new Date(now).toISOString().replace(/\.\d+Z/, 'Z'),
    bytes: bytes.length,
    etag: createHash('md5').update(bytes).digest('hex'),
    originalFilename: name.replace(/\.[^.]*$/, ''),
    file,
  };
}

const idOf = (resourceType: ResourceType, type: string, publicId: string) => `${resourceType}/${type}/${publicId}`;

/** Forgets what a killed process left of unfinished uploads. */
export function clearFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}
