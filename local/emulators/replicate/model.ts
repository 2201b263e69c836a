import type { Fields } from '../support/schema.ts';

/** A model as Replicate runs it. */
export type ReplicateModel = {
  kind: 'image' | 'video';
  /** A single URL, or an array of them. */
  output: 'uri' | 'array';
  /** Official models run by name; others only by version. */
  official: boolean;
  fields: Fields;
  /** Format when the input names none. */
  format?: 'png' | 'jpeg' | 'webp';
  version?: string;
};

export const image = (output: 'uri' | 'array', format: 'png' | 'jpeg' | 'webp', fields: Fields): ReplicateModel => ({
  kind: 'image',
  output,
  official: true,
  fields,
  format,
});
export const video = (fields: Fields): ReplicateModel => ({ kind: 'video', output: 'uri', official: true, fields });
