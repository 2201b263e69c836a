import { eachLimited } from '../../shared/async/each-limited.ts';
import type { Cloudinary } from '../../shared/cloudinary/types.ts';
import type { Work } from '../../shared/db/rows.ts';
import type { VerdictOutput } from '../../shared/db/worker.ts';
import type { ProviderOutput } from '../../shared/providers/types.ts';

/**
 * Copies one result to where it stays, under an id that is never given twice; the same id again is no second asset. `unusable`: it is
 * not what it claims to be, or not there. `unavailable`: the store did not answer; the same again may work.
 */
export type StoreAsset = Cloudinary['store'];

export type StoredOutputs =
  | { status: 'stored'; outputs: VerdictOutput[] }
  | { status: 'unusable'; message: string }
  | { status: 'unavailable'; message: string };

const UPLOADS_AT_ONCE = 4;

/**
 * Copies what an attempt made, as many as were asked for. What is unusable is left out, and only if nothing remains the whole is; one
 * that could not be stored now makes all of them wait.
 */
export async function storeOutputs(store: StoreAsset, work: Work, outputs: ProviderOutput[]): Promise<StoredOutputs> {
  const wanted = outputs.slice(0, work.outputs).map((output, at) => ({ output, n: at + 1 }));
  const stored: VerdictOutput[] = [];
  const unusable: string[] = [];
  const unavailable: string[] = [];
  await eachLimited(wanted, { limit: UPLOADS_AT_ONCE }, async ({ output, n }) => {
    const result = await storeOne(store, work, output, n);
    if (result.ok) stored.push(result.output);
    else (result.reason === 'unusable' ? unusable : unavailable).push(result.message);
  });
  if (unavailable[0] !== undefined) return { status: 'unavailable', message: unavailable[0] };
  if (stored.length === 0) return { status: 'unusable', message: unusable[0] ?? 'The provider returned no output.' };
  return { status: 'stored', outputs: stored.sort((one, two) => one.n - two.n) };
}

type OneStored =
  | { ok: true; output: VerdictOutput }
  | { ok: false; reason: 'unusable' | 'unavailable'; message: string };

async function storeOne(store: StoreAsset, work: Work, output: ProviderOutput, n: number): Promise<OneStored> {
  if (output.text !== undefined) return { ok: true, output: textOutput(output.text, n) };
  const source = sourceOf(output);
  if (!source) return { ok: false, reason: 'unusable', message: 'The provider returned an empty output.' };
  const { kind, width, height } = output;
  const stored = await store({ publicId: publicId(work, n), kind, source });
  return stored.ok ? { ok: true, output: { width, height, ...stored.asset, n } } : stored;
}

/** Text is kept in the row itself: it needs no address. */
function textOutput(raw: string, n: number): VerdictOutput {
  const text = raw.replaceAll('\0', '').toWellFormed();
  const bytes = new TextEncoder().encode(text).length;
  return { n, kind: 'text', text, bytes, content_type: 'text/plain; charset=utf-8', url: null, public_id: null };
}

function sourceOf({ url, dataUri }: ProviderOutput) {
  if (url !== undefined) return { url };
  return dataUri === undefined ? null : { dataUri };
}

/** Names account, job, stage, attempt and number, so that no two results ever share a place. */
export function publicId({ account_id, job_id, stage, attempt_id }: Work, n: number): string {
  return `user_${account_id}/job_${job_id.replace(/^job_/, '')}/${stage}/${attempt_id}-${n}`;
}
