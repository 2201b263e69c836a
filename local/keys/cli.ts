import { isProblem } from '../stack/problem.ts';

/** Runs a command; what the person at the terminal can fix is said in two sentences, and ends it with 2. */
export async function runCommand(command: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (error) {
    if (!isProblem(error)) throw error;
    console.error(`\n✗ ${error.message}\n  ${error.wayOut}.\n`);
    process.exitCode = 2;
  }
}
