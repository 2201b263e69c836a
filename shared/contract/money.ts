import * as z from 'zod';
import { AccountId, JobId } from './ids.ts';
import { CreditAmount, Reason, Credits as Sum, Timestamp } from './scalars.ts';

export const Credits = z
  .object({ account_id: AccountId, available: Sum, held: Sum, version: z.int() })
  .meta({ id: 'Credits' });
export type Credits = z.infer<typeof Credits>;

export const CreditEntry = z
  .looseObject({
    id: z.string(),
    version: z.int(),
    ledger: z.string(),
    amount: z.int().describe('Below zero where credits leave the ledger account'),
    balance: z.int().describe('After this entry'),
    kind: z.string(),
    at: Timestamp,
  })
  .partial()
  .meta({ id: 'CreditEntry' });
export type CreditEntry = z.infer<typeof CreditEntry>;

export const GrantRequest = z
  .strictObject({
    account_id: AccountId,
    credits: CreditAmount,
    kind: z.enum(['purchase', 'promo', 'adjustment']),
    reason: Reason,
    reference: z.string().trim().min(1).max(255).optional(),
  })
  .meta({ id: 'GrantRequest' });

export const Grant = z.looseObject({ id: z.string(), account_id: AccountId, credits: z.int() }).meta({ id: 'Grant' });
export type Grant = z.infer<typeof Grant>;

export const RefundRequest = z
  .strictObject({ credits: CreditAmount, reason: Reason })
  .meta({ id: 'RefundRequest', description: 'At most what the job was charged.' });

export const RefundTarget = z.object({ id: JobId });
