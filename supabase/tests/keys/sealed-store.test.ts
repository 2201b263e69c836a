import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { freshDatabase } from '../../../test/stack.ts';
import { codeOf, keys, must, sealed } from './people.ts';

let pool: Pool;
beforeAll(async () => {
  pool = await freshDatabase();
});
beforeEach(() => pool.query('delete from darkroom.sealed_keys'));
afterAll(() => pool.end());

const put = (id: string, version: number, what: object) =>
  must(keys(pool, 'put_sealed', [id, version, { owner: 'platform:platform', ...what }]));
const get = (id: string, version: number) => keys(pool, 'get_sealed', [id, version]);
const under = (kek: string, text: string) => `dkv1.${kek}.AAAA.${text}`;

test('puts, gives back and wipes one version', async () => {
  const place = { key_id: 'key_a', version: 1 };
  const one = { owner: 'user:a', api_key: sealed(), api_secret: sealed(), additional_config: { secret: sealed() } };
  await put('key_a', 1, { ...one, additional_config: { ...one.additional_config, region: 'eu', sizes: [1] } });
  expect((await get('key_a', 1)).ok).toEqual({ ...place, ...one });
  expect((await get('key_a', 2)).refusal?.code).toBe('not_found');
  const wipe = (api_key: string | null) => must(keys(pool, 'wipe_sealed', ['key_a', 1, api_key]));
  expect(await wipe(sealed('another'))).toEqual({ wiped: false });
  expect([await wipe(one.api_key), await wipe(null)]).toEqual([{ wiped: true }, { wiped: false }]);
  expect((await get('key_a', 1)).refusal?.code).toBe('not_found');
});

test('of several who make a version at once one does; what was left lying gives way', async () => {
  const texts = Array.from({ length: 5 }, (_, n) => sealed(`${n}`));
  const write = (api_key: string) => keys(pool, 'put_sealed', ['key_b', 2, { owner: 'user:a', api_key }]);
  const codes = (await Promise.all(texts.map(write))).map(codeOf);
  expect(codes.toSorted()).toEqual([...Array(4).fill('conflict'), 'ok']);
  expect((await get('key_b', 2)).ok.api_key).toBe(texts[codes.indexOf('ok')]);
  await pool.query(`update darkroom.sealed_keys set changed_at = now() - interval '61 seconds' where key_id = 'key_b'`);
  expect(codeOf(await write(sealed('later')))).toBe('ok');
});

test('new settings beside a key are kept if they are sealed, unless somebody was quicker', async () => {
  const [api_key, secret] = [sealed('k'), sealed('s')];
  await put('key_c', 1, { api_key });
  const before = { api_key, api_secret: null, additional_config: {} };
  const after = { ...before, additional_config: { webhook_secret: secret, region: 'eu' } };
  const change = () => must(keys(pool, 'rewrap_sealed', ['key_c', 1, before, after]));
  expect([await change(), await change()]).toEqual([{ rewrapped: true }, { rewrapped: false }]);
  expect((await get('key_c', 1)).ok.additional_config).toEqual({ webhook_secret: secret });
});

test('rotation lists what is under another key-encryption key, page by page, and puts it back only if nobody changed it', async () => {
  const [old, current] = ['aaaaaaaa', 'bbbbbbbb'];
  for (let i = 0; i < 5; i++) await put(`key_${i}`, 1, { api_key: under(old, `${i}`) });
  await put('key_5', 1, { api_key: under(current, 'x'), api_secret: under(old, 'y') });
  await put('key_6', 1, { api_key: under(current, 'x'), additional_config: { webhook_secret: under(old, 'y') } });
  await put('key_7', 1, { api_key: under(current, 'x'), additional_config: { webhook_secret: under(current, 'y') } });
  const page = async (after: unknown) => must(keys(pool, 'list_sealed', [current, after, 3]));
  const first = await page(null);
  expect(first.map((s: { key_id: string }) => s.key_id)).toEqual(['key_0', 'key_1', 'key_2']);
  const rest = await page(first.at(-1));
  expect(rest.map((s: { key_id: string }) => s.key_id)).toEqual(['key_3', 'key_4', 'key_5']);
  expect((await page(rest.at(-1))).map((s: { key_id: string }) => s.key_id)).toEqual(['key_6']);
  const before = first[0];
  const after = { ...before, api_key: under(current, '0') };
  const rewrap = () => must(keys(pool, 'rewrap_sealed', ['key_0', 1, before, after]));
  expect([await rewrap(), await rewrap()]).toEqual([{ rewrapped: true }, { rewrapped: false }]);
  expect((await get('key_0', 1)).ok).toEqual(after);
});

test('its migration stands alone: in another database it serves the service role and nobody else', async () => {
  const file = resolve(import.meta.dirname, '../../migrations/20261121003050_sealed_store.sql');
  const client = await pool.connect();
  try {
    // The roles of this service belong to the cluster: hidden here by another name, as they are not known there.
    const sql = readFileSync(file, 'utf8')
      .replaceAll(/\bdarkroom\./g, 'vault.')
      .replaceAll(/\bapi\./g, 'vault_api.')
      .replaceAll('schema if not exists darkroom', 'schema vault')
      .replaceAll('schema if not exists api', 'schema vault_api')
      .replaceAll('schema api', 'schema vault_api')
      .replaceAll(`to_regrole('keys')`, `to_regrole('nobody')`);
    await client.query(`begin; ${sql}`);
    await client.query('savepoint s; set local role anon');
    await expect(client.query(`select vault_api.get_sealed('key_a', 1)`)).rejects.toMatchObject({ code: '42501' });
    await client.query('rollback to s; set local role service_role');
    await client.query('select vault_api.put_sealed($1, 1, $2)', [
      'key_a',
      JSON.stringify({ owner: 'user:a', api_key: sealed() }),
    ]);
    const { rows } = await client.query(`select vault_api.get_sealed('key_a', 1) as answer`);
    expect(rows[0].answer.ok.api_key).toMatch(/^dkv1\./);
    await expect(client.query('select * from vault.sealed_keys')).rejects.toMatchObject({ code: '42501' });
  } finally {
    await client.query('rollback');
    client.release();
  }
});
