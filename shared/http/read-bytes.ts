/** The body of a request or response; null as soon as more than `maxBytes` have arrived: a lying or missing content-length changes nothing. */
export async function readBytes(message: Request | Response, maxBytes: number): Promise<Uint8Array | null> {
  if (Number(message.headers.get('content-length') ?? 0) > maxBytes) {
    await message.body?.cancel();
    return null;
  }
  const { bytes, complete } = await readUpTo(message, maxBytes);
  return complete ? bytes : null;
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

function join(chunks: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
