import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { renderAudio } from '../media/audio.ts';
import type { Media } from '../media/cache.ts';
import { capped, type ImageFormat, renderImage } from '../media/image.ts';
import { renderVideo } from '../media/video.ts';
import type { Database } from './store.ts';

export type FileKind = 'image' | 'video' | 'audio';
/** An output as it is kept: what to draw, not the bytes, which come out the same each time they are asked for. */
export type OutputFile = {
  id: string;
  name: string;
  kind: FileKind;
  prompt: string;
  width: number;
  height: number;
  seconds: number;
  format: ImageFormat;
  /** Answers something that is not what it claims to be. */
  bad: boolean;
  /** When it vanishes, in ms; null: never. */
  gone_at: number | null;
};

export type Files = {
  add(file: Omit<OutputFile, 'id'>): OutputFile;
  get(id: string): OutputFile | undefined;
  /** Path below the emulator's origin. */
  path(file: OutputFile): string;
  render(file: OutputFile): Promise<Media>;
  routes: Hono;
};

const FOLDER = '/files';

/** Output files of one emulator, public as the vendors' own are, at `/files/{id}/{name}`. */
export function createFiles({ database, now }: { database: Database; now: () => number }): Files {
  const store = database.table<OutputFile>('files');
  const routes = new Hono();
  routes.get(`${FOLDER}/:id/:name`, async (c) => {
    const file = store.get(c.req.param('id'));
    if (file === undefined || (file.gone_at !== null && file.gone_at <= now())) return c.text('Not Found', 404);
    const { bytes, contentType } = await render(file);
    return c.body(Uint8Array.from(bytes), 200, { 'content-type': contentType, 'cache-control': 'max-age=300' });
  });
  return {
    add(file) {
      const kept = { ...file, ...capped(file.width, file.height), id: randomUUID().replaceAll('-', '') };
      store.put(kept.id, kept);
      return kept;
    },
    get: store.get,
    path: (file) => `${FOLDER}/${file.id}/${file.name}`,
    render,
    routes,
  };
}

async function render(file: OutputFile): Promise<Media> {
  const media = await draw(file);
  if (!file.bad) return media;
  return {
    ...media,
    bytes: new TextEncoder().encode('<!doctype html><title>502</title>This is not what was ordered.'),
  };
}

function draw({ kind, prompt, width, height, seconds, format }: OutputFile): Promise<Media> {
  if (kind === 'video') return renderVideo({ prompt, width, height, seconds });
  if (kind === 'audio') return renderAudio({ prompt, seconds });
  return renderImage({ prompt, width, height, format });
}
