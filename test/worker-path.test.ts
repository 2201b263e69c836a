import { afterAll, beforeAll, expect, test } from 'vitest';
import { falKey, replicateKey } from './keys.ts';
import { type OwnStack, startOwnStack } from './own-stack.ts';
import { made } from './people.ts';
import { callName, databaseRole, isSweep } from './upstream.ts';

const PROVIDERS = ['fal', 'replicate'] as const;
type Provider = (typeof PROVIDERS)[number];

let stack: OwnStack<'supabase' | Provider>;

beforeAll(async () => {
  stack = await startOwnStack({ seams: ['supabase', ...PROVIDERS] });
});

afterAll(() => stack.end());

type Asked = Record<'worker' | 'keys' | 'provider', string[]>;

/**
 * Everything that the Workers `worker` and `keys` asked of the database, and of providers, from a job's acceptance to its end. Nothing else
 * runs on this stack, so that what is about no attempt (a claim, say) counts as well; only the sweeps, once a second, are left out by name.
 */
async function asked(key: string, model: string): Promise<Asked> {
  const seams = Object.values(stack.seams);
  const from = seams.map(({ seen }) => seen.length);
  const { body } = await stack.api('/v1/jobs', { key, body: { model, input: { prompt: `a lighthouse ${model}` } } });
  const job = await stack.untilEnded(body.id, { key });
  const [database = [], ...providers] = seams.map(({ seen }, n) => seen.slice(from[n]));
  const of = (role: string) =>
    database.filter((call) => databaseRole(call) === role && !isSweep(call)).map((call) => callName(call));
  const provider = providers.flat().map(({ method, path }) => `${method} ${path.split('?')[0]}`);
  expect(job).toMatchObject({ status: 'completed', attempts: [{ status: 'succeeded' }] });
  return { worker: of('worker'), keys: of('keys'), provider };
}

const keep = (key: string, provider: string, api_key: string) =>
  made(stack.api('/v1/provider-keys', { key, body: { provider, api_key } }));

test.each<[Provider, string, string, () => string]>([
  ['fal', 'fal-ai/flux/dev', '/fal-ai/flux/dev', falKey],
  ['replicate', 'flux-dev', '/models/black-forest-labs/flux-dev/predictions', replicateKey],
])(
  'whoever’s key of %s pays: opening it is one call of the worker’s path, and nothing else differs',
  async (provider, model, path, newKey) => {
    const { api_key: key } = await stack.makeAccount({ credits: 1000 });
    // A key's first webhook is also checked against its provider: whose it is, or with which secret.
    await asked(key, model);
    const platform = await asked(key, model);
    await keep(key, provider, newKey());
    await asked(key, model);
    const own = await asked(key, model);
    expect(platform).toEqual({
      worker: ['claim', 'record_submission', 'open_verdict', 'record_verdict'],
      keys: ['key_for_attempt'],
      provider: [`POST ${path}`],
    });
    expect(own).toEqual(platform);
  },
);
