import { createHash } from 'node:crypto';
import { appendFile, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Refusal, refusal } from './errors.ts';

export type Chunk = { uploadId: string; start: number; end: number; total: number | undefined };

/** Reads `Content-Range: bytes 0-9/-1` (`-1` or `*`: not the last one) and `X-Unique-Upload-Id`. */
export function readChunk(range: string | undefined, uploadId: string | undefined): Chunk | Refusal | undefined {
  if (range === undefined) return undefined;
  const parts = /^bytes (\d+)-(\d+)\/(-1|\*|\d+)$/.exec(range);
  if (parts === null) return refusal(400, `Invalid Content-Range header ${range}`);
  if (!uploadId) return refusal(400, 'Missing X-Unique-Upload-Id header');
  const [, start, end, total] = parts;
  return {
    uploadId,
    start: Number(start),
    end: Number(end),
    total: /^\d/.test(total ?? '') ? Number(total) : undefined,
  };
}

export type Chunks = {
  /** Adds a chunk: the whole file with the last one, else the number of bytes there are by now. */
  add(chunk: Chunk, bytes: Uint8Array): Promise<Uint8Array | number | Refusal>;
};

export function createChunks(folder: string, limits: { minChunkBytes: number; maxBytes: number }): Chunks {
  async function add(chunk: Chunk, bytes: Uint8Array): Promise<Uint8Array | number | Refusal> {
    const last = chunk.total === chunk.end + 1;
    const path = join(folder, createHash('sha256').update(chunk.uploadId).digest('hex'));
    const problem = chunkProblem(chunk, bytes, last, limits);
    if (problem !== undefined) return problem;
    if (chunk.start === 0) await writeFile(path, bytes);
    else if ((await sizeOf(path)) === chunk.start) await appendFile(path, bytes);
    else return refusal(400, `Invalid Content-Range: byte ${chunk.start} does not follow what was uploaded`);
    if (!last) return chunk.end + 1;
    const whole = await readFile(path);
    await rm(path, { force: true });
    return whole;
  }

  return { add };
}

function chunkProblem(
  { start, end }: Chunk,
  bytes: Uint8Array,
  last: boolean,
  limits: { minChunkBytes: number; maxBytes: number },
): Refusal | undefined {
  if (bytes.length !== end - start + 1) return refusal(400, 'Content-Range does not fit the length of the file');
  if (!last && bytes.length < limits.minChunkBytes)
    return refusal(400, 'All parts except EOF-chunk must be larger than 5mb');
  if (end >= limits.maxBytes)
    return refusal(400, `File size too large. Got ${end + 1}. Maximum is ${limits.maxBytes}.`);
  return undefined;
}

const sizeOf = (path: string) =>
  stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
