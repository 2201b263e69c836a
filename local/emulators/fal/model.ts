import type { Fields } from '../support/schema.ts';

/** A model endpoint of fal: its inputs and the fields of its result. */
export type FalModel = {
  kind: 'image' | 'video' | 'audio';
  fields: Fields;
  /** Result fields: `images`, `image`, `video` and `audio` hold files, the others small facts. */
  outputs: readonly string[];
  /** Format when the input names none. */
  format?: 'png' | 'jpeg' | 'webp';
  /** Seconds of a video when the input names none. */
  seconds?: number;
};

export const image = (fields: Fields, outputs: readonly string[], format: 'png' | 'jpeg' = 'png'): FalModel => ({
  kind: 'image',
  fields,
  outputs,
  format,
});
export const video = (fields: Fields, seconds = 5, outputs: readonly string[] = ['video']): FalModel => ({
  kind: 'video',
  fields,
  outputs,
  seconds,
});
