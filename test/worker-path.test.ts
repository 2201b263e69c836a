import { afterAll, beforeAll, expect, test } from 'vitest';
import { falKey, replicateKey } from './keys.ts';
import { type OwnStack, startOwnStack } from './own-stack.ts';
import { made } from './people.ts';
import { callName, databaseRole } from './upstream.ts';

let stack: OwnStack<'supabase'>;

beforeAll(async () => {
  stack = await startOwnStack({ seams: ['supabase'] });
});

afterAll(() => stack.end());

/** What the Workers `worker` and `keys` asked of the database for one job, from the wake-up to its end; sweeps left out. */
async function asked(key: string, model: string): Promise<Record<'worker' | 'keys', string[]>> {
  const { seen } = stack.seams.supabase;
  const from = seen.length;
  const { body } = await stack.api('/v1/jobs', { key, body: { model, input: { prompt: `a lighthouse ${model}` } } });
  const job = await stack.untilEnded(body.id, { key });
  const [{ id }] = job.attempts;
  const about = seen.slice(from).filter((call) => databaseRole(call) && call.body.includes(id));
  const of = (role: string) => about.filter((call) => databaseRole(call) === role).map(callName);
  expect(job).toMatchObject({ status: 'completed', attempts: [{ status: 'succeeded' }] });
  return { worker: of('worker'), keys: of('keys') };
}

const keep = (key: string, provider: string, api_key: string) =>
  made(stack.api('/v1/provider-keys', { key, body: { provider, api_key } }));

test.each([
  ['fal', 'fal-ai/flux/dev', falKey],
  ['replicate', 'flux-dev', replicateKey],
])(
  'whoever’s key of %s pays: opening it is one call of the worker’s path, and nothing else differs',
  async (provider, model, newKey) => {
    const { api_key: key } = await stack.makeAccount({ credits: 1000 });
    // A key's first webhook is also checked against its provider: whose it is, or with which secret.
    await asked(key, model);
    const platform = await asked(key, model);
    await keep(key, provider, newKey());
    await asked(key, model);
    const own = await asked(key, model);
    expect(platform.worker).toEqual(['record_submission', 'open_verdict', 'record_verdict']);
    expect(own.worker).toEqual(platform.worker);
    expect(own.keys).toEqual(platform.keys);
    expect(platform.keys).toEqual(['key_for_attempt']);
  },
);
