import { inject } from 'vitest';
import { createClient } from './client.ts';

export type { Account, Answer, Delivered, Json } from './client.ts';
export { waitFor } from './client.ts';
export { freshDatabase } from './fresh-database.ts';

/** The stack that all tests share, and what they do with it. */
export const { stack, api, pool, makeAccount, untilEnded, control, inbox } = createClient(() => inject('stack'));
