import type { World, Wrong } from '../world.ts';

type Question = { kind: Wrong; what: string; sql: string };

/** Rows that must not be there, beyond what the database's own invariants count. */
const never: Question[] = [
  {
    kind: 'double_charged',
    what: 'a job was charged more than once',
    sql: `select ref, count(*) as charges from darkroom.entries
      where ledger = 'spent' and kind = 'settle' group by ref having count(*) > 1`,
  },
  {
    kind: 'double_charged',
    what: '8 a hold ended more than once',
    sql: 'select hold_id, count(*) as ends from darkroom.hold_ends group by 1 having count(*) > 1',
  },
  {
    kind: 'violations',
    what: '16 a message was consumed more than once',
    sql: 'select source, message_id, count(*) as times from darkroom.consumed_messages group by 1, 2 having count(*) > 1',
  },
  {
    kind: 'violations',
    what: 'a part is handed out twice',
    sql: `select part_id from darkroom.attempts where status in ('starting', 'submitted', 'submission_unknown')
      group by part_id having count(*) > 1`,
  },
];

/** What is wrong in the database: safety, at any instant, storm or not. False if it could not be asked. */
export async function checkInvariants({ look, report }: Pick<World, 'look' | 'report'>): Promise<boolean> {
  const rows = await look.ask<{ id: number; name: string; violations: number }>(
    'select id, name, violations from darkroom.invariants() where violations > 0',
  );
  for (const { id, name, violations } of rows ?? []) report('violations', `${id} ${name}`, { violations });
  for (const { kind, what, sql } of never) for (const row of (await look.ask(sql)) ?? []) report(kind, what, row);
  return rows !== undefined;
}
