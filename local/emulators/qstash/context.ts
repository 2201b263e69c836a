import type { Faults } from './faults.ts';
import type { Message } from './message.ts';
import type { SigningKeys } from './signature.ts';
import type { State } from './state.ts';

export const FAULTS = ['500', '429', 'drop-before', 'drop-after-accepting', 'duplicate', 'drop', 'delay'] as const;

/** What the parts of this emulator share. Times are milliseconds. */
export type QueueContext = {
  state: State;
  faults: Faults<(typeof FAULTS)[number]>;
  keys: () => SigningKeys;
  now: () => number;
  /** Deliveries under way at once. */
  concurrency: number;
  /** Multiplies the delays between retries. */
  retryScale: number;
  timeoutMs: number;
  deduplicationMs: number;
};

/** What a fault's `match` is compared with. */
export function subjectOf({ url, body }: Message): Record<string, string> {
  return { url, body: Buffer.from(body, 'base64').toString() };
}
