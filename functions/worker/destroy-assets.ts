import type { StoredAsset } from '../../shared/db/worker.ts';
import { unwrap } from '../../shared/errors/result.ts';
import type { WorkerDeps } from './deps.ts';

/** Destroys the stored outputs of deleted jobs. What the storage would not take away comes back with the end of its lease. */
export async function destroyAssets({ db, destroy, log }: WorkerDeps, assets: StoredAsset[]): Promise<void> {
  if (assets.length === 0) return;
  const { deleted, failed } = await destroy(assets);
  if (failed.length > 0) log('warn', 'assets_not_destroyed', { count: failed.length });
  const gone = assets.filter((asset) => deleted.includes(asset.public_id)).map(({ id }) => id);
  if (gone.length > 0) unwrap(await db.recordDestroyed(gone));
}
