import { AccountId } from '../../../shared/contract/ids.ts';
import { listOf, pageQuery } from '../../../shared/contract/lists.ts';
import { CreditEntry } from '../../../shared/contract/money.ts';
import { unwrap } from '../../../shared/errors/result.ts';
import { route } from '../../../shared/http/route.ts';
import * as z from '../../../shared/schema/zod.ts';
import type { Deps } from '../deps.ts';

export const creditEntries = ({ db }: Deps) =>
  route({
    method: 'get',
    path: '/v1/credits/entries',
    scopes: ['jobs', 'billing'],
    tag: 'Credits',
    summary: 'Entries of the ledger, the newest first',
    query: () => z.strictObject({ account_id: z.optional(AccountId()), ...pageQuery(/^\d{1,18}\.\d{1,9}$/) }),
    answers: { 200: { description: 'A page of entries', schema: listOf(CreditEntry) } },
    refusals: ['forbidden', 'not_found'],
    async handle({ credential, query }, c) {
      return c.json(unwrap(await db.creditEntries(credential, query)));
    },
  });
