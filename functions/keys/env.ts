import * as z from 'zod';
import { database, filled, origin, parseWith, signingSecret } from '../../shared/env/fields.ts';

/** The providers' keys themselves stand beside these, under the names that `environment-keys.ts` lists. */
const Env = z.looseObject({
  ...database,
  PUBLIC_ORIGIN: origin,
  INTERNAL_SIGNING_SECRET: signingSecret,
  /** 32 bytes in base64. The previous one stays until the rotation has rewrapped everything. */
  KEY_ENCRYPTION_KEY: filled,
  KEY_ENCRYPTION_KEY_PREVIOUS: z.string().optional(),
});

export const parseEnv = (raw: unknown) => parseWith(Env, raw);
