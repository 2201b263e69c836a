import { createHash, randomUUID } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { fingerprint } from '../support/keys.ts';
import type { Origin } from '../support/origin.ts';
import type { Database } from '../support/store.ts';
import { problem } from './errors.ts';
import type { Env } from './replicate.ts';

type Upload = {
  id: string;
  owner: string;
  name: string;
  content_type: string;
  size: number;
  sha256: string;
  metadata: unknown;
  created_at: number;
};

const KEPT_MS = 24 * 60 * 60 * 1000;
const LARGEST = 100 * 1024 * 1024;

/** `/files`: inputs that a client uploads. Only what is told about a file is kept; the emulated models look at no input. */
export function createUploads({ database, now, origin }: { database: Database; now: () => number; origin: Origin }) {
  const uploads = database.table<Upload>('uploads');
  const own = (c: Context<Env>) => {
    const upload = uploads.get(c.req.param('id') ?? '');
    return upload?.owner === fingerprint(c.var.token) ? upload : undefined;
  };
  const keep = async (content: File, metadata: unknown, token: string) => {
    const bytes = Buffer.from(await content.arrayBuffer());
    const upload: Upload = {
      id: randomUUID(),
      owner: fingerprint(token),
      name: content.name,
      content_type: content.type || 'application/octet-stream',
      size: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      metadata,
      created_at: now(),
    };
    uploads.put(upload.id, upload);
    return upload;
  };
  const app = new Hono<Env>();
  app.post('/', async (c) => {
    const { content, metadata } = await c.req.parseBody().catch(() => ({ content: undefined, metadata: undefined }));
    if (!(content instanceof File)) return problem(422, 'Missing content', 'No file content was uploaded.');
    if (content.size > LARGEST) return problem(413, 'Too large', 'Files may be at most 100 MiB.');
    const text = metadata instanceof File ? await metadata.text() : metadata;
    return c.json(present(await keep(content, parsed(text), c.var.token), origin.of(c)), 201);
  });
  app.get('/', (c) => {
    const results = uploads.all().filter(({ owner }) => owner === fingerprint(c.var.token));
    return c.json({ previous: null, next: null, results: results.map((upload) => present(upload, origin.of(c))) });
  });
  app.get('/:id', (c) => {
    const upload = own(c);
    return upload ? c.json(present(upload, origin.of(c))) : problem(404);
  });
  app.delete('/:id', (c) => (uploads.delete(own(c)?.id ?? '') ? c.body(null, 204) : problem(404)));
  return app;
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '{}');
  } catch {
    return {};
  }
}

const present = ({ owner: _, sha256, created_at, ...upload }: Upload, origin: string) => ({
  ...upload,
  checksums: { sha256 },
  created_at: new Date(created_at).toISOString(),
  expires_at: new Date(created_at + KEPT_MS).toISOString(),
  urls: { get: `${origin}/v1/files/${upload.id}` },
});
