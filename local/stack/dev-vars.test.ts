import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readDevVars } from './dev-vars.ts';

function read(text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-vars-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, '.dev.vars'), text);
  return readDevVars(join(folder, '.dev.vars'));
}

test('what is empty is as good as absent', () => {
  expect(read('FAL_KEY=\nPUBLIC_URL=https://tunnel.example\n')).toEqual({ PUBLIC_URL: 'https://tunnel.example' });
  expect(readDevVars(join(tmpdir(), 'there is no such file'))).toEqual({});
});

test.each([
  'UPSTASH_REDIS_REST_URL=rediss://default:x@eu1.upstash.io:6379',
  'PUBLIC_URL=tunnel.example',
  'FAL_ENDPOINT=queue.fal.run/',
])('%s is not an address: said by name', (line) => {
  const [name] = line.split('=');
  expect(() => read(line)).toThrow(`${name} in .dev.vars is not an http(s) address`);
});
