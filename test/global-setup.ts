import type { TestProject } from 'vitest/node';
import { dropStateFolder, runStack } from './run-stack.ts';
import { APP_ORIGIN, databaseOf, type StackValues } from './stack-values.ts';

/** For tests of the whole: the local stack, as `npm start` brings it up. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const running = await runStack(['--no-sample'], undefined, undefined, { ALLOWED_ORIGINS: APP_ORIGIN });
  project.provide('stack', running.read<StackValues>('stack.json'));
  project.provide('folder', running.folder);
  project.provide('database', databaseOf(running));
  return async () => {
    await running.stop();
    dropStateFolder(running.folder);
  };
}
