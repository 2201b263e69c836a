import type { Context } from 'hono';
import { type Refusal, refusal } from './errors.ts';
import type { Params } from './signature.ts';

/** `file` is what was uploaded: bytes, or text that says where the bytes are. */
export type Form = { params: Params; file?: Upload | string };
export type Upload = { bytes: Uint8Array; name: string };

/** Reads a multipart or urlencoded request; `name[]` fields are joined by commas, as the signature has them. */
export async function readForm(c: Context): Promise<Form | Refusal> {
  const data = await c.req.formData().catch(() => undefined);
  if (data === undefined) return refusal(400, 'Invalid request: the body is neither multipart nor urlencoded');
  const params = new Map<string, string>();
  let file: Upload | string | undefined;
  for (const [name, value] of data) {
    if (name === 'file') file = typeof value === 'string' ? value : await readUpload(value);
    else if (typeof value === 'string') addParam(params, name, value);
  }
  return { params, file };
}

function addParam(params: Map<string, string>, name: string, value: string): void {
  const key = name.replace(/\[\]$/, '');
  const before = key === name ? undefined : params.get(key);
  params.set(key, before === undefined ? value : `${before},${value}`);
}

async function readUpload(file: File): Promise<Upload> {
  return { bytes: new Uint8Array(await file.arrayBuffer()), name: file.name };
}
