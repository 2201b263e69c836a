import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eachLimited } from '../shared/async/each-limited.ts';
import { signedHeaders } from '../shared/signatures/standard-webhooks.ts';
import type { Json } from './client.ts';
import { falKey } from './keys.ts';
import { type OwnStack, startOwnStack } from './own-stack.ts';

const JOBS = 200;
/** Keys of as many accounts, so that there is something to rotate for a while: three pages of it. */
const ACCOUNTS = 120;
const BUSY = 10;
const AT_ONCE = 15;
/** Between pages: the rotation lasts about as long as the jobs do. */
const PAUSE_MS = 2_000;

type Secrets = { key_encryption_key: string; key_encryption_key_previous?: string; internal_signing_secret: string };

let own: OwnStack;
beforeAll(async () => {
  own = await startOwnStack();
}, 120_000);
afterAll(() => own?.end());

const secretsFile = () => join(own.running().folder, 'secrets.json');
const secrets = (): Secrets => JSON.parse(readFileSync(secretsFile(), 'utf8'));

/** As an operator does: `wrangler secret put` and a deployment. */
async function deploy(change: (secrets: Secrets) => Partial<Secrets>): Promise<void> {
  await own.running().stop();
  writeFileSync(secretsFile(), JSON.stringify({ ...secrets(), ...change(secrets()) }));
  await own.restart();
}

/** As `npm run keys:rotate` does: page by page, until nothing is left. */
async function rotate(): Promise<{ rewrapped: number; failed: string[]; pages: number }> {
  const total = { rewrapped: 0, failed: [] as string[], pages: 0 };
  for (let after: Json = null; ; ) {
    const body = JSON.stringify({ after });
    const timestamp = Math.floor(Date.now() / 1000);
    const headers = await signedHeaders({
      id: `rotate_${total.pages}`,
      timestamp,
      body,
      secret: secrets().internal_signing_secret,
    });
    const response = await fetch(`${own.stack().origin}/internal/keys/rotate`, { method: 'POST', headers, body });
    expect(response.status).toBe(200);
    const page = (await response.json()) as Json;
    total.rewrapped += page.rewrapped;
    total.failed.push(...page.failed);
    total.pages += 1;
    after = page.next;
    if (after === null) return total;
    await sleep(PAUSE_MS);
  }
}

async function keepKey(): Promise<string> {
  const { api_key: key } = await own.makeAccount();
  const { status } = await own.api('/v1/provider-keys', {
    key,
    body: { provider: 'fal', api_key: falKey(), max_concurrency: 100 },
  });
  expect(status).toBe(201);
  return key;
}

async function run(key: string, prompt: string): Promise<Json> {
  const { body } = await own.api('/v1/jobs', { key, body: { model: 'fal-ai/flux/dev', input: { prompt } } });
  return own.untilEnded(body.id, { key, ms: 60_000 });
}

const keks = async () => {
  const { rows } = await own
    .pool()
    .query(`select distinct split_part(api_key, '.', 2) as kek from darkroom.sealed_keys`);
  return rows.map(({ kek }) => kek as string);
};

test(`the key-encryption key is rotated during ${JOBS} jobs on people's own keys, and none fails`, async () => {
  const keys: string[] = [];
  for (let n = 0; n < ACCOUNTS; n += BUSY) keys.push(...(await Promise.all(Array.from({ length: BUSY }, keepKey))));
  const [before] = await keks();
  const next = randomBytes(32).toString('base64');
  await deploy(({ key_encryption_key }) => ({
    key_encryption_key: next,
    key_encryption_key_previous: key_encryption_key,
  }));

  const ended: Json[] = [];
  const running = eachLimited([...Array(JOBS).keys()], { limit: AT_ONCE }, async (n) => {
    ended.push(await run(keys[n % BUSY] as string, `rotation ${n}`));
  });
  const rotated = await rotate();
  expect(ended.length).toBeLessThan(JOBS);
  // New keys are kept meanwhile, too.
  keys.push(await keepKey());
  await running;
  expect(rotated).toMatchObject({ rewrapped: ACCOUNTS, failed: [] });
  expect(rotated.pages).toBeGreaterThan(2);
  expect(ended.filter(({ status }) => status !== 'completed').map(({ error }) => error)).toEqual([]);
  expect(new Set(ended.flatMap(({ attempts }) => attempts.map((attempt: Json) => attempt.credential)))).toEqual(
    new Set(['user']),
  );
  expect(await rotate()).toMatchObject({ rewrapped: 0, failed: [], pages: 1 });
  expect(await keks()).not.toContain(before);

  // The old one can go: nothing needs it any more.
  await deploy(() => ({ key_encryption_key_previous: undefined }));
  expect(await run(keys[3] as string, 'afterwards')).toMatchObject({ status: 'completed' });
  expect(await run(keys.at(-1) as string, 'afterwards')).toMatchObject({ status: 'completed' });
}, 240_000);
