import { once } from '../async/once.ts';
import * as z from '../schema/zod.ts';

/** Kinds of work that a setting can be made for: the operations of the catalogue. */
export const OPERATIONS = [
  'chat',
  'prompt',
  'describe',
  'image',
  'image-edit',
  'local-edit',
  'video',
  'video-edit',
  'lipsync',
  'tts',
  'music',
  '3d',
  'upscale',
  'vector',
  'remove-bg',
  'mask',
  'depth',
] as const;

/** `llm` is what settings pages call `chat`. */
export const SettingOperation = once(() =>
  z.pipe(
    z.enum([...OPERATIONS, 'llm']),
    z.transform((name) => (name === 'llm' ? 'chat' : name)),
  ),
);
