import type { Faults } from '../qstash/faults.ts';
import type { Assets } from './assets.ts';
import type { Chunks } from './chunks.ts';

export const FAULTS = ['420', '423', '429', '500', '502', '503', 'timeout', 'drop', 'stored-then-drop'] as const;

/** What the routes of this emulator share. */
export type CloudContext = {
  cloudName: string;
  apiKey: string;
  apiSecret: string;
  assets: Assets;
  chunks: Chunks;
  faults: Faults<(typeof FAULTS)[number]>;
  allowUrl: (url: URL) => boolean;
  maxBytes: number;
  now: () => number;
};

export const originOf = (url: string) => new URL(url).origin;
