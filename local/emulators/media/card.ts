import { ADVANCE, LINE, textPath } from './font.ts';
import { hash } from './hash.ts';

export type Card = { prompt: string; width: number; height: number; label?: string };

const MARGIN = 0.06;

/** An SVG of exactly `width` × `height` pixels that shows the prompt; colours and shapes follow from it. */
export function cardSvg({ prompt, width, height, label = '' }: Card): string {
  const hue = hash(prompt) % 360;
  const { lines, scale } = layout(prompt, width * (1 - 2 * MARGIN), height * 0.7);
  const left = Math.round(width * MARGIN);
  const top = Math.round((height - lines.length * LINE * scale) / 2);
  const text = lines.map((line, index) => textPath(line, left, top + index * LINE * scale, scale)).join('');
  const small = Math.max(1, Math.floor(scale / 2));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" shape-rendering="crispEdges">`,
    `<rect width="${width}" height="${height}" fill="hsl(${hue},45%,28%)"/>`,
    `<circle cx="${width * 0.82}" cy="${height * 0.2}" r="${Math.min(width, height) * 0.14}" fill="hsl(${(hue + 40) % 360},55%,42%)"/>`,
    `<path d="${text}" fill="#fff"/>`,
    `<path d="${textPath(label, left, Math.round(height * 0.06), small)}" fill="hsl(${hue},30%,75%)"/>`,
    '</svg>',
  ].join('');
}

/** The largest whole dot size at which the wrapped text fits; text that never fits is cut. */
function layout(prompt: string, width: number, height: number): { lines: string[]; scale: number } {
  for (let scale = Math.max(1, Math.floor(width / (10 * ADVANCE))); scale > 1; scale -= 1) {
    const lines = wrap(prompt, Math.floor(width / (ADVANCE * scale)));
    if (lines.length * LINE * scale <= height) return { lines, scale };
  }
  const lines = wrap(prompt, Math.max(1, Math.floor(width / ADVANCE)));
  return { lines: lines.slice(0, Math.max(1, Math.floor(height / LINE))), scale: 1 };
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.slice(0, 2000).split(/\s+/).filter(Boolean)) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (joined.length <= columns) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    for (line = word; line.length > columns; line = line.slice(columns)) lines.push(line.slice(0, columns));
  }
  return line === '' ? lines : [...lines, line];
}
