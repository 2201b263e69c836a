import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UploadApiResponse, v2 } from 'cloudinary';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Listening, listen } from '../support/serve.ts';
import { createCloudinary } from './cloudinary.ts';
import { CLOUD, picture, temporaryFolder } from './harness.ts';

const directory = mkdtempSync(join(tmpdir(), 'cloudinary-'));
let server: Listening;
let sdk: typeof v2;

// The SDK decides between http and https when it is loaded, by the prefix in its URL.
beforeAll(async () => {
  server = await listen(createCloudinary({ ...CLOUD, directory, minChunkBytes: 1000 }));
  const { cloudName, apiKey, apiSecret } = CLOUD;
  process.env.CLOUDINARY_URL = `cloudinary://${apiKey}:${apiSecret}@${cloudName}?upload_prefix=${server.origin}`;
  sdk = (await import('cloudinary')).v2;
});

afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

// The SDK has this function, its types do not.
function verifies({ public_id, version, signature }: UploadApiResponse): boolean {
  const { verify_api_response_signature: verify } = sdk.utils as unknown as Record<
    string,
    (...values: unknown[]) => boolean
  >;
  return verify?.(public_id, version, signature) ?? false;
}

async function file(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, bytes);
  return path;
}

test('the official uploader stores a file, signs with both algorithms, and its answer verifies', async () => {
  const path = await file('red.png', await picture(40, 30));
  const options = {
    public_id: 'user_1/job_2/final/att_3-0',
    overwrite: false,
    tags: ['a', 'b'],
    context: { job: 'x & y' },
  };
  const first = await sdk.uploader.upload(path, options);
  expect(first).toMatchObject({
    public_id: options.public_id,
    width: 40,
    height: 30,
    format: 'png',
    resource_type: 'image',
    type: 'upload',
    tags: ['a', 'b'],
    context: { custom: { job: 'x & y' } },
    original_filename: 'red',
  });
  expect(verifies(first)).toBe(true);
  expect(verifies({ ...first, version: first.version + 1 })).toBe(false);
  const again = await sdk.uploader.upload(path, { ...options, signature_algorithm: 'sha256' });
  expect(again).toMatchObject({ existing: true, version: first.version, asset_id: first.asset_id });
  const delivered = await fetch(first.secure_url);
  expect([delivered.status, delivered.headers.get('content-type')]).toEqual([200, 'image/png']);
  expect((await delivered.arrayBuffer()).byteLength).toBe(first.bytes);
});

test('takes data URIs and streams, and overwrites unless told not to', async () => {
  const bytes = await picture(8, 8);
  const uri = `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`;
  const first = await sdk.uploader.upload(uri, { public_id: 'again' });
  const second = await sdk.uploader.upload(uri, { public_id: 'again' });
  expect(second.version).toBeGreaterThan(first.version);
  const streamed = await new Promise<unknown>((resolve, reject) => {
    const settle = (error: unknown, result: unknown) => (error ? reject(error) : resolve(result));
    sdk.uploader.upload_stream({ folder: 'streams' }, settle).end(bytes);
  });
  expect(streamed).toMatchObject({ format: 'png', public_id: expect.stringMatching(/^streams\/\w{20}$/) });
});

test('takes a large file in chunks', async () => {
  const path = await file('large.bin', new Uint8Array(2500).fill(7));
  const result = await new Promise<{ bytes: number; secure_url: string }>((resolve, reject) => {
    const options = { resource_type: 'raw', chunk_size: 1000, public_id: 'large.bin' } as const;
    sdk.uploader.upload_large(path, options, (error, value) => (error || !value ? reject(error) : resolve(value)));
  });
  expect(result).toMatchObject({ bytes: 2500, resource_type: 'raw', public_id: 'large.bin' });
  expect(new Uint8Array(await (await fetch(result.secure_url)).arrayBuffer())).toEqual(new Uint8Array(2500).fill(7));
});

test('reports errors as the SDK expects them', async () => {
  const path = await file('fake.png', new TextEncoder().encode('<!doctype html>'));
  await expect(sdk.uploader.upload(path)).rejects.toMatchObject({ message: 'Invalid image file', http_code: 400 });
  await expect(sdk.uploader.upload(path, { resource_type: 'video' })).rejects.toMatchObject({ http_code: 400 });
  await expect(sdk.uploader.upload(path, { api_secret: 'other' })).rejects.toMatchObject({
    http_code: 401,
    message: expect.stringMatching(/^Invalid Signature \w+\. String to sign - 'timestamp=\d+'\.$/),
  });
  await expect(sdk.uploader.upload(path, { api_key: '1' })).rejects.toMatchObject({
    http_code: 401,
    message: 'Unknown API key 1',
  });
  await expect(sdk.uploader.upload(path, { cloud_name: 'other' })).rejects.toMatchObject({ http_code: 401 });
});

test('destroys', async () => {
  await sdk.uploader.upload(await file('red.png', await picture(8, 8)), { public_id: 'doomed' });
  expect(await sdk.uploader.destroy('doomed')).toEqual({ result: 'ok' });
  expect(await sdk.uploader.destroy('doomed')).toEqual({ result: 'not found' });
});

test("the SDK's delivery URLs lead to thumbnails", async () => {
  await sdk.uploader.upload(await file('wide.png', await picture(400, 200)), { public_id: 'user_1/wide' });
  const url = sdk.url('user_1/wide', { width: 100, height: 100, crop: 'fill', format: 'webp', sign_url: true });
  const local = url.replace(/^https?:\/\/res\.cloudinary\.com/, server.origin);
  const thumbnail = await sdk.uploader.upload(local, { public_id: 'thumbnail' });
  expect(thumbnail).toMatchObject({ width: 100, height: 100, format: 'webp' });
});
