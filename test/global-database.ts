import type { TestProject } from 'vitest/node';
import { dropStateFolder, runStack } from './run-stack.ts';
import { databaseOf } from './stack-values.ts';

/** For tests of SQL: a PostgreSQL with all migrations, and nothing else. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const running = await runStack(['--database-only']);
  project.provide('database', databaseOf(running));
  return async () => {
    await running.stop();
    dropStateFolder(running.folder);
  };
}
