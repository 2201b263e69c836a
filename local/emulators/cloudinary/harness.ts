import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach } from 'vitest';
import { listen } from '../support/serve.ts';
import { type CloudinaryOptions, createCloudinary } from './cloudinary.ts';

export const CLOUD = { cloudName: 'demo', apiKey: '123456789012345', apiSecret: 'shh' };

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const step of cleanups.splice(0).reverse()) await step();
});

/** Runs when the test ends, last first. */
export const cleanup = (step: () => unknown) => void cleanups.push(step);

export function temporaryFolder(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cloudinary-'));
  cleanup(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A listening emulator with a folder of its own. */
export async function start(options: Partial<CloudinaryOptions> = {}) {
  const listening = await listen(createCloudinary({ ...CLOUD, directory: temporaryFolder(), ...options }));
  let open = true;
  const close = async () => {
    if (open) await listening.close();
    open = false;
  };
  cleanup(close);
  const api = `${listening.origin}/v1_1/${CLOUD.cloudName}`;
  return { origin: listening.origin, api, close };
}

export const control = (origin: string, body: object) =>
  fetch(`${origin}/__control`, { method: 'POST', body: JSON.stringify(body) });

/** A picture of one colour. */
export function picture(
  width: number,
  height: number,
  format: 'png' | 'jpeg' | 'webp' = 'png',
): Promise<Uint8Array<ArrayBuffer>> {
  const image = sharp({ create: { width, height, channels: 3, background: '#c33' } });
  return image
    .toFormat(format)
    .toBuffer()
    .then((bytes) => Uint8Array.from(bytes));
}

/** One second of silence. */
export function wav(): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.alloc(44 + 8000);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(8000, 24);
  bytes.writeUInt32LE(8000, 28);
  bytes.writeUInt16LE(1, 32);
  bytes.writeUInt16LE(8, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(8000, 40);
  return Uint8Array.from(bytes);
}
