import { fileTypeFromBuffer } from 'file-type';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { renderAudio } from './audio.ts';
import { renderImage } from './image.ts';
import { SAMPLES, sample } from './samples.ts';
import { renderVideo } from './video.ts';

const prompt = 'a red fox in the snow';

test.each(['png', 'jpeg', 'webp'] as const)('a %s decodes to the size that was asked for', async (format) => {
  const { bytes, contentType, width, height } = await renderImage({ prompt, width: 640, height: 360, format });
  expect((await fileTypeFromBuffer(bytes))?.mime).toBe(contentType);
  expect(await sharp(bytes).metadata()).toMatchObject({ format, width: 640, height: 360 });
  expect([width, height]).toEqual([640, 360]);
});

test('text is visible: white dots, and more of them the longer the prompt', async () => {
  const white = async (text: string) => {
    const { bytes } = await renderImage({ prompt: text, width: 320, height: 320 });
    const pixels = await sharp(bytes).removeAlpha().raw().toBuffer();
    let count = 0;
    for (let at = 0; at < pixels.length; at += 3) if ((pixels[at] ?? 0) + (pixels[at + 1] ?? 0) > 500) count += 1;
    return count;
  };
  expect(await white('')).toBe(0);
  expect(await white('iii')).toBeGreaterThan(100);
  expect(await white('iii iii')).toBeGreaterThan(await white('iii'));
});

test('the same prompt gives the same bytes, another one others', async () => {
  const { bytes } = await renderImage({ prompt });
  expect(Buffer.compare((await renderImage({ prompt })).bytes, bytes)).toBe(0);
  expect(Buffer.compare((await renderImage({ prompt: `${prompt}!` })).bytes, bytes)).not.toBe(0);
});

test('huge sizes and odd prompts stay small and valid', async () => {
  const image = await renderImage({ prompt: '日本 naïve <b>&" '.repeat(400), width: 8192, height: 4096 });
  expect(image).toMatchObject({ width: 1536, height: 768 });
  expect(image.bytes.length).toBeLessThan(400_000);
  expect(new TextDecoder().decode((await renderImage({ prompt: '<>&', format: 'svg' })).bytes)).not.toContain('<>&');
});

test('an MP4 has one H.264 track of the right size and length, and fits into 300 kB', async () => {
  const { bytes, width, height, seconds } = await renderVideo({
    prompt: 'W@#'.repeat(300),
    seconds: 10,
    width: 1920,
    height: 1080,
  });
  expect((await fileTypeFromBuffer(bytes))?.mime).toBe('video/mp4');
  expect({ width, height, seconds }).toEqual({ width: 512, height: 288, seconds: 10 });
  expect(bytes.length).toBeLessThan(300_000);
  const file = Buffer.from(bytes);
  const boxes = topLevel(file);
  expect(boxes.map(({ name }) => name)).toEqual(['ftyp', 'moov', 'mdat']);
  expect(boxes.reduce((sum, { size }) => sum + size, 0)).toBe(bytes.length);
  const header = file.indexOf('mvhd');
  expect(file.readUInt32BE(header + 20) / file.readUInt32BE(header + 16)).toBe(10);
  const offset = file.readUInt32BE(file.indexOf('stco') + 12);
  expect(file.readUInt8(offset + 4)).toBe(0x65);
  expect(file.readUInt32BE(file.indexOf('stsz') + 12)).toBe(100);
});

test.each([[0.1], [1], [5]])('every sample of a %d s video starts and ends where the index says', async (seconds) => {
  const file = Buffer.from((await renderVideo({ prompt, seconds, width: 160, height: 90 })).bytes);
  const table = file.indexOf('stsz');
  const count = file.readUInt32BE(table + 12);
  let at = file.readUInt32BE(file.indexOf('stco') + 12);
  for (let index = 0; index < count; index += 1) {
    const size = file.readUInt32BE(table + 16 + index * 4);
    expect(file.readUInt32BE(at)).toBe(size - 4);
    expect(file.subarray(at + 4, at + size).includes(Buffer.from([0, 0, 1]))).toBe(false);
    at += size;
  }
  expect(at).toBe(file.length);
});

test('an MP3 of the right length', async () => {
  const { bytes, contentType } = await renderAudio({ prompt, seconds: 2 });
  expect((await fileTypeFromBuffer(bytes))?.mime).toBe(contentType);
  expect(bytes.length / 6000).toBeCloseTo(2, 0);
});

test('samples are what their names say', async () => {
  const types = await Promise.all(
    SAMPLES.map(async (name) => (await fileTypeFromBuffer((await sample(name)).bytes))?.ext),
  );
  expect(types).toEqual(['png', 'jpg', 'mp4', 'mp3']);
});

function topLevel(file: Buffer): { name: string; size: number }[] {
  const boxes = [];
  for (let at = 0; at < file.length; at += file.readUInt32BE(at)) {
    boxes.push({ name: file.toString('latin1', at + 4, at + 8), size: file.readUInt32BE(at) });
  }
  return boxes;
}
