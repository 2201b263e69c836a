import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { supabaseCli } from './cli.ts';
import { mintProjectKeys, needsMinting, workerRoles } from './project-keys.ts';
import { createVerifier, publicJwks, type SigningKey, signToken } from './tokens.ts';

let folder: string;
const cli = (args: string[]) => supabaseCli(args, { workdir: folder, home: folder });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkroom-keys-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

test('each Worker has a token of its role for a year, and no private part is served', async () => {
  const { signing_key: key, role_tokens: tokens, anon_key: anonKey } = await mintProjectKeys();
  const verify = createVerifier(key);
  for (const role of workerRoles) expect(await verify(tokens[role])).toMatchObject({ role });
  expect(await verify(anonKey)).toMatchObject({ role: 'anon' });
  expect(needsMinting({ signing_key: key, role_tokens: tokens, anon_key: anonKey })).toBe(false);
  expect(publicJwks(key).keys[0]).not.toHaveProperty('d');
});

test('a token about to run out asks to be minted anew', async () => {
  const keys = await mintProjectKeys();
  keys.role_tokens.keys = await signToken(keys.signing_key, { role: 'keys' }, 3600);
  expect(needsMinting(keys)).toBe(true);
});

test('what the Supabase CLI generates and mints is of the same form, and passes', async () => {
  const signingKey = JSON.parse(await cli(['gen', 'signing-key'])) as SigningKey;
  mkdirSync(join(folder, 'supabase'));
  writeFileSync(join(folder, 'supabase/signing_keys.json'), JSON.stringify([signingKey]));
  writeFileSync(
    join(folder, 'supabase/config.toml'),
    'project_id = "x"\n[auth]\nsigning_keys_path = "./signing_keys.json"\n',
  );
  const minted = (await cli(['gen', 'bearer-jwt', '--role', 'submit', '--valid-for', '8760h'])).trim();
  const { signing_key: ourKey, role_tokens: ours } = await mintProjectKeys(signingKey);
  expect(Object.keys(ourKey).sort()).toEqual(Object.keys((await mintProjectKeys()).signing_key).sort());
  expect(decodeProtectedHeader(ours.submit)).toEqual(decodeProtectedHeader(minted));
  expect(Object.keys(decodeJwt(ours.submit)).sort()).toEqual(Object.keys(decodeJwt(minted)).sort());
  expect(await createVerifier(signingKey)(minted)).toMatchObject({ role: 'submit' });
});
