import { createMiddleware } from 'hono/factory';
import { refuse } from '../errors/result.ts';
import { readBytes } from '../http/read-bytes.ts';
import { verify } from '../signatures/standard-webhooks.ts';

/** A message between Workers whose signature held: its id, and the body as it was signed. */
export type SignedVariables = { message: { id: string; body: Uint8Array } };

type SignedOptions = {
  /** `whsec_…`, shared by the Workers. */
  secret: string;
  /** Milliseconds. */
  now: () => number;
};

const MAX_BODY_BYTES = 64 * 1024;

/**
 * Lets through what another Worker signed within the last two minutes, by our clock or ahead of it; everything else is one and the
 * same 401, whatever was wrong with it.
 */
export function signedOnly({ secret, now }: SignedOptions) {
  return createMiddleware<{ Variables: SignedVariables }>(async function signedOnly(c, next) {
    const body = await readBytes(c.req.raw, MAX_BODY_BYTES);
    const verified = body && (await verify({ headers: c.req.raw.headers, body, secrets: [secret], now: now() }));
    if (!body || !verified?.ok) return refuse({ code: 'unauthenticated', detail: UNSIGNED });
    c.set('message', { id: verified.id, body });
    await next();
  });
}

const UNSIGNED = 'This address takes signed messages only.';
