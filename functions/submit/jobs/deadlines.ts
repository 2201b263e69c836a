import type { Operation } from '../../../shared/catalog/types.ts';

const TEXT_SECONDS = 120;
const PICTURE_SECONDS = 600;
const OTHER_SECONDS = 3_600;

const TEXT: readonly Operation[] = ['chat', 'prompt', 'describe'];
const PICTURE: readonly Operation[] = ['image', 'image-edit', 'local-edit', 'vector', 'remove-bg', 'mask', 'depth'];

/** How long a job may take, in seconds, unless its request says otherwise. */
export function defaultDeadline(operation: Operation): number {
  if (TEXT.includes(operation)) return TEXT_SECONDS;
  return PICTURE.includes(operation) ? PICTURE_SECONDS : OTHER_SECONDS;
}
