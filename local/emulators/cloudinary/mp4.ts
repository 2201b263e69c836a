/** What an MP4's index says. Sizes in pixels, duration in seconds. */
export type Mp4 = {
  width?: number;
  height?: number;
  duration: number;
  frames?: number;
  hasVideo: boolean;
  hasAudio: boolean;
};

type Box = { type: string; body: DataView };

const CONTAINERS = ['moov', 'trak', 'mdia', 'minf', 'stbl'];

/** Reads the index (ISO/IEC 14496-12); undefined if there is none or it names no track. */
export function readMp4(bytes: Uint8Array): Mp4 | undefined {
  const boxes = [...walk(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))];
  const header = boxes.find(({ type }) => type === 'mvhd');
  const handlers = boxes.filter(({ type }) => type === 'hdlr').map(({ body }) => text(body, 8));
  if (header === undefined || handlers.length === 0) return undefined;
  const video = handlers.indexOf('vide');
  const index = { duration: durationOf(header.body), hasVideo: video >= 0, hasAudio: handlers.includes('soun') };
  if (video < 0) return index;
  const track = boxes.filter(({ type }) => type === 'tkhd')[video]?.body;
  const samples = boxes.filter(({ type }) => type === 'stsz')[video]?.body;
  return { ...index, ...(track && sizeOf(track)), frames: samples?.getUint32(8) };
}

/** The first sample of the file: where its only data box begins, if the index comes first. */
export function firstSample(bytes: Uint8Array): Uint8Array | undefined {
  const boxes = [...walk(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))];
  const offset = boxes.find(({ type }) => type === 'stco')?.body.getUint32(8);
  const sizes = boxes.find(({ type }) => type === 'stsz')?.body;
  if (offset === undefined || sizes === undefined || sizes.byteLength < 16) return undefined;
  const size = sizes.getUint32(4) || sizes.getUint32(12);
  return offset + size <= bytes.length ? bytes.subarray(offset, offset + size) : undefined;
}

function* walk(view: DataView): Generator<Box> {
  let at = 0;
  while (at + 8 <= view.byteLength) {
    const short = view.getUint32(at);
    const long = short === 1 && at + 16 <= view.byteLength;
    const header = long ? 16 : 8;
    const size = long ? Number(view.getBigUint64(at + 8)) : short || view.byteLength - at;
    if (size < header || at + size > view.byteLength) return;
    const type = text(view, at + 4);
    const body = new DataView(view.buffer, view.byteOffset + at + header, size - header);
    yield { type, body };
    if (CONTAINERS.includes(type)) yield* walk(body);
    at += size;
  }
}

function text(view: DataView, at: number): string {
  if (at + 4 > view.byteLength) return '';
  return String.fromCharCode(...[0, 1, 2, 3].map((index) => view.getUint8(at + index)));
}

function durationOf(header: DataView): number {
  const long = header.getUint8(0) === 1;
  const scale = header.getUint32(long ? 20 : 12);
  const units = long ? Number(header.getBigUint64(24)) : header.getUint32(16);
  return scale === 0 ? 0 : units / scale;
}

/** Width and height are the last two fields, 16.16 fixed point. */
function sizeOf(track: DataView): { width: number; height: number } {
  const end = track.byteLength;
  return { width: track.getUint32(end - 8) >>> 16, height: track.getUint32(end - 4) >>> 16 };
}
