import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFalClient } from '@fal-ai/client';
import { createClient } from '@supabase/supabase-js';
import { Client as QstashClient, Receiver } from '@upstash/qstash';
import { Ratelimit } from '@upstash/ratelimit';
import { Redis } from '@upstash/redis';
import { fileTypeFromBuffer } from 'file-type';
import Replicate, { validateWebhook } from 'replicate';
import sharp from 'sharp';
import { describe, expect, inject, test } from 'vitest';
import { api, inbox, stack, untilEnded, waitFor } from './stack.ts';

// Vendors' official packages against the running stack: nothing about them is changed but the address.

type StackSecrets = {
  qstash: { token: string; current_signing_key: string; next_signing_key: string };
  redis: { token: string };
  cloudinary: { cloud_name: string; api_key: string; api_secret: string };
};
const secrets = (): StackSecrets => JSON.parse(readFileSync(join(inject('folder'), 'secrets.json'), 'utf8'));
const emulator = (name: string) => stack().emulators[name] as string;

async function pictureAt(url: string) {
  const bytes = await (await fetch(url)).arrayBuffer();
  return sharp(bytes).metadata();
}

describe.concurrent('the official packages', () => {
  test('replicate runs a model, and its webhook verifies', async () => {
    const replicate = new Replicate({ auth: `r8_${'a'.repeat(37)}`, baseUrl: `${emulator('replicate')}/v1` });
    const output = await replicate.run('black-forest-labs/flux-1.1-pro', { input: { prompt: 'a red fox' } });
    expect(await pictureAt(String(output))).toMatchObject({ width: expect.any(Number) });

    const box = inbox();
    const input = { prompt: 'a blue fox' };
    await replicate.predictions.create({ model: 'black-forest-labs/flux-dev', input, webhook: box.url });
    const hooks = await waitFor(async () => (await box.messages()).find(({ body }) => body.includes('"succeeded"')));
    const { key: secret } = await replicate.webhooks.default.secret.get();
    expect(await validateWebhook({ ...webhookOf(hooks), secret })).toBe(true);
  });

  test('@fal-ai/client submits, follows and fetches', async () => {
    const toEmulator: typeof fetch = (url, init) => {
      const { pathname, search } = new URL(String(url));
      return fetch(emulator('fal') + pathname + search, init);
    };
    const fal = createFalClient({ credentials: `${crypto.randomUUID()}:${'b'.repeat(32)}`, fetch: toEmulator });
    const seen: string[] = [];
    const { data } = await fal.subscribe('fal-ai/flux/dev', {
      input: { prompt: 'a red fox' },
      pollInterval: 50,
      onQueueUpdate: ({ status }) => void seen.push(status),
    });
    expect(seen.at(-1)).toBe('COMPLETED');
    expect(await pictureAt(data.images[0]?.url ?? '')).toMatchObject({ width: data.images[0]?.width });
  });

  test('@upstash/qstash publishes, and its receiver accepts what arrives', async () => {
    const { token, current_signing_key: currentSigningKey, next_signing_key: nextSigningKey } = secrets().qstash;
    const client = new QstashClient({ baseUrl: emulator('qstash'), token, enableTelemetry: false, devMode: false });
    const box = inbox();
    await client.publishJSON({ url: box.url, body: { hello: 'there' } });
    const [message] = await waitFor(async () => ((await box.messages()).length > 0 ? box.messages() : undefined));
    expect(JSON.parse(message?.body ?? '')).toEqual({ hello: 'there' });
    const receiver = new Receiver({ currentSigningKey, nextSigningKey, devMode: false });
    const signature = message?.headers['upstash-signature'] ?? '';
    expect(await receiver.verify({ signature, body: message?.body ?? '', url: box.url })).toBe(true);
  });

  test('@upstash/redis keeps values, and @upstash/ratelimit counts in it', async () => {
    const redis = new Redis({ url: emulator('redis'), token: secrets().redis.token, enableTelemetry: false });
    const name = `demo:${crypto.randomUUID()}`;
    expect(await redis.set(name, { a: 1 }, { ex: 60, nx: true })).toBe('OK');
    expect(await redis.set(name, { a: 2 }, { nx: true })).toBeNull();
    expect(await redis.pipeline().get(name).ttl(name).incr(`${name}:n`).exec()).toEqual([{ a: 1 }, 60, 1]);
    const limiter = Ratelimit.slidingWindow(3, '1 m');
    const ratelimit = new Ratelimit({ redis, limiter, prefix: name, ephemeralCache: false });
    const answers = [];
    for (let n = 0; n < 5; n++) answers.push((await ratelimit.limit('me')).success);
    expect(answers).toEqual([true, true, true, false, false]);
  });

  test('@supabase/supabase-js signs the user in, and the token opens the API', async () => {
    const supabase = createClient(stack().supabase_url, stack().anon_key, { auth: { persistSession: false } });
    const { email, password } = stack().user;
    expect((await supabase.auth.signInWithPassword({ email, password: 'wrong' })).error?.code).toBe(
      'invalid_credentials',
    );
    const { data, error } = await supabase.auth.signInWithPassword({ email, password });
    expect(error).toBeNull();
    const bearer = data.session?.access_token ?? '';
    const body = { model: 'flux-dev', input: { prompt: 'signed in' } };
    const { status, body: job } = await api('/v1/jobs', { bearer, body });
    expect(status).toBe(202);
    const list = await api('/v1/jobs?limit=200', { bearer });
    expect(list.body.data.map(({ id }: { id: string }) => id)).toContain(job.id);
    // The demo account's API key is of the same account.
    expect(await untilEnded(job.id)).toMatchObject({ status: 'completed', account_id: job.account_id });

    // The user's own token is of no use at the database, where only Workers have a say.
    for (const [name, args] of CALLS) {
      expect([name, (await supabase.schema('api').rpc(name, args)).error?.code]).toEqual([name, '42501']);
    }
    await supabase.auth.signOut();
  });

  test('the anon key opens nothing', async () => {
    const anonymous = createClient(stack().supabase_url, stack().anon_key, { auth: { persistSession: false } });
    for (const [name, args] of CALLS) {
      expect([name, (await anonymous.schema('api').rpc(name, args)).error?.code]).toEqual([name, '42501']);
    }
    for (const table of ['jobs', 'entries', 'slots', 'provider_api_keys', 'api_keys', 'accounts']) {
      for (const schema of ['api', 'public', 'darkroom', 'auth']) {
        const { data, error } = await anonymous.schema(schema).from(table).select('*');
        expect([table, schema, data]).toEqual([table, schema, null]);
        expect(error?.code).toMatch(/^(PGRST106|PGRST205|42501)$/);
      }
    }
    expect((await api('/v1/jobs', { bearer: stack().anon_key })).status).toBe(401);
  });

  test('cloudinary uploads with a signature, and delivers what was uploaded', async () => {
    const { cloud_name, api_key, api_secret } = secrets().cloudinary;
    // Its uploader decides between http and https by this variable, at the moment it is loaded.
    process.env.CLOUDINARY_URL = `cloudinary://${api_key}:${api_secret}@${cloud_name}?upload_prefix=${emulator('cloudinary')}`;
    const { v2: cloudinary } = await import('cloudinary');
    const sample = `${emulator('cloudinary')}/sample.png`;
    const public_id = `demo/${crypto.randomUUID()}`;
    const stored = await cloudinary.uploader.upload(sample, { public_id, overwrite: false });
    expect(stored).toMatchObject({ public_id, format: 'png', resource_type: 'image' });
    expect(await pictureAt(stored.secure_url)).toMatchObject({ width: stored.width, height: stored.height });
    expect(await cloudinary.uploader.destroy(public_id)).toEqual({ result: 'ok' });
    await expect(cloudinary.uploader.upload(sample, { api_secret: 'other' })).rejects.toMatchObject({ http_code: 401 });
  });

  test.each([
    ['png', 'image/png'],
    ['mp4', 'video/mp4'],
    ['mp3', 'audio/mpeg'],
  ])('there is a sample.%s to use as an input', async (ext, mime) => {
    const answer = await fetch(`${emulator('cloudinary')}/sample.${ext}`);
    expect((await fileTypeFromBuffer(await answer.arrayBuffer()))?.mime).toBe(mime);
  });
});

/** Functions of each Worker, with arguments that they have. */
const CALLS: [string, object][] = [
  ['accept', { credential: {}, request: {} }],
  ['grant_credits', { credential: {}, request: {} }],
  ['get_job', { credential: {}, job_id: 'x' }],
  ['claim', { lane: 'x', max: 1 }],
  ['apply_callback', { message_id: 'x', attempt_id: 'x', event: 'x', fence: 1 }],
  ['sweep', { max: 1 }],
  ['key_for_attempt', { attempt_id: 'x', fence: 1 }],
  ['ready', {}],
];

const webhookOf = ({ headers, body }: { headers: Record<string, string>; body: string }) => ({
  id: headers['webhook-id'] ?? '',
  timestamp: headers['webhook-timestamp'] ?? '',
  signature: headers['webhook-signature'] ?? '',
  body,
});
