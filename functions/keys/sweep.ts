import { Hono } from 'hono';
import { eachLimited } from '../../shared/async/each-limited.ts';
import type { KeyMaterial } from '../../shared/db/key-service/provider-key-rows.ts';
import { unwrap } from '../../shared/errors/result.ts';
import type { SignedVariables } from '../../shared/internal/signed-only.ts';
import type { KeysDeps } from './deps.ts';
import { openMaterial } from './open-key.ts';
import { tryKey } from './try-key.ts';

const MAX_PROBES = 50;
const MAX_WIPES = 200;
const MAX_TOKENS = 500;
const AT_ONCE = 10;
/** Cron gives a minute. What there was no time for comes back with the end of its lease. */
const BUDGET_MS = 20_000;

/** `POST /internal/keys/sweep`, signed by another part of ours: does all that is due. Answers what it did. */
export const sweepRoutes = (deps: KeysDeps) =>
  new Hono<{ Variables: SignedVariables }>().post('/internal/keys/sweep', async (c) => c.json(await runSweep(deps)));

/** Asks about keys that are out of service, wipes ciphertext that nobody needs any more, takes out old tokens; none holds up the others. */
export async function runSweep(deps: KeysDeps) {
  const [probed, wiped, purged] = await Promise.allSettled([probe(deps), wipe(deps), purge(deps)]);
  return { ...done(probed), ...done(wiped), ...done(purged) };
}

function done<T>(result: PromiseSettledResult<T>): T {
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}

/** A key that works again is back in service; lanes that waited for it are woken by the worker's own sweep, from the outbox. */
async function probe(deps: KeysDeps) {
  const keys = unwrap(await deps.db.dueProbes(MAX_PROBES));
  const end = deps.now() + BUDGET_MS;
  let recovered = 0;
  await eachLimited(keys, { limit: AT_ONCE, enough: () => deps.now() >= end }, async (key) => {
    if (
      (await probeOne(deps, key).catch((error) => deps.log('error', 'probe_broke', { key_id: key.key_id, error }))) ===
      'active'
    )
      recovered += 1;
  });
  return { probed: keys.length, recovered };
}

async function probeOne(deps: KeysDeps, key: KeyMaterial) {
  const opened = await openMaterial(deps, key);
  if ('missing' in opened) return null;
  const { ms: _, ...result } = await tryKey(deps, key.provider, opened);
  const { state } = unwrap(await deps.db.recordProbe(key.key_id, key.version, result));
  deps.log('info', 'key_probed', { key_id: key.key_id, result: result.result, state });
  return state;
}

/** Ciphertext in the main database goes with the call; what lies elsewhere is wiped there, and then said to be. */
async function wipe({ db, sealed, log }: KeysDeps) {
  const versions = unwrap(await db.dueWipes(MAX_WIPES));
  if (versions.length > 0 && !sealed) log('error', 'keys_database_missing', { waiting: versions.length });
  let wiped = 0;
  for (const { key_id, version } of sealed ? versions : []) {
    unwrap(await (sealed as NonNullable<typeof sealed>).wipeSealed(key_id, version));
    if (unwrap(await db.recordWiped(key_id, version)).recorded) wiped += 1;
  }
  return { wiped };
}

const purge = async ({ db }: KeysDeps) => unwrap(await db.purgeClientTokens(MAX_TOKENS));
