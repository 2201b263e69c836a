import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isFree } from '../stack/ports.ts';
import { SUPERUSER } from './data-dir.ts';
import { endLeftoverServer } from './leftover.ts';
import { startPostgres } from './server.ts';

let folder: string;
let port = 20_500;
const dataDir = () => join(folder, 'postgres');
const start = () => startPostgres({ dataDir: dataDir(), logFile: join(folder, 'log'), port, password: 'secret' });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'darkroom-postgres-'));
  while (!(await isFree(port))) port += 1;
});

afterAll(() => rmSync(folder, { recursive: true }));

async function query(sql: string): Promise<Record<string, unknown> | undefined> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: SUPERUSER, password: 'secret', database: 'postgres' });
  await client.connect();
  const { rows } = await client.query(sql);
  await client.end();
  return rows[0];
}

test('starts on loopback with a password, commits synchronously, and keeps what was committed', async () => {
  const first = await start();
  expect(await query('show server_version_num')).toMatchObject({ server_version_num: expect.stringMatching(/^17/) });
  expect(await query('show synchronous_commit')).toEqual({ synchronous_commit: 'on' });
  expect(await query('show listen_addresses')).toEqual({ listen_addresses: '127.0.0.1' });
  await query('create table kept (id int)');
  await first.stop();
  const second = await start();
  expect(await query("select to_regclass('kept') is not null as there")).toEqual({ there: true });
  await second.stop();
});

test('a server that outlived its stack is ended', async () => {
  const { ended } = await start();
  expect(await endLeftoverServer(dataDir())).toBe(true);
  await ended;
  expect(await endLeftoverServer(dataDir())).toBe(false);
});

test('a pid file that names some other program does not keep it from starting', async () => {
  const lines = [process.ppid, dataDir(), 0, port, '', '127.0.0.1', '', 'ready'];
  writeFileSync(join(dataDir(), 'postmaster.pid'), `${lines.join('\n')}\n`);
  expect(await endLeftoverServer(dataDir())).toBe(false);
  await (await start()).stop();
  expect(existsSync(join(dataDir(), 'postmaster.pid'))).toBe(false);
});

test('a damaged folder is named, with the way out', async () => {
  const version = join(dataDir(), 'PG_VERSION');
  const before = readFileSync(version);
  writeFileSync(version, '9.6\n');
  await expect(start()).rejects.toMatchObject({
    message: expect.stringMatching(/postgres is damaged: it is of PostgreSQL 9\.6/),
    wayOut: expect.stringContaining('npm run reset'),
  });
  writeFileSync(version, before);
  writeFileSync(join(dataDir(), 'global/pg_control'), 'torn');
  await expect(start()).rejects.toThrow(/postgres is damaged: .*pg_control/);
});
