/** A 4:2:0 picture whose sides are multiples of 16; the planes lie row by row. */
export type Picture = { width: number; height: number; y: Uint8Array; u: Uint8Array; v: Uint8Array };
export type Colour = { y: number; u: number; v: number };

/** BT.601 studio range, what players assume for small pictures without colour description. */
export function colour(red: number, green: number, blue: number): Colour {
  return {
    y: Math.round(16 + 0.257 * red + 0.504 * green + 0.098 * blue),
    u: Math.round(128 - 0.148 * red - 0.291 * green + 0.439 * blue),
    v: Math.round(128 + 0.439 * red - 0.368 * green - 0.071 * blue),
  };
}

/** From packed RGB of the same size. Chroma is that of the upper left pixel of each four: the pictures are flat. */
export function fromRgb(rgb: Uint8Array, width: number, height: number): Picture {
  const picture = {
    width,
    height,
    y: new Uint8Array(width * height),
    u: new Uint8Array((width * height) / 4),
    v: new Uint8Array((width * height) / 4),
  };
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const at = (row * width + column) * 3;
      const { y, u, v } = colour(rgb[at] ?? 0, rgb[at + 1] ?? 0, rgb[at + 2] ?? 0);
      picture.y[row * width + column] = y;
      if (row % 2 === 0 && column % 2 === 0) {
        const half = (row / 2) * (width / 2) + column / 2;
        picture.u[half] = u;
        picture.v[half] = v;
      }
    }
  }
  return picture;
}

/** The samples of the macroblock at (column, row): 256 of luma, 64 of each chroma. */
export function macroblock(picture: Picture, column: number, row: number): [Uint8Array, Uint8Array, Uint8Array] {
  return [
    block(picture.y, picture.width, column, row, 16),
    block(picture.u, picture.width / 2, column, row, 8),
    block(picture.v, picture.width / 2, column, row, 8),
  ];
}

function block(plane: Uint8Array, stride: number, column: number, row: number, size: number): Uint8Array {
  const out = new Uint8Array(size * size);
  for (let line = 0; line < size; line += 1) {
    const from = (row * size + line) * stride + column * size;
    out.set(plane.subarray(from, from + size), line * size);
  }
  return out;
}
