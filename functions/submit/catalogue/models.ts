import type { Credential } from '../../../shared/auth/credential.ts';
import { listModels as catalogue, listModel } from '../../../shared/catalog/listing.ts';
import { findModel } from '../../../shared/catalog/models.ts';
import { Model } from '../../../shared/contract/catalogue.ts';
import { listOf, queryInt } from '../../../shared/contract/lists.ts';
import { refuse } from '../../../shared/errors/result.ts';
import { route } from '../../../shared/http/route.ts';
import { optional, text } from '../../../shared/schema/build.ts';
import * as z from '../../../shared/schema/zod.ts';
import type { Deps } from '../deps.ts';

const Query = () =>
  z.strictObject({
    limit: optional(queryInt(1, 1_000), 'All models unless given'),
    cursor: z.optional(text(1, 200)),
    operation: z.optional(text(1, 40)),
  });

/** The catalogue is everybody's who has a credential, but a revoked key opens nothing. */
async function expectKnown({ db }: Deps, credential: Credential): Promise<void> {
  const asked = await db.introspect(credential);
  if (!asked.ok && asked.refusal.code === 'unauthenticated') refuse(asked.refusal);
}

/** The whole catalogue; with OpenAI's `object` besides, so that its clients can read it. */
export const listModels = (deps: Deps) =>
  route({
    method: 'get',
    path: '/v1/models',
    tag: 'Catalogue',
    summary: 'Models with their inputs, prices and routes',
    query: Query,
    answers: {
      200: { description: 'The models', schema: () => z.extend(listOf(Model)(), { object: z.literal('list') }) },
    },
    async handle({ credential, query }, c) {
      await expectKnown(deps, credential);
      const all = catalogue(deps.now()).filter(({ operation }) => (query.operation ?? operation) === operation);
      const start = query.cursor === undefined ? 0 : all.findIndex(({ id }) => id === query.cursor) + 1;
      const data = all.slice(start, query.limit === undefined ? undefined : start + query.limit);
      const more = start + data.length < all.length;
      return c.json({ object: 'list', data, next_cursor: more ? (data.at(-1)?.id ?? null) : null });
    },
  });

export const showModel = (deps: Deps) =>
  route({
    method: 'get',
    path: '/v1/models/{id}',
    tag: 'Catalogue',
    summary: 'A model by its id, an alias or a provider id (whose slashes are escaped)',
    params: () => z.object({ id: text(1, 200) }),
    answers: { 200: { description: 'The model', schema: Model } },
    refusals: ['not_found'],
    async handle({ credential, params }, c) {
      await expectKnown(deps, credential);
      const found = findModel(params.id) ?? refuse({ code: 'not_found' });
      return c.json(listModel(found.model, deps.now()));
    },
  });
