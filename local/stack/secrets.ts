import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mintSecret } from '../../shared/auth/secrets.ts';
import type { Passwords } from '../supabase/database.ts';
import { mintProjectKeys, needsMinting, type ProjectKeys } from '../supabase/project-keys.ts';
import { problem } from './problem.ts';
import { damageAdvice, readState, type StateFolder, shown, writeState } from './state-folder.ts';

/** Everything secret of one local stack, made at its first start and kept (mode 0600) in `secrets.json`. */
export type Secrets = {
  postgres: Passwords;
  supabase: ProjectKeys;
  /** `whsec_…`: internal callbacks, sweeps and hook tokens. */
  internal_signing_secret: string;
  /** `whsec_…`: the master of every account's webhook secret. */
  webhook_signing_key: string;
  /** 32 bytes in base64. */
  key_encryption_key: string;
  /** What it replaced, while a rotation is on. */
  key_encryption_key_previous?: string;
  qstash: { token: string; current_signing_key: string; next_signing_key: string };
  redis: { token: string };
  cloudinary: { cloud_name: string; api_key: string; api_secret: string };
  /** The platform's own keys, of each vendor's form. */
  providers: { REPLICATE_API_TOKEN: string; FAL_KEY: string };
  demo: { user_id: string; email: string; password: string; api_key: string; admin_api_key: string };
};

const secret = (bytes: number) => randomBytes(bytes).toString('base64url');
const whsec = () => `whsec_${randomBytes(32).toString('base64')}`;

/** Reads the stack's secrets, or makes them; tokens that are about to run out are minted anew with the same signing key. */
export async function loadSecrets(state: StateFolder): Promise<Secrets> {
  const known = readState<Secrets>(state.secrets);
  if (known === undefined) return save(state, await generate(state));
  checkWhole(state, known);
  if (!needsMinting(known.supabase)) return known;
  return save(state, { ...known, supabase: await mintProjectKeys(known.supabase.signing_key) });
}

/** A secret that is missing or cut off would show up as a 401 somewhere much later. */
function checkWhole(state: StateFolder, known: Secrets): void {
  const missing = NEEDED.find((path) => typeof path.split('.').reduce(fieldOf, known) !== 'string');
  const cut = Buffer.from(String(known.key_encryption_key), 'base64').length !== 32 && 'key_encryption_key';
  if (!missing && !cut) return;
  const why = missing ? `${missing} is missing` : `${cut} is not 32 bytes in base64`;
  throw problem(`${shown(state.secrets)} is damaged: ${why}.`, damageAdvice(state.root));
}

const fieldOf = (value: unknown, name: string) => (value as Record<string, unknown> | null | undefined)?.[name];

const NEEDED = [
  'postgres.superuser',
  'postgres.owner',
  'postgres.authenticator',
  'supabase.anon_key',
  'internal_signing_secret',
  'webhook_signing_key',
  'key_encryption_key',
  'qstash.token',
  'qstash.current_signing_key',
  'qstash.next_signing_key',
  'redis.token',
  'cloudinary.cloud_name',
  'cloudinary.api_key',
  'cloudinary.api_secret',
  'providers.REPLICATE_API_TOKEN',
  'providers.FAL_KEY',
  'demo.user_id',
  'demo.email',
  'demo.password',
  'demo.api_key',
  'demo.admin_api_key',
];

function save(state: StateFolder, secrets: Secrets): Secrets {
  writeState(state.secrets, secrets, 0o600);
  return secrets;
}

async function generate(state: StateFolder): Promise<Secrets> {
  refuseWithoutSecrets(state);
  return {
    postgres: { superuser: secret(18), owner: secret(18), authenticator: secret(18) },
    supabase: await mintProjectKeys(),
    internal_signing_secret: whsec(),
    webhook_signing_key: whsec(),
    key_encryption_key: randomBytes(32).toString('base64'),
    qstash: { token: secret(24), current_signing_key: `sig_${secret(21)}`, next_signing_key: `sig_${secret(21)}` },
    redis: { token: secret(24) },
    cloudinary: { cloud_name: 'darkroom-local', api_key: '100000000000001', api_secret: secret(20) },
    providers: { REPLICATE_API_TOKEN: replicateToken(), FAL_KEY: `${randomUUID()}:${randomBytes(16).toString('hex')}` },
    demo: {
      user_id: randomUUID(),
      email: 'demo@darkroom.example',
      password: secret(12),
      api_key: mintSecret('api_key'),
      admin_api_key: mintSecret('api_key'),
    },
  };
}

/** `r8_` and 37 letters and digits. */
const replicateToken = () => `r8_local${randomBytes(32).toString('hex').slice(0, 32)}`;

/** A database without its secrets cannot be opened, and new ones would look like a fresh start that lost everything. */
function refuseWithoutSecrets(state: StateFolder): void {
  if (!existsSync(state.postgres)) return;
  throw problem(`${shown(state.secrets)} is gone; the database cannot be opened without it.`, damageAdvice(state.root));
}
