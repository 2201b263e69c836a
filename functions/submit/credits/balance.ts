import { AccountId } from '../../../shared/contract/ids.ts';
import { Credits } from '../../../shared/contract/money.ts';
import { unwrap } from '../../../shared/errors/result.ts';
import { route } from '../../../shared/http/route.ts';
import * as z from '../../../shared/schema/zod.ts';
import type { Deps } from '../deps.ts';

export const creditBalance = ({ db }: Deps) =>
  route({
    method: 'get',
    path: '/v1/credits',
    scopes: ['jobs', 'billing'],
    tag: 'Credits',
    summary: 'Credits that are available and held',
    query: () => z.strictObject({ account_id: z.optional(AccountId()) }),
    answers: { 200: { description: 'The balance', schema: Credits } },
    refusals: ['forbidden', 'not_found'],
    async handle({ credential, query }, c) {
      return c.json(unwrap(await db.credits(credential, query.account_id)));
    },
  });
