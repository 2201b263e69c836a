import type { World } from '../world.ts';
import type { StoredJob } from './jobs.ts';

type Balance = { account_id: string; available: number; held: number; spent: number; outstanding: number };

/** The balances of every account against what it was granted and what its jobs cost. */
export async function checkMoney(world: World, stored: StoredJob[]): Promise<void> {
  const balances = await world.look.must<Balance>(
    `select account_id, sum(available)::bigint as available, sum(held)::bigint as held, sum(spent)::bigint as spent,
        sum(outstanding)::bigint as outstanding from darkroom.slots group by 1`,
  );
  for (const { id, name, granted } of world.accounts) {
    const balance = balances.find(({ account_id }) => account_id === id);
    if (balance === undefined) continue;
    const { available, held, spent, outstanding } = balance;
    const own = stored.filter(({ account_id }) => account_id === id);
    const charged = own.reduce((sum, job) => sum + job.charges, 0);
    const detail = { account: name, granted, available, held, spent, charged, outstanding };
    if (available + held + spent !== granted) world.report('violations', 'credits came or went', detail);
    if (spent > charged) world.report('double_charged', 'more is spent than was charged', detail);
    if (spent < charged) world.report('violations', 'less is spent than was charged', detail);
    if (held !== 0 || outstanding !== 0) world.report('unrefunded', 'credits are still held', detail);
  }
  for (const job of stored) checkCharge(world, job);
}

/** What ends without a result costs nothing, except a preview that was delivered. */
function checkCharge({ report }: World, { id, status, charges, hold, previewed, deadline_set }: StoredJob): void {
  const detail = { id, status, charges, hold };
  if (charges > hold) report('double_charged', 'more was charged than was held', detail);
  if (status === 'failed' && charges > 0) report('unrefunded', 'a failed job was charged', detail);
  if (status === 'canceled' && charges > 0 && !previewed) report('unrefunded', 'a canceled job was charged', detail);
  if (status === 'expired' && charges > 0 && !(previewed && deadline_set))
    report('unrefunded', 'an expired job was charged', detail);
  if (status === 'completed' && charges === 0) report('violations', 'a completed job was not charged', detail);
}

/** A 402 must have been true at some moment: the balance that it names was one, and was too little. */
export async function checkRefusals(world: World): Promise<void> {
  for (const { operation, answers } of world.operations) {
    const told = answers.find(({ status, body }): boolean => status === 402 && body.code === 'insufficient_credits');
    if (told === undefined) continue;
    const { available, required } = told.body;
    const account = world.accounts[operation.account]?.id ?? '';
    const wrong = available >= required || !(await wasBalance(world, account, available));
    if (wrong)
      world.report('violations', '13 a 402 that was not true', { operation: operation.id, available, required });
  }
}

async function wasBalance({ look }: World, account: string, available: number): Promise<boolean> {
  const rows = await look.must(
    `select from darkroom.entries where account_id = $1 and ledger = 'available' and balance = $2 limit 1`,
    [account, available],
  );
  return rows.length > 0;
}
