import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { endProcess, inspectProcess, ownChildren, stillThere } from './processes.ts';

const children: ChildProcess[] = [];

async function start(script: string): Promise<ChildProcess & { pid: number }> {
  const child = spawn(process.execPath, ['-e', `${script}; console.log('up'); setInterval(() => {}, 1000)`]);
  children.push(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child as ChildProcess & { pid: number };
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

test('a child is found among the own ones', async () => {
  const { pid } = await start('');
  expect(ownChildren().find((child) => child.pid === pid)?.command).toContain('setInterval');
});

test('a process is ended, one that does not listen is killed', async () => {
  const willing = inspectProcess((await start('')).pid);
  const deaf = inspectProcess((await start("process.on('SIGTERM', () => {})")).pid);
  if (!willing || !deaf) throw new Error('not started');
  expect(await Promise.all([endProcess(willing, 'SIGTERM', 2000), endProcess(deaf, 'SIGTERM', 100)])).toEqual([
    true,
    true,
  ]);
  expect([stillThere(willing), stillThere(deaf)]).toEqual([false, false]);
});

test('another process under the same pid is left alone', async () => {
  const { pid } = await start('');
  const now = inspectProcess(pid);
  if (!now) throw new Error('not started');
  expect(await endProcess({ ...now, began: 'earlier' }, 'SIGKILL', 100)).toBe(true);
  expect(stillThere(now)).toBe(true);
});
