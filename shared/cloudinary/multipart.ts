const encoder = new TextEncoder();

/**
 * A multipart/form-data body with one file that is streamed, never held: `FormData` would want all of it in memory.
 * @returns the body and the `Content-Type` with its boundary.
 */
export function streamMultipart(
  fields: Record<string, string>,
  file: { stream: ReadableStream<Uint8Array>; contentType: string },
): { body: ReadableStream<Uint8Array>; contentType: string } {
  const boundary = `darkroom-${crypto.randomUUID()}`;
  const parts = Object.entries(fields).map(([name, value]) => part(boundary, `name="${name}"`, value));
  const type = /^[\w.+-]+\/[\w.+-]+$/.test(file.contentType) ? file.contentType : 'application/octet-stream';
  const opening = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="file"\r\n`;
  const head = `${parts.join('')}${opening}content-type: ${type}\r\n\r\n`;
  const wrap = new TransformStream<Uint8Array, Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(head)),
    flush: (controller) => controller.enqueue(encoder.encode(`\r\n--${boundary}--\r\n`)),
  });
  return { body: file.stream.pipeThrough(wrap), contentType: `multipart/form-data; boundary=${boundary}` };
}

function part(boundary: string, name: string, value: string): string {
  return `--${boundary}\r\ncontent-disposition: form-data; ${name}\r\n\r\n${value}\r\n`;
}
