import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadSecrets } from './secrets.ts';
import { stateFolder } from './state-folder.ts';

function newFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-secrets-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return stateFolder(folder);
}

test('are made once', async () => {
  const state = newFolder();
  const made = await loadSecrets(state);
  expect(await loadSecrets(state)).toEqual(made);
});

test.each([
  ['key_encryption_key', undefined, 'key_encryption_key is missing'],
  ['key_encryption_key', 'c2hvcnQ=', 'key_encryption_key is not 32 bytes in base64'],
  ['redis', {}, 'redis.token is missing'],
  ['demo', null, 'demo.user_id is missing'],
])('without a good %s (%j) nothing starts', async (name, value, why) => {
  const state = newFolder();
  await loadSecrets(state);
  const whole = JSON.parse(readFileSync(state.secrets, 'utf8'));
  writeFileSync(state.secrets, JSON.stringify({ ...whole, [name]: value }));
  await expect(loadSecrets(state)).rejects.toThrow(why);
});
