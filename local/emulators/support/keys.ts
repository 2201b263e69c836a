import { createHash } from 'node:crypto';

/** A stable name for the account behind an API key: emulators keep this, never the key. */
export const fingerprint = (key: string) => createHash('sha256').update(key).digest('hex');

export const last4 = (key: string) => key.slice(-4);
