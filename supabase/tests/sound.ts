import type { Pool } from 'pg';
import { expect } from 'vitest';

/** Fails with the names of the invariants that do not hold. */
export async function expectSound(pool: Pool): Promise<void> {
  const { rows } = await pool.query('select id, name, violations from darkroom.invariants() where violations <> 0');
  expect(rows).toEqual([]);
}
