/**
 * Reads the first picture of the videos that the local emulators draw (see `local/emulators/media`): macroblocks are stored
 * as they are (I_PCM) or repeat their left or upper neighbour. ITU-T H.264, sections 7.3 and 8.3; anything else throws.
 */
const I_PCM = 25;
const KEY_PICTURE = 5;
const SIDE = 16;

type Plane = { data: Uint8Array; stride: number; size: number };

/** Packed RGB of the picture in a sample (length-prefixed NAL unit). */
export function decodeSlide(sample: Uint8Array, width: number, height: number): Uint8Array {
  const reader = createReader(payload(sample));
  sliceHeader(reader);
  const planes = [
    plane(width, SIDE, height),
    plane(width / 2, SIDE / 2, height / 2),
    plane(width / 2, SIDE / 2, height / 2),
  ];
  const stored = new Set<number>();
  const columns = width / SIDE;
  for (let address = 0; address < columns * (height / SIDE); address += 1) {
    const [column, row] = [address % columns, Math.floor(address / columns)];
    const type = reader.unsigned();
    if (type === I_PCM) {
      stored.add(address);
      reader.align();
      for (const each of planes) copyIn(each, column, row, reader.bytes(each.size ** 2));
    } else {
      const beside = (column > 0 && stored.has(address - 1)) || stored.has(address - columns);
      const vertical = predicted(reader, type, beside);
      for (const each of planes) repeat(each, column, row, vertical);
    }
  }
  return toRgb(planes as [Plane, Plane, Plane], width, height);
}

/** The NAL unit's content without its emulation prevention bytes. */
function payload(sample: Uint8Array): Uint8Array {
  const length = Buffer.from(sample.buffer, sample.byteOffset).readUInt32BE(0);
  const unit = sample.subarray(4, 4 + length);
  if (((unit[0] ?? 0) & 31) !== KEY_PICTURE) throw new Error('not a key picture');
  const out: number[] = [];
  let zeros = 0;
  for (const byte of unit.subarray(1)) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    out.push(byte);
  }
  return Uint8Array.from(out);
}

type Reader = ReturnType<typeof createReader>;

function createReader(data: Uint8Array) {
  let at = 0;
  const bit = () => {
    const value = ((data[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
    if (at++ >= data.length * 8) throw new Error('the picture ends early');
    return value;
  };
  const bits = (count: number) => Array.from({ length: count }, bit).reduce((value, next) => value * 2 + next, 0);
  // Exponential Golomb code, section 9.1.
  const unsigned = () => {
    let zeros = 0;
    while (bit() === 0) zeros += 1;
    return 2 ** zeros - 1 + bits(zeros);
  };
  const align = () => {
    at = Math.ceil(at / 8) * 8;
  };
  const bytes = (count: number) => {
    const from = at / 8;
    at += count * 8;
    return data.subarray(from, from + count);
  };
  return { bits, unsigned, align, bytes };
}

function sliceHeader(reader: Reader): void {
  const [first, type] = [reader.unsigned(), reader.unsigned()];
  if (first !== 0 || type !== 7) throw new Error('not an intra picture in one slice');
  reader.unsigned();
  reader.bits(4);
  reader.unsigned();
  reader.bits(2);
  reader.unsigned();
  if (reader.unsigned() !== 1) throw new Error('deblocking is on');
}

/** Whether a macroblock without coefficients repeats the row above, else the column at its left. */
function predicted(reader: Reader, type: number, besideStored: boolean): boolean {
  if (type !== 1 && type !== 2) throw new Error('a macroblock of another kind');
  reader.unsigned();
  reader.unsigned();
  const empty = besideStored ? reader.bits(6) === 3 : reader.bits(1) === 1;
  if (!empty) throw new Error('coefficients');
  return type === 1;
}

function plane(stride: number, size: number, height: number): Plane {
  return { data: new Uint8Array(stride * height), stride, size };
}

function copyIn({ data, stride, size }: Plane, column: number, row: number, block: Uint8Array): void {
  for (let line = 0; line < size; line += 1) {
    data.set(block.subarray(line * size, (line + 1) * size), (row * size + line) * stride + column * size);
  }
}

function repeat({ data, stride, size }: Plane, column: number, row: number, vertical: boolean): void {
  for (let line = 0; line < size; line += 1) {
    const from = (row * size + line) * stride + column * size;
    if (vertical)
      data.copyWithin(from, (row * size - 1) * stride + column * size, (row * size - 1) * stride + (column + 1) * size);
    else data.fill(data[from - 1] ?? 0, from, from + size);
  }
}

/** BT.601, studio range. */
function toRgb([luma, blue, red]: [Plane, Plane, Plane], width: number, height: number): Uint8Array {
  const rgb = new Uint8ClampedArray(width * height * 3);
  for (let index = 0; index < width * height; index += 1) {
    const half = (Math.floor(index / width) >> 1) * blue.stride + ((index % width) >> 1);
    const y = 1.164 * ((luma.data[index] ?? 0) - 16);
    const [u, v] = [(blue.data[half] ?? 0) - 128, (red.data[half] ?? 0) - 128];
    rgb.set([y + 1.596 * v, y - 0.813 * v - 0.392 * u, y + 2.017 * u], index * 3);
  }
  return new Uint8Array(rgb.buffer);
}
