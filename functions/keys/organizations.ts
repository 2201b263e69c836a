import { pageOf } from '../../shared/contract/lists.ts';
import * as contract from '../../shared/contract/organizations.ts';
import { unwrap } from '../../shared/errors/result.ts';
import { markReplayed } from '../../shared/http/idempotency-key.ts';
import { onceOf } from '../../shared/http/once.ts';
import { type Route, route } from '../../shared/http/route.ts';
import type { KeysDeps } from './deps.ts';

/** `/v1/organizations`. */
export const organizationRoutes = ({ db }: KeysDeps): Route[] => [
  route({
    ...contract.createOrganization,
    async handle({ credential, body, idempotencyKey }, c) {
      const once = await onceOf(c, idempotencyKey, body);
      const { replayed, ...organization } = unwrap(await db.createOrganization(credential, body, once));
      markReplayed(c, replayed);
      return c.json(organization, 201);
    },
  }),
  route({
    ...contract.listOrganizations,
    async handle({ credential, query }, c) {
      const { data } = unwrap(await db.listOrganizations(credential));
      return c.json(pageOf(data, query, ({ id }) => id));
    },
  }),
  route({
    ...contract.showOrganization,
    handle: async ({ credential, params }, c) => c.json(unwrap(await db.getOrganization(credential, params.id))),
  }),
  route({
    ...contract.renameOrganization,
    handle: async ({ credential, params, body }, c) =>
      c.json(unwrap(await db.renameOrganization(credential, params.id, body.name))),
  }),
];
