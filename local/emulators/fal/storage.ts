import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { z } from 'zod';
import type { Origin } from '../support/origin.ts';
import type { Database } from '../support/store.ts';
import { detail } from './errors.ts';

type Upload = { id: string; name: string; content_type: string; data: string | null };

const initiate = z.object({ content_type: z.string().min(1), file_name: z.string().min(1) });

/** Input files: `initiate` (with a key) answers a URL to PUT to, and the public URL that the file then has. */
export function createStorage({ database, origin }: { database: Database; origin: Origin }) {
  const uploads = database.table<Upload>('uploads');

  const authorized = new Hono();
  authorized.post('/storage/upload/initiate', async (c) => {
    const parsed = initiate.safeParse(await c.req.json().catch(() => null));
    if (!parsed.success) return detail(422, z.prettifyError(parsed.error));
    const { content_type, file_name } = parsed.data;
    const id = randomUUID();
    uploads.put(id, { id, name: file_name, content_type, data: null });
    const base = `${origin.of(c)}/storage`;
    const file_url = `${base}/files/${id}/${encodeURIComponent(file_name)}`;
    return c.json({ upload_url: `${base}/uploads/${id}`, file_url });
  });

  const open = new Hono();
  open.put('/storage/uploads/:id', async (c) => {
    const upload = uploads.get(c.req.param('id'));
    if (upload === undefined) return detail(404, 'Not Found');
    const data = Buffer.from(await c.req.arrayBuffer()).toString('base64');
    uploads.put(upload.id, { ...upload, data });
    return c.body(null, 200);
  });
  open.get('/storage/files/:id/:name', (c) => {
    const upload = uploads.get(c.req.param('id'));
    if (upload === undefined || upload.data === null) return detail(404, 'Not Found');
    return c.body(Uint8Array.from(Buffer.from(upload.data, 'base64')), 200, { 'content-type': upload.content_type });
  });
  return { authorized, open };
}
