import sharp from 'sharp';
import { cached, type Media } from './cache.ts';
import { cardSvg } from './card.ts';
import { type Cell, keyPicture, nextPicture, pictureParameters, sequenceParameters } from './h264.ts';
import { capped } from './image.ts';
import { muxMp4 } from './mp4.ts';
import { colour, fromRgb } from './yuv.ts';

export type VideoRequest = { prompt: string; seconds?: number; width?: number; height?: number };

const FRAMES_PER_SECOND = 10;
/** Uncompressed macroblocks of 512 × 288 pixels come to 230 kB: the worst case of a file. */
const LONGEST_SIDE = 512;
const LONGEST_SECONDS = 60;
const PROGRESS = colour(255, 200, 60);

/** An MP4 (H.264) of `seconds` (5, at most 60) that shows its prompt over a growing bar; at most 512 pixels a side. */
export const renderVideo: (request: VideoRequest) => Promise<Media> = cached(drawVideo);

async function drawVideo({ prompt, seconds = 5, width = 512, height = 288 }: VideoRequest): Promise<Media> {
  const size = wholeMacroblocks(width, height);
  const svg = cardSvg({ prompt, ...size, label: `${seconds} s` });
  const rgb = await sharp(Buffer.from(svg)).flatten({ background: '#000' }).raw().toBuffer();
  const count = Math.max(1, Math.round(Math.min(seconds, LONGEST_SECONDS) * FRAMES_PER_SECOND));
  const columns = size.width / 16;
  const rows = size.height / 16;
  const later = Array.from({ length: count - 1 }, (_, index) =>
    nextPicture(columns, rows, index + 1, progress(columns, rows, index + 1, count)),
  );
  const frames = [keyPicture(fromRgb(rgb, size.width, size.height)), ...later];
  const parameters = { sequence: sequenceParameters(size.width, size.height), picture: pictureParameters() };
  const bytes = muxMp4({ ...size, ...parameters, framesPerSecond: FRAMES_PER_SECOND, frames });
  return { bytes, contentType: 'video/mp4', ...size, seconds: count / FRAMES_PER_SECOND };
}

function wholeMacroblocks(width: number, height: number): { width: number; height: number } {
  const size = capped(width, height, LONGEST_SIDE);
  const whole = (side: number) => Math.max(1, Math.round(side / 16)) * 16;
  return { width: whole(size.width), height: whole(size.height) };
}

/** The cells of the lowest row that turn bright between frame `index - 1` and `index`. */
function progress(columns: number, rows: number, index: number, count: number): Cell[] {
  const from = Math.floor(((index - 1) / (count - 1)) * columns);
  const to = Math.floor((index / (count - 1)) * columns);
  return Array.from({ length: to - from }, (_, at) => ({ column: from + at, row: rows - 1, colour: PROGRESS }));
}
