import { Hono } from 'hono';
import type { SealedRow } from '../../shared/db/key-service/sealed-store.ts';
import { unwrap } from '../../shared/errors/result.ts';
import { parseStrictJson } from '../../shared/http/strict-json.ts';
import { validate } from '../../shared/http/validate.ts';
import type { SignedVariables } from '../../shared/internal/signed-only.ts';
import { whole } from '../../shared/schema/build.ts';
import * as z from '../../shared/schema/zod.ts';
import type { KeysDeps } from './deps.ts';
import type { SealedStore } from './key-store.ts';
import { rewrapKey } from './sealed-key.ts';

const PAGE = 50;

/** Where to go on: in which store, after which row. */
const Place = z.strictObject({ store: whole(0, 1), key_id: z.string().check(z.maxLength(100)), version: z.int() });
const Request = z.strictObject({ after: z.nullish(Place) });
type Place = z.output<typeof Place>;

type RotateDeps = Pick<KeysDeps, 'db' | 'sealed' | 'keyring' | 'log'>;
type Counts = { rewrapped: number; changed_meanwhile: number; failed: string[] };
/** Which key-encryption keys this Worker runs with, by what sealed texts name them: an operator sees whether the new one has arrived. */
type Keks = { key_encryption_key: string; previous_key_encryption_key: string | null };

/**
 * `POST /internal/keys/rotate {after?}`: wraps one page of what is not under the current key-encryption key anew, while everything
 * serves: texts under the previous one open too. Answers `{rewrapped, changed_meanwhile, failed: [key ids], next}` and the ids of both
 * key-encryption keys; call it with `next` as `after` until that is null. Nothing failed and nothing is left: the previous key can go.
 */
export const rotateRoutes = (deps: RotateDeps) =>
  new Hono<{ Variables: SignedVariables }>().post('/internal/keys/rotate', async (c) => {
    const { after } = unwrap(validate(Request, unwrap(parseStrictJson(c.var.message.body))));
    return c.json({ ...(await rotatePage(deps, after ?? null)), ...idsOf(deps) });
  });

const idsOf = ({ keyring: { current, previous } }: RotateDeps): Keks => ({
  key_encryption_key: current.id,
  previous_key_encryption_key: previous?.id ?? null,
});

async function rotatePage(deps: RotateDeps, after: Place | null): Promise<Counts & { next: Place | null }> {
  const stores: SealedStore[] = [deps.db, ...(deps.sealed ? [deps.sealed] : [])];
  const at = after?.store ?? 0;
  const store = stores[at];
  if (!store) return { rewrapped: 0, changed_meanwhile: 0, failed: [], next: null };
  const row = after?.key_id ? { key_id: after.key_id, version: after.version } : null;
  const rows = unwrap(await store.listSealed(deps.keyring.current.id, row, PAGE));
  const counts: Counts = { rewrapped: 0, changed_meanwhile: 0, failed: [] };
  for (const one of rows) await rotateOne(deps, store, one, counts);
  deps.log('info', 'keys_rotated', { store: at, ...counts });
  return { ...counts, next: nextPlace(rows, at, stores.length) };
}

/** The secret itself is not opened. A row that was replaced or deleted meanwhile is as it should be already. */
async function rotateOne(
  { keyring, log }: RotateDeps,
  store: SealedStore,
  row: SealedRow,
  counts: Counts,
): Promise<void> {
  const { key_id, version, owner, ...before } = row;
  const after = await rewrapKey(keyring, owner, before);
  if (after === null) {
    log('error', 'key_not_rewrapped', { key_id, version });
    counts.failed.push(key_id);
    return;
  }
  const { rewrapped } = unwrap(await store.rewrapSealed(key_id, version, before, after));
  if (rewrapped) counts.rewrapped += 1;
  else counts.changed_meanwhile += 1;
}

function nextPlace(rows: SealedRow[], store: number, stores: number): Place | null {
  const last = rows.at(-1);
  if (last && rows.length === PAGE) return { store, key_id: last.key_id, version: last.version };
  return store + 1 < stores ? { store: store + 1, key_id: '', version: 0 } : null;
}
