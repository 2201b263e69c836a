import { listKeyPools, putKeyPool } from '../../shared/contract/provider-keys.ts';
import { unwrap } from '../../shared/errors/result.ts';
import { type Route, route } from '../../shared/http/route.ts';
import type { KeysDeps } from './deps.ts';

/** `/v1/key-pools`: how the keys of one owner and profile take turns. */
export const keyPoolRoutes = ({ db }: KeysDeps): Route[] => [
  route({
    ...listKeyPools,
    handle: async ({ credential, query }, c) => c.json(unwrap(await db.listKeyPools(credential, query))),
  }),
  route({
    ...putKeyPool,
    handle: async ({ credential, params, body }, c) =>
      c.json(unwrap(await db.putKeyPool(credential, { ...body, ...params }))),
  }),
];
