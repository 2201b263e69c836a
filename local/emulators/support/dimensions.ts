type Input = Record<string, unknown>;
type Size = { width: number; height: number };

const NAMED: Record<string, Size> = {
  square: { width: 512, height: 512 },
  square_hd: { width: 1024, height: 1024 },
  portrait_4_3: { width: 768, height: 1024 },
  portrait_16_9: { width: 576, height: 1024 },
  landscape_4_3: { width: 1024, height: 768 },
  landscape_16_9: { width: 1024, height: 576 },
};

/** Shorter side of a video, or width and height of a square image, by the resolution's name. */
const SIDES: Record<string, number> = { '1K': 1024, '2K': 2048, '4K': 4096 };

/** The pixels that an input asks for, in whichever of the vendors' vocabularies it does. */
export function imageSize(input: Input): Size {
  const { image_size, width, height, aspect_ratio, megapixels, resolution } = input;
  if (typeof image_size === 'object' && image_size !== null) return sized(image_size as Partial<Size>);
  if (typeof image_size === 'string' && NAMED[image_size]) return NAMED[image_size];
  for (const written of [image_size, resolution, input.size]) {
    const [, across, down] = /^(\d{2,5})x(\d{2,5})$/.exec(String(written)) ?? [];
    if (across && down) return { width: Number(across), height: Number(down) };
  }
  if (typeof width === 'number' && typeof height === 'number') return { width, height };
  const side = SIDES[String(resolution)] ?? 1024 * Math.sqrt(Number(megapixels ?? 1) || 1);
  return shaped(ratioOf(aspect_ratio), side * side);
}

export function videoSize(input: Input): Size {
  const lines = Number(/^(\d+)p$/i.exec(String(input.resolution))?.[1] ?? 720);
  const ratio = ratioOf(input.aspect_ratio, 16 / 9);
  return ratio >= 1 ? { width: even(lines * ratio), height: lines } : { width: lines, height: even(lines / ratio) };
}

/** Seconds of a video: vendors write 5, "5" or "5s". */
export function secondsOf(input: Input, fallback: number): number {
  const seconds = Number.parseFloat(String(input.duration));
  return seconds > 0 ? seconds : fallback;
}

const sized = ({ width = 512, height = 512 }: Partial<Size>) => ({ width, height });
const even = (value: number) => Math.round(value / 2) * 2;

function ratioOf(value: unknown, fallback = 1): number {
  const [, across, down] = /^(\d+):(\d+)$/.exec(String(value)) ?? [];
  return across && down ? Number(across) / Number(down) : fallback;
}

/** Width and height of that area and shape, in steps of 16 as diffusion models have them. */
function shaped(ratio: number, area: number): Size {
  const step = (value: number) => Math.max(1, Math.round(value / 16)) * 16;
  return { width: step(Math.sqrt(area * ratio)), height: step(Math.sqrt(area / ratio)) };
}
