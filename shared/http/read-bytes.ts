/** The body of a request; null as soon as more than `maxBytes` have arrived: a lying or missing content-length changes nothing. */
export async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array | null> {
  const declared = declaredLength(request);
  if (declared <= maxBytes) return readWhole(request, maxBytes);
  if (declared > maxBytes) {
    await request.body?.cancel();
    return null;
  }
  const { bytes, complete } = await readUpTo(request, maxBytes);
  return complete ? bytes : null;
}

/** Bytes of a body; not a number where nothing is said. */
export const declaredLength = ({ headers }: Request) => Number(headers.get('content-length') ?? Number.NaN);

/** In one piece, for a body with a declared length: that frames it. Not for responses, which may be compressed. */
export async function readWhole(request: Request, maxBytes: number): Promise<Uint8Array | null> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  return bytes.length > maxBytes ? null : bytes;
}

/** The first `maxBytes` of a body; the rest is neither read nor waited for. */
export async function readUpTo(message: Request | Response, maxBytes: number) {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of message.body ?? []) {
    chunks.push(chunk.subarray(0, maxBytes - size));
    size += chunk.length;
    if (size > maxBytes) return { bytes: join(chunks), complete: false };
  }
  return { bytes: join(chunks), complete: true };
}

/** The pieces of a body as one. */
export function join(chunks: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
