import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFal } from '../fal/fal.ts';
import { verifyWebhook } from '../fal/testing.ts';
import { createReplicate } from '../replicate/replicate.ts';
import { listen } from './serve.ts';
import { openDatabase } from './store.ts';
import { type Receiver, startReceiver, until } from './testing.ts';

let folder: string;
let receiver: Receiver & { close: () => Promise<void> };
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'emulator-'));
  receiver = await startReceiver();
});
afterEach(async () => {
  await receiver.close();
  rmSync(folder, { recursive: true });
});

const program = (name: 'fal' | 'replicate', create: string) => `
  import { ${create} } from ${JSON.stringify(new URL(`../${name}/${name}.ts`, import.meta.url).href)};
  import { listen } from ${JSON.stringify(new URL('./serve.ts', import.meta.url).href)};
  import { openDatabase } from ${JSON.stringify(new URL('./store.ts', import.meta.url).href)};
  const { origin } = await listen(${create}({ database: openDatabase(process.argv[1]), delayMs: 400, retryDelaysMs: [1500] }));
  console.log(origin);
`;

/** Runs an emulator in a process of its own, to be killed. */
async function spawned(name: 'fal' | 'replicate', create: string): Promise<{ origin: string; child: ChildProcess }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program(name, create), join(folder, 'state')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const origin = await new Promise<string>((resolve) =>
    child.stdout?.once('data', (line) => resolve(String(line).trim())),
  );
  return { origin, child };
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

const post = async (url: string, authorization: string, body: object): Promise<Record<string, string>> =>
  (await fetch(url, { method: 'POST', headers: { authorization }, body: JSON.stringify(body) })).json();

test('replicate finishes after SIGKILL what it had accepted, and delivers what it had not got through', async () => {
  const { origin, child } = await spawned('replicate', 'createReplicate');
  const auth = 'Bearer r8_abc';
  const model = `${origin}/v1/models/black-forest-labs/flux-dev/predictions`;
  const more = { webhook: receiver.url, webhook_events_filter: ['completed'] };
  receiver.answer(500, 1);
  const refused = await post(model, auth, { input: { prompt: 'refused #slow=0' }, ...more });
  await until(() => receiver.received.length === 1);
  const running = await post(model, auth, { input: { prompt: 'running' }, ...more });
  await killed(child);

  const database = openDatabase(join(folder, 'state'));
  const again = await listen(createReplicate({ database }));
  await until(() => receiver.received.length === 3);
  const ids = receiver.received.map(({ body }) => JSON.parse(body).id);
  expect(ids.slice(1).sort()).toEqual([refused.id, running.id].sort());
  const answer = await fetch(`${again.origin}/v1/predictions/${running.id}`, { headers: { authorization: auth } });
  const { status, output } = (await answer.json()) as { status: string; output: string[] };
  expect(status).toBe('succeeded');
  expect((await fetch(output[0] ?? '')).status).toBe(200);
  await again.close();
  database.close();
});

test('fal does so too, under the same signing key', async () => {
  const { origin, child } = await spawned('fal', 'createFal');
  const jwks = await (await fetch(`${origin}/.well-known/jwks.json`)).text();
  const submit = `${origin}/fal-ai/flux-2-pro?fal_webhook=${encodeURIComponent(receiver.url)}`;
  const { request_id } = await post(submit, 'Key a:b', { prompt: 'running', sync_mode: true });
  await killed(child);

  const database = openDatabase(join(folder, 'state'));
  const again = await listen(createFal({ database }));
  const hook = await until(() => receiver.received[0]);
  expect(JSON.parse(hook.body)).toMatchObject({ request_id, status: 'OK' });
  expect(await verifyWebhook(again.origin, hook)).toBe(true);
  expect(await (await fetch(`${again.origin}/.well-known/jwks.json`)).text()).toBe(jwks);
  await again.close();
  database.close();
});
