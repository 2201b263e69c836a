import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, inject, test } from 'vitest';
import { dropStateFolder, newStateFolder, runStack } from './run-stack.ts';
import { stack } from './stack.ts';

const folders: string[] = [];
const emptyFolder = () => {
  const folder = newStateFolder();
  folders.push(folder);
  return folder;
};

afterEach(() => folders.splice(0).forEach(dropStateFolder));

test('a port that is taken', async () => {
  const { port } = new URL(stack().origin);
  const refused = runStack([], emptyFolder(), Number(port));
  await expect(refused).rejects.toThrow(`Port ${port} is taken`);
  await expect(refused).rejects.toThrow(`PORT=${Number(port) + 1} npm start`);
});

test('a second start on the same state folder', async () => {
  const refused = runStack([], inject('folder'));
  await expect(refused).rejects.toThrow(/already runs on .* \(http:\/\/127\.0\.0\.1:\d+\)/);
  await expect(refused).rejects.toThrow(/DARKROOM_DATA=/);
});

test.each(['secrets.json', 'ports.json'])('a damaged %s', async (name) => {
  const folder = emptyFolder();
  writeFileSync(join(folder, name), '{"postgres": ');
  const refused = runStack([], folder);
  await expect(refused).rejects.toThrow(`${name} is damaged`);
  await expect(refused).rejects.toThrow('npm run reset');
});

test('a damaged database', async () => {
  const folder = emptyFolder();
  const first = await runStack(['--database-only'], folder);
  await first.stop();
  writeFileSync(join(folder, 'postgres/global/pg_control'), 'not what it was');
  const refused = runStack(['--database-only'], folder);
  await expect(refused).rejects.toThrow(/The database in .* is damaged/);
  await expect(refused).rejects.toThrow('npm run reset');
});

test('a damaged file of an emulator', async () => {
  const folder = emptyFolder();
  mkdirSync(join(folder, 'emulators'));
  writeFileSync(
    join(folder, 'emulators/fal.sqlite'),
    'not what it was, and longer than a header of SQLite: '.repeat(40),
  );
  const refused = runStack([], folder);
  await expect(refused).rejects.toThrow(/fal\.sqlite is damaged: file is not a database/);
  await expect(refused).rejects.toThrow('npm run reset');
});

test('ports.json with something else than ports', async () => {
  const folder = emptyFolder();
  writeFileSync(join(folder, 'ports.json'), JSON.stringify({ postgres: 'five' }));
  await expect(runStack([], folder)).rejects.toThrow('ports.json is damaged: not all of it are ports');
});

test('a database without the secrets it was made with', async () => {
  const folder = emptyFolder();
  mkdirSync(join(folder, 'postgres'));
  await expect(runStack([], folder)).rejects.toThrow('secrets.json is gone');
});

test('a state folder that is a file', async () => {
  const folder = emptyFolder();
  writeFileSync(join(folder, 'state'), '');
  await expect(runStack([], join(folder, 'state'))).rejects.toThrow('is not a folder');
});

test('another program has an old port: it moves, and says so', async () => {
  const folder = emptyFolder();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  writeFileSync(join(folder, 'ports.json'), JSON.stringify({ postgres: port }));
  const running = await runStack(['--database-only'], folder);
  expect(running.printed()).toContain('Another program has the old port of postgres');
  await running.stop();
  server.close();
});
