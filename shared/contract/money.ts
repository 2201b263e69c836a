import { described, named, type Of } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { AccountId, EntryId, JobId } from './ids.ts';
import { CreditAmount, Reason, Credits as Sum, Timestamp } from './scalars.ts';

export const Credits = named('Credits', () =>
  z.object({ account_id: AccountId(), available: Sum(), held: Sum(), spent: Sum(), version: z.int() }),
);
export type Credits = Of<typeof Credits>;

export const CreditEntry = named('CreditEntry', () =>
  z.partial(
    z.looseObject({
      id: EntryId(),
      version: z.int(),
      ledger: z.string(),
      amount: described(z.int(), 'Below zero where credits leave the ledger account'),
      balance: described(z.int(), 'After this entry'),
      kind: z.string(),
      at: Timestamp(),
    }),
  ),
);
export type CreditEntry = Of<typeof CreditEntry>;

export const GrantRequest = named('GrantRequest', () =>
  z.strictObject({
    account_id: AccountId(),
    credits: CreditAmount(),
    kind: z.enum(['purchase', 'promo', 'adjustment']),
    reason: Reason(),
    reference: z.optional(z.string().check(z.trim(), z.minLength(1), z.maxLength(255))),
  }),
);

export const Grant = named('Grant', () => z.looseObject({ id: z.string(), account_id: AccountId(), credits: z.int() }));
export type Grant = Of<typeof Grant>;

export const RefundRequest = named(
  'RefundRequest',
  () => z.strictObject({ credits: CreditAmount(), reason: Reason() }),
  'At most what the job was charged.',
);

export const RefundTarget = () => z.object({ id: JobId() });
