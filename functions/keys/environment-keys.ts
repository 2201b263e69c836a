import { KEY_VARIABLES, stemOf } from '../../shared/env/provider-variables.ts';

/** Providers that serve without a key. Their row stands for the route, so that it has slots and statistics like any other. */
const KEYLESS = ['pollinations'];

export type EnvironmentSecret = { provider: string; envName: string; key: string };

/** The platform's keys in an environment, pool by pool, in the order of their names and numbers. The same key twice counts once. */
export function environmentKeys(env: Record<string, unknown>): EnvironmentSecret[] {
  return Object.entries(KEY_VARIABLES).flatMap(([provider, names]) => {
    const found = names.flatMap((name) => numbered(env, name)).map((envName) => readKey(env, provider, envName));
    const pool = found.filter(({ key }, at) => found.findIndex((other) => other.key === key) === at);
    return pool.length > 0 || !KEYLESS.includes(provider) ? pool : [{ provider, envName: names[0] as string, key: '' }];
  });
}

/** `NAME`, then `NAME_1`, `NAME_2`, … as far as they are set, gaps allowed. */
function numbered(env: Record<string, unknown>, name: string): string[] {
  const number = (candidate: string) => Number(candidate.slice(name.length + 1) || 0);
  return Object.keys(env)
    .filter((candidate) => candidate.startsWith(name) && /^(_[1-9]\d{0,2})?$/.test(candidate.slice(name.length)))
    .filter((candidate) => text(env[candidate]) !== '')
    .sort((one, two) => number(one) - number(two));
}

const readKey = (env: Record<string, unknown>, provider: string, envName: string) => ({
  provider,
  envName,
  key: text(env[envName]),
});

/** A key by the name of its variable, with what stands beside it: `…_API_SECRET` and `…_WEBHOOK_SECRET`, same number. */
export function environmentKey(env: Record<string, unknown>, provider: string, envName: string) {
  const names = Object.hasOwn(KEY_VARIABLES, provider) ? (KEY_VARIABLES[provider] ?? []) : [];
  const name = names.find((known) => numbered(env, known).includes(envName));
  if (!name) return KEYLESS.includes(provider) && names[0] === envName ? { key: '' } : null;
  const number = envName.slice(name.length);
  const stem = stemOf(name);
  const secret = text(env[`${stem}_API_SECRET${number}`]);
  const webhookSecret = text(env[`${stem}_WEBHOOK_SECRET${number}`]);
  return { key: text(env[envName]), ...(secret && { secret }), ...(webhookSecret && { webhookSecret }) };
}

const text = (value: unknown) => (typeof value === 'string' ? value.trim() : '');
