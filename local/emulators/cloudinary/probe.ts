import { fileTypeFromBuffer } from 'file-type';
import sharp from 'sharp';
import { type Refusal, refusal } from './errors.ts';
import { mp3Duration } from './mp3.ts';
import { readMp4 } from './mp4.ts';

export type ResourceType = 'image' | 'video' | 'raw';

/** What the content really is. `format` is its usual extension, duration in seconds. Audio is `video` to the vendor. */
export type Media = {
  resourceType: ResourceType;
  format?: string;
  width?: number;
  height?: number;
  pages?: number;
  duration?: number;
  frames?: number;
  isAudio?: boolean;
};

const IMAGE_FORMATS: Record<string, string> = { jpeg: 'jpg', heif: 'avif' };

/** Decodes enough to know that the content is what it is uploaded as; `auto` takes anything. */
export async function probe(bytes: Uint8Array, resourceType: ResourceType | 'auto'): Promise<Media | Refusal> {
  if (resourceType === 'raw') return { resourceType: 'raw' };
  if (resourceType === 'image') return (await probeImage(bytes)) ?? refusal(400, 'Invalid image file');
  if (resourceType === 'video') return (await probeVideo(bytes)) ?? refusal(400, 'Unsupported video format or file');
  return (await probeImage(bytes)) ?? (await probeVideo(bytes)) ?? { resourceType: 'raw' };
}

// A header can lie: the picture is decoded too, at a small size. Sharp's own pixel limit stops bombs.
async function probeImage(bytes: Uint8Array): Promise<Media | undefined> {
  try {
    const image = sharp(bytes, { failOn: 'error' });
    const { format, width, height, pages } = await image.metadata();
    await image.resize(16, 16, { fit: 'inside' }).raw().toBuffer();
    return { resourceType: 'image', format: IMAGE_FORMATS[format] ?? format, width, height, pages: pages ?? 1 };
  } catch {
    return undefined;
  }
}

async function probeVideo(bytes: Uint8Array): Promise<Media | undefined> {
  const type = await fileTypeFromBuffer(bytes).catch(() => undefined);
  if (type === undefined || !/^(video|audio)\//.test(type.mime)) return undefined;
  const media = { resourceType: 'video', format: type.ext, isAudio: type.mime.startsWith('audio/') } as const;
  if (type.ext === 'mp3') return withDuration(media, mp3Duration(bytes));
  if (type.ext === 'wav') return withDuration(media, wavDuration(bytes));
  if (!['mp4', 'mov', 'm4a', 'm4v'].includes(type.ext)) return media;
  const index = readIndex(bytes);
  if (index === undefined) return undefined;
  const { duration, width, height, frames, hasVideo } = index;
  return { ...media, duration, width, height, frames, isAudio: !hasVideo };
}

function withDuration(media: Media, duration: number | undefined): Media | undefined {
  return duration === undefined ? undefined : { ...media, duration };
}

// A box that is shorter than its own fields makes the reader run over its end.
function readIndex(bytes: Uint8Array): ReturnType<typeof readMp4> {
  try {
    return readMp4(bytes);
  } catch {
    return undefined;
  }
}

/** Size of the data chunk over bytes per second. */
function wavDuration(bytes: Uint8Array): number | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = view.indexOf('data', 12, 'latin1');
  const perSecond = view.length >= 32 ? view.readUInt32LE(28) : 0;
  if (data < 0 || perSecond === 0 || data + 8 > view.length) return undefined;
  return Math.min(view.readUInt32LE(data + 4), view.length - data - 8) / perSecond;
}
