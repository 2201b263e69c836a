import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@upstash/qstash';
import { describe, expect, test } from 'vitest';
import { type Arrival, arrived, cleanup, destination, KEYS, qstash, verify } from './harness.ts';

describe('state', () => {
  test('undelivered messages, keys and deduplication outlive the process', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'qstash-'));
    cleanup(() => rmSync(directory, { recursive: true }));
    const { arrivals, origin } = await destination((_, count) => {
      return count === 1 ? new Promise((resolve) => setTimeout(resolve, 300, new Response())) : new Response();
    });
    const file = join(directory, 'qstash.db');
    const first = await qstash({ file });
    const { messageId } = await first.client.publish({ url: origin, body: 'kept', deduplicationId: 'd' });
    await arrived(arrivals, 1);
    await fetch(`${first.origin}/v2/keys/rotate`, { method: 'POST', headers: { Authorization: 'Bearer secret' } });
    await first.close();
    const second = await qstash({ file });
    await arrived(arrivals, 2);
    expect(arrivals[1]?.headers.get('upstash-message-id')).toBe(messageId);
    expect(second.emulator.signingKeys().current).toBe(KEYS.next);
    await expect(verify(arrivals[1] as Arrival, origin, { current: 'x', next: KEYS.next })).resolves.toBe(true);
    expect(await second.client.publish({ url: origin, deduplicationId: 'd' })).toMatchObject({ deduplicated: true });
  });

  test('a message that was accepted before SIGKILL is delivered by the next process', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'qstash-'));
    cleanup(() => rmSync(directory, { recursive: true }));
    const { arrivals, origin } = await destination();
    const file = join(directory, 'qstash.db');
    const script = `
      import { listen } from '${new URL('../support/serve.ts', import.meta.url)}';
      import { createQstash } from '${new URL('./qstash.ts', import.meta.url)}';
      const { origin } = await listen(createQstash({ token: 'secret', file: process.argv[1] }));
      process.stdout.write(origin);`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script, file]);
    const [output] = await once(child.stdout, 'data');
    const client = new Client({ baseUrl: String(output), token: 'secret', devMode: false });
    const { messageId } = await client.publish({ url: origin, delay: 1 });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(arrivals).toEqual([]);
    await qstash({ file });
    await arrived(arrivals, 1);
    expect(arrivals[0]?.headers.get('upstash-message-id')).toBe(messageId);
  });

  test('keys rotated twice fail a receiver that kept the old ones', async () => {
    const { arrivals, origin } = await destination();
    const { client, ...emulator } = await qstash();
    const rotate = () => fetch(`${emulator.origin}/v2/keys/rotate?qstash_token=secret`, { method: 'POST' });
    expect(await (await rotate()).json()).toMatchObject({ current: KEYS.next });
    await client.publish({ url: origin });
    await rotate();
    await client.publish({ url: origin });
    await arrived(arrivals, 2);
    await expect(verify(arrivals[0] as Arrival, origin)).resolves.toBe(true);
    await expect(verify(arrivals[1] as Arrival, origin)).rejects.toThrow('signature verification failed');
  });
});
