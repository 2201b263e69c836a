import { type BitWriter, createBitWriter, nalUnit } from './bits.ts';
import { type Colour, macroblock, type Picture } from './yuv.ts';

/**
 * A lossless H.264 encoder for slides (ITU-T H.264, constrained baseline, CAVLC): a macroblock that repeats its left or
 * upper neighbour is predicted, any other is I_PCM; later pictures skip everything but the cells painted anew. Every
 * decoder plays it, flat areas cost next to nothing, and no native code is needed.
 */
export type Cell = { column: number; row: number; colour: Colour };

const I_PCM = 25;
const VERTICAL = 0;
const HORIZONTAL = 1;
/** In a P slice the intra types come after the five inter types (table 7-13). */
const INTRA_OFFSET = 5;

export function sequenceParameters(width: number, height: number): Uint8Array {
  const writer = createBitWriter(32);
  writer.bits(66, 8);
  writer.bits(0xc0, 8);
  writer.bits(31, 8);
  writer.unsigned(0);
  writer.unsigned(0); // frame numbers of 4 bits
  writer.unsigned(2); // output order is decoding order
  writer.unsigned(1);
  writer.bits(0, 1);
  writer.unsigned(width / 16 - 1);
  writer.unsigned(height / 16 - 1);
  writer.bits(0b1100, 4); // frames only, direct 8x8, no cropping, no usability information
  return nalUnit(0x67, writer.end());
}

export function pictureParameters(): Uint8Array {
  const writer = createBitWriter(32);
  writer.unsigned(0);
  writer.unsigned(0);
  writer.bits(0b00, 2);
  writer.unsigned(0);
  writer.unsigned(0);
  writer.unsigned(0);
  writer.bits(0b000, 3);
  writer.signed(0);
  writer.signed(0);
  writer.signed(0);
  writer.bits(0b100, 3); // slices may switch the deblocking filter off, which keeps the picture exact
  return nalUnit(0x68, writer.end());
}

/** The first picture, decodable by itself. */
export function keyPicture(picture: Picture): Uint8Array {
  const columns = picture.width / 16;
  const rows = picture.height / 16;
  const writer = createBitWriter(columns * rows * 400 + 64);
  sliceHeader(writer, 7, 0);
  const coded = new Uint8Array(columns * rows);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const mode = prediction(picture, column, row);
      if (mode !== undefined) predicted(writer, mode, coefficientContext(coded, columns, column, row));
      else {
        coded[row * columns + column] = 1;
        writer.unsigned(I_PCM);
        writer.aligned(...macroblock(picture, column, row));
      }
    }
  }
  return nalUnit(0x65, writer.end());
}

/** A later picture: the one before with some macroblocks painted in one colour. Cells are in raster order. */
export function nextPicture(columns: number, rows: number, number: number, cells: Cell[]): Uint8Array {
  const writer = createBitWriter(cells.length * 400 + 64);
  sliceHeader(writer, 5, number % 16);
  let next = 0;
  for (const { column, row, colour } of cells) {
    const address = row * columns + column;
    writer.unsigned(address - next);
    writer.unsigned(I_PCM + INTRA_OFFSET);
    const plane = (size: number, value: number) => new Uint8Array(size).fill(value);
    writer.aligned(plane(256, colour.y), plane(64, colour.u), plane(64, colour.v));
    next = address + 1;
  }
  if (next < columns * rows) writer.unsigned(columns * rows - next);
  return nalUnit(0x41, writer.end());
}

function sliceHeader(writer: BitWriter, type: 5 | 7, number: number): void {
  writer.unsigned(0);
  writer.unsigned(type);
  writer.unsigned(0);
  writer.bits(number, 4);
  if (type === 7) {
    writer.unsigned(0);
    writer.bits(0b00, 2);
  } else writer.bits(0b000, 3); // default reference, no reordering, sliding window
  writer.signed(0);
  writer.unsigned(1); // no deblocking
}

function predicted(writer: BitWriter, mode: number, context: number): void {
  writer.unsigned(1 + mode);
  writer.unsigned(mode === VERTICAL ? 2 : 1); // chroma numbers its modes differently (table 7-16)
  writer.signed(0);
  if (context === 0) writer.bits(1, 1);
  else writer.bits(0b000011, 6); // no coefficients, as written beside I_PCM neighbours (table 9-5)
}

/** nC of §9.2.1: an I_PCM neighbour counts 16, a predicted one 0; only whether the mean is 0 matters here. */
function coefficientContext(coded: Uint8Array, columns: number, column: number, row: number): number {
  const left = column > 0 ? (coded[row * columns + column - 1] ?? 0) : 0;
  const above = row > 0 ? (coded[(row - 1) * columns + column] ?? 0) : 0;
  return left + above;
}

/** The prediction that reproduces the macroblock exactly, if one does. */
function prediction(picture: Picture, column: number, row: number): number | undefined {
  const planes: [Uint8Array, number, number][] = [
    [picture.y, picture.width, 16],
    [picture.u, picture.width / 2, 8],
    [picture.v, picture.width / 2, 8],
  ];
  const repeats = (step: (stride: number) => number, across: boolean) =>
    planes.every(([plane, stride, size]) =>
      copies(plane, stride, size, column * size, row * size, step(stride), across),
    );
  if (column > 0 && repeats(() => 1, true)) return HORIZONTAL;
  if (row > 0 && repeats((stride) => stride, false)) return VERTICAL;
  return undefined;
}

function copies(plane: Uint8Array, stride: number, size: number, x: number, y: number, back: number, across: boolean) {
  for (let line = 0; line < size; line += 1) {
    for (let at = 0; at < size; at += 1) {
      const index = across ? (y + line) * stride + x + at : (y + at) * stride + x + line;
      if (plane[index] !== plane[index - back]) return false;
    }
  }
  return true;
}
