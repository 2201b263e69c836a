import type pg from 'pg';
import { acceptRequest, credential, laneOf, verdict } from './requests.ts';

/** The Workers' calls in SQL, each one transaction as PostgREST makes it. `Queryable`: a pool, or one session for named statements. */
type Queryable = Pick<pg.ClientBase, 'query'>;
// biome-ignore lint/suspicious/noExplicitAny: answers are looked into, not typed
type Ok = any;
export type Work = { attempt_id: string; fence: number; job_id: string; account_id: string };

async function call(client: Queryable, name: string, args: unknown[]): Promise<Ok> {
  const marks = args.map((_, at) => `$${at + 1}`).join(', ');
  const values = args.map((arg) => (typeof arg === 'object' ? JSON.stringify(arg) : arg));
  const { rows } = await client.query({ name, text: `select api.${name}(${marks}) as answer`, values });
  const { ok, refusal } = rows[0].answer;
  if (ok === undefined) throw new Error(`${name} refused: ${JSON.stringify(refusal)}`);
  return ok;
}

export const accept = (client: Queryable, account: number, provider: string, key: string = crypto.randomUUID()) =>
  call(client, 'accept', [credential(account), acceptRequest(provider, key)]);

export async function claim(client: Queryable, provider: string, max: number): Promise<Work[]> {
  return (await call(client, 'claim', [laneOf(provider), max])).attempts;
}

/** The verdict of the attempt, and what `callback` makes of it: the job ends and is charged. */
export async function settle(client: Queryable, { attempt_id: id, fence }: Work): Promise<void> {
  await call(client, 'record_verdict', [id, fence, verdict]);
  const { result } = await call(client, 'apply_callback', [`cb_${id}_succeeded`, id, 'succeeded', fence]);
  if (result !== 'applied') throw new Error(`The callback of ${id} was ${result}`);
}
