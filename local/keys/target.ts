import { decodeSecret } from '../../shared/signatures/secret.ts';
import { problem } from '../stack/problem.ts';
import { readState, stateFolder } from '../stack/state-folder.ts';

export type Target = { origin: string; secret: string; wayOut: string };

/** The deployment that both variables name, or the local stack where neither is set: one alone is never taken for the other. */
export function targetOf({ PUBLIC_ORIGIN, INTERNAL_SIGNING_SECRET }: Record<string, string | undefined>): Target {
  if (!PUBLIC_ORIGIN && !INTERNAL_SIGNING_SECRET) return localTarget();
  if (!PUBLIC_ORIGIN || !INTERNAL_SIGNING_SECRET) throw half(PUBLIC_ORIGIN !== undefined && PUBLIC_ORIGIN !== '');
  const url = URL.parse(PUBLIC_ORIGIN);
  if (!url || !/^https?:$/.test(url.protocol))
    throw problem(
      'PUBLIC_ORIGIN is not an http(s) address.',
      'Set it to the origin of the API: https://api.example.org',
    );
  if (!decodeSecret(INTERNAL_SIGNING_SECRET))
    throw problem('INTERNAL_SIGNING_SECRET is not a signing secret.', 'It is whsec_ and 24 to 64 bytes in base64');
  return { origin: url.origin, secret: INTERNAL_SIGNING_SECRET, wayOut: 'Check PUBLIC_ORIGIN' };
}

const half = (hasOrigin: boolean) =>
  problem(
    hasOrigin
      ? 'PUBLIC_ORIGIN is set, but INTERNAL_SIGNING_SECRET is not.'
      : 'INTERNAL_SIGNING_SECRET is set, but PUBLIC_ORIGIN is not.',
    'Set both for a deployment, or neither for the local stack',
  );

const NOT_RUNNING = 'npm start, or set PUBLIC_ORIGIN and INTERNAL_SIGNING_SECRET';

function localTarget(): Target {
  const { stack, secrets } = stateFolder();
  const origin = readState<{ origin?: string }>(stack)?.origin;
  const secret = readState<{ internal_signing_secret?: string }>(secrets)?.internal_signing_secret;
  if (!origin || !secret) throw problem('The local stack does not run.', NOT_RUNNING);
  return { origin, secret, wayOut: NOT_RUNNING };
}

/** Nobody listens there. */
export const unreachable = ({ origin, wayOut }: Target, cause: unknown) =>
  wayOut === NOT_RUNNING
    ? problem('The local stack does not run.', wayOut, cause)
    : problem(`${origin} cannot be reached.`, wayOut, cause);
