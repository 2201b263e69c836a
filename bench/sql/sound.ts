import pg from 'pg';

/**
 * Which invariants of the books do not hold in a database. They ask for the holds of every slot, which the service itself never does: with
 * thousands of accounts that needs an index of its own, made here on a database that is dropped next, and some memory to sort in.
 */
export async function violations(connectionString: string): Promise<{ violations: number; names: string[] }> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query("set work_mem = '256MB'; set max_parallel_maintenance_workers = 0");
    await client.query('create index if not exists bench_holds on darkroom.holds (account_id, slot)');
    await client.query('analyze');
    const { rows } = await client.query<{ id: number; name: string; violations: string }>(
      'select id, name, violations from darkroom.invariants() where violations <> 0',
    );
    const total = rows.reduce((sum, row) => sum + Number(row.violations), 0);
    return { violations: total, names: rows.map((row) => `${row.id} ${row.name}: ${row.violations}`) };
  } catch (error) {
    return { violations: 1, names: [`the invariants could not be asked: ${(error as Error).message}`] };
  } finally {
    await client.end();
  }
}
