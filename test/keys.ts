import { randomBytes, randomUUID } from 'node:crypto';

/** Keys as the vendors give them; nobody else has them. */
export const falKey = () => `${randomUUID()}:${randomBytes(16).toString('hex')}`;
export const replicateKey = () => `r8_${randomBytes(20).toString('hex').slice(0, 37)}`;
