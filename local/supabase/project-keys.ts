import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';
import { expiresWithin, type SigningKey, signToken } from './tokens.ts';

export const workerRoles = ['submit', 'worker', 'callback', 'keys'] as const;
export type WorkerRole = (typeof workerRoles)[number];
export type ProjectKeys = { signing_key: SigningKey; anon_key: string; role_tokens: Record<WorkerRole, string> };

const DAY = 24 * 3600;
const YEAR = 365 * DAY;

/** A key as `supabase gen signing-key` makes it, without the half second that the CLI takes to start. */
async function generateSigningKey(): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const key = await exportJWK(privateKey);
  return { ...key, kid: randomUUID(), use: 'sig', key_ops: ['sign', 'verify'], alg: 'ES256', ext: true };
}

/**
 * Makes a project's signing key (or takes the one it has) and mints the tokens that it hands out, as `supabase gen bearer-jwt
 * --role` does: a Worker holds a token of its role, never the key.
 */
export async function mintProjectKeys(known?: SigningKey): Promise<ProjectKeys> {
  const key = known ?? (await generateSigningKey());
  const tokens = await Promise.all(
    workerRoles.map(async (role) => [role, await signToken(key, { role }, YEAR)] as const),
  );
  const anonKey = await signToken(key, { role: 'anon' }, 10 * YEAR);
  return { signing_key: key, anon_key: anonKey, role_tokens: Object.fromEntries(tokens) as Record<WorkerRole, string> };
}

/** Whether a token has less than a month left. */
export const needsMinting = ({ role_tokens: tokens }: ProjectKeys): boolean =>
  Object.values(tokens).some((token) => expiresWithin(token, 30 * DAY));
