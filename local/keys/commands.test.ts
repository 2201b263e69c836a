import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** The commands as a person runs them. */
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
/** The discard port: nobody listens there. */
const NOBODY = 'http://127.0.0.1:9';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkroom-commands-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(script: string, args: string[] = [], env: Record<string, string> = {}) {
  const clean = { PATH: process.env.PATH ?? '', DARKROOM_DATA: folder, ...env };
  const ran = spawnSync(process.execPath, [join(import.meta.dirname, script), ...args], {
    env: clean,
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { status: ran.status, stdout: ran.stdout, stderr: ran.stderr };
}

const notRunning =
  '\n✗ The local stack does not run.\n  npm start, or set PUBLIC_ORIGIN and INTERNAL_SIGNING_SECRET.\n\n';

test('keys:rotate without a stack says so, and without a stack trace', () => {
  expect(run('rotate.ts')).toEqual({ status: 2, stdout: '', stderr: notRunning });
  writeFileSync(join(folder, 'stack.json'), JSON.stringify({ origin: NOBODY }));
  writeFileSync(join(folder, 'secrets.json'), JSON.stringify({ internal_signing_secret: SECRET }));
  expect(run('rotate.ts')).toEqual({ status: 2, stdout: '', stderr: notRunning });
});

test.each([
  [{ PUBLIC_ORIGIN: NOBODY }, 'PUBLIC_ORIGIN is set, but INTERNAL_SIGNING_SECRET is not.'],
  [{ INTERNAL_SIGNING_SECRET: SECRET }, 'INTERNAL_SIGNING_SECRET is set, but PUBLIC_ORIGIN is not.'],
  [{ PUBLIC_ORIGIN: 'api.example.org', INTERNAL_SIGNING_SECRET: SECRET }, 'PUBLIC_ORIGIN is not an http(s) address.'],
  [{ PUBLIC_ORIGIN: NOBODY, INTERNAL_SIGNING_SECRET: 'whsec_' }, 'INTERNAL_SIGNING_SECRET is not a signing secret.'],
  [{ PUBLIC_ORIGIN: `${NOBODY}/`, INTERNAL_SIGNING_SECRET: SECRET }, `${NOBODY} cannot be reached.`],
])('keys:rotate with %j rotates nothing else', (env, says) => {
  const { status, stdout, stderr } = run('rotate.ts', [], env as Record<string, string>);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toContain(`✗ ${says}`);
  expect(stderr).not.toContain('    at ');
});

test('test:keys takes several names, and says how it is used', () => {
  const help = run('test-keys.ts', ['--help']);
  expect([help.status, help.stderr]).toEqual([0, '']);
  expect(help.stdout).toMatch(/^Usage: npm run test:keys /);
  const unknown = run('test-keys.ts', ['fal', 'nobody', 'no one']);
  expect(unknown.status).toBe(2);
  expect(unknown.stderr).toContain('No provider and no model is called "nobody", "no one".');
  const env = {
    OPENAI_API_KEY: 'sk-one-one-one',
    OPENAI_ENDPOINT: NOBODY,
    SEGMIND_API_KEY: 'SG_two-two-two',
    SEGMIND_ENDPOINT: NOBODY,
    DEEPINFRA_API_KEY: 'three-three',
    DEEPINFRA_ENDPOINT: NOBODY,
  };
  const { status, stdout } = run('test-keys.ts', ['openai', 'segmind'], env);
  expect(status).toBe(0);
  expect(stdout.split('\n').map((line) => line.split(/\s+/)[1])).toEqual(
    expect.arrayContaining(['WHERE', 'OPENAI_API_KEY', 'SEGMIND_API_KEY']),
  );
  expect(stdout).not.toContain('DEEPINFRA');
  expect(stdout).toContain('The provider could not be reached.');
});
