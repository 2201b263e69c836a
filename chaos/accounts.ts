import { randomUUID } from 'node:crypto';
import { mintSecret, sha256Hex } from '../shared/auth/secrets.ts';
import { call, type Target } from './client.ts';
import type { Look } from './database.ts';
import type { AccountPlan } from './plan.ts';

/** Who submits. `granted` is what it was ever given, each grant once, however often it was asked for. */
export type Account = AccountPlan & { id: string; apiKey: string; webhookSecret: string; granted: number };

type Setup = { look: Look; target: Target; adminKey: string };

/** Opens the plan's accounts before the storm; their credits are granted by the operator over the API. */
export async function openAccounts(setup: Setup, plans: AccountPlan[]): Promise<Account[]> {
  const accounts: Account[] = [];
  for (const plan of plans) accounts.push(await openAccount(setup, plan));
  return accounts;
}

async function openAccount({ look, target, adminKey }: Setup, plan: AccountPlan): Promise<Account> {
  const apiKey = mintSecret('api_key');
  const [row] = await look.must<{ account_id: string }>(
    `with opened as (select darkroom.open_account('user', $1) as id)
     insert into darkroom.api_keys (account_id, hash, prefix, scopes)
     select id, $2, $3, array['jobs', 'keys', 'billing', 'webhooks'] from opened returning account_id`,
    [plan.name, await sha256Hex(apiKey), apiKey.slice(0, 12)],
  );
  const id = row?.account_id as string;
  await look.must('update darkroom.slots set max_outstanding = $2 where account_id = $1', [id, plan.maxOutstanding]);
  const account = { ...plan, id, apiKey, webhookSecret: '', granted: 0 };
  await grant({ target, adminKey }, account, plan.credits);
  const { body } = await call(target, { path: '/v1/webhooks/default/secret', apiKey });
  return { ...account, webhookSecret: String(body.key) };
}

/** Asks until it is answered, under one key: the credits come once. */
export async function grant(
  { target, adminKey }: Pick<Setup, 'target' | 'adminKey'>,
  account: Account,
  credits: number,
): Promise<void> {
  const body = { account_id: account.id, credits, kind: 'promo', reason: 'chaos' };
  const key = `grant-${randomUUID()}`;
  for (let attempt = 0; attempt < 60; attempt += 1) {
    const answer = await call(target, { path: '/v1/credits/grants', apiKey: adminKey, key, body });
    if (answer.status >= 200 && answer.status < 300) {
      account.granted += credits;
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`The grant for ${account.name} was never answered.`);
}
