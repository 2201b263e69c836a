import { Hono } from 'hono';
import type { EnvironmentKey, KeysDatabase } from '../../shared/db/keys.ts';
import { unwrap } from '../../shared/errors/result.ts';
import { environmentKeys } from './environment-keys.ts';
import { fingerprint, last4 } from './fingerprint.ts';

export type MirrorDeps = {
  db: Pick<KeysDatabase, 'mirrorEnvironment'>;
  env: Record<string, unknown>;
};

/**
 * `POST /internal/keys/mirror`: writes a row for each key of the environment (name, fingerprint and last four characters, never the
 * key), and takes out those that are gone. Run after every deployment and every start. Answers `{added, removed}`.
 */
export function mirrorRoutes({ db, env }: MirrorDeps): Hono {
  return new Hono().post('/internal/keys/mirror', async (c) => {
    const keys: EnvironmentKey[] = await Promise.all(
      environmentKeys(env).map(async ({ provider, envName, key }) => ({
        provider,
        env_name: envName,
        fingerprint: await fingerprint(key),
        last4: last4(key),
      })),
    );
    return c.json(unwrap(await db.mirrorEnvironment(keys)));
  });
}
