import type { World } from '../world.ts';

/** What the database itself counts as wrong: safety, at any instant, storm or not. False if it could not be asked. */
export async function checkInvariants({ look, report }: World): Promise<boolean> {
  const rows = await look.ask<{ id: number; name: string; violations: number }>(
    'select id, name, violations from darkroom.invariants() where violations > 0',
  );
  for (const { id, name, violations } of rows ?? []) report('violations', `${id} ${name}`, { violations });
  const charged = await look.ask<{ ref: string; charges: number }>(
    `select ref, count(*) as charges from darkroom.entries
      where ledger = 'spent' and kind = 'settle' group by ref having count(*) > 1`,
  );
  for (const row of charged ?? []) report('double_charged', 'a job was charged more than once', row);
  const handedOut = await look.ask<{ part_id: number }>(
    `select part_id from darkroom.attempts where status in ('starting', 'submitted', 'submission_unknown')
      group by part_id having count(*) > 1`,
  );
  for (const row of handedOut ?? []) report('violations', 'a part is handed out twice', row);
  return rows !== undefined;
}
