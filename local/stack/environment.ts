import { KEY_VARIABLES, stemOf } from '../../shared/env/provider-variables.ts';
import { shownDatabase } from './database-address.ts';
import { type DevVars, group } from './dev-vars.ts';
import type { ServiceOrigins } from './names.ts';
import type { Secrets } from './secrets.ts';
import { supabaseProject } from './supabase-project.ts';
import type { WorkerEnv } from './workers.ts';

/** Where the front door and everything around the Workers is. */
export type Origins = ServiceOrigins & { front: string };

type QstashAccount = { url: string; token: string; current: string; next: string };

/** Which outside services are real, because `.dev.vars` has credentials for them. */
export type Reality = {
  publicUrl?: string;
  /** Which database, if it is not the local one. */
  supabase?: string;
  qstash: boolean;
  redis: boolean;
  cloudinary: boolean;
  providers: string[];
};

export function realityOf(vars: DevVars): Reality {
  const project = supabaseProject(vars);
  return {
    supabase: project && shownDatabase(project.database_url),
    publicUrl: vars.PUBLIC_URL?.replace(/\/+$/, ''),
    // Without a tunnel nothing outside can reach us, so nothing outside may be our queue.
    qstash: vars.PUBLIC_URL !== undefined && qstashGroup(vars) !== undefined,
    redis: redisGroup(vars) !== undefined,
    cloudinary: cloudinaryGroup(vars) !== undefined,
    providers: emulatedProviders
      .filter(({ names }) => Object.keys(vars).some((name) => names.test(name)))
      .map(({ id }) => id),
  };
}

/** The providers with an emulator, and under which names `.dev.vars` may hold real keys for them. */
const emulatedProviders = [
  { id: 'replicate', names: /^REPLICATE_API_(TOKEN|KEY)(_\d+)?$/ },
  { id: 'fal', names: /^FAL_(API_)?KEY(_\d+)?$/ },
] as const;

const qstashGroup = (vars: DevVars) =>
  group(vars, ['QSTASH_TOKEN', 'QSTASH_CURRENT_SIGNING_KEY', 'QSTASH_NEXT_SIGNING_KEY'] as const);
const redisGroup = (vars: DevVars) => group(vars, ['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN'] as const);
const cloudinaryGroup = (vars: DevVars) =>
  group(vars, ['CLOUDINARY_CLOUD_NAME', 'CLOUDINARY_API_KEY', 'CLOUDINARY_API_SECRET'] as const);

type Inputs = { origins: Origins; secrets: Secrets; vars: DevVars; queueKeys: { current: string; next: string } };

/** What each Worker is given, and no more than that. */
export function workerEnvironment({ origins, secrets, vars, queueKeys }: Inputs): WorkerEnv {
  const reality = realityOf(vars);
  const supabase = supabaseProject(vars) ?? secrets.supabase;
  const emulators = [origins.replicate, origins.fal, origins.cloudinary];
  const common = {
    ENVIRONMENT: 'local',
    PUBLIC_ORIGIN: reality.publicUrl ?? origins.front,
    SUPABASE_URL: origins.supabase,
    SUPABASE_ANON_KEY: supabase.anon_key,
  };
  const users = {
    SUPABASE_JWT_ISSUER: `${origins.supabase}/auth/v1`,
    SUPABASE_JWKS_URL: `${origins.supabase}/auth/v1/.well-known/jwks.json`,
    ALLOWED_ORIGINS: vars.ALLOWED_ORIGINS ?? '',
  };
  const token = (role: keyof WorkerEnv) => ({ SUPABASE_ROLE_TOKEN: supabase.role_tokens[role] });
  const queue = queueAccount({ origins, secrets, vars, queueKeys }, reality);
  const publish = { QSTASH_URL: queue.url, QSTASH_TOKEN: queue.token };
  const internal = { INTERNAL_SIGNING_SECRET: secrets.internal_signing_secret };
  return {
    submit: {
      ...common,
      ...users,
      ...publish,
      ...token('submit'),
      ...redisAccount(origins, secrets, vars),
      LOCAL_ORIGINS: emulators.join(','),
      LOCAL_WEBHOOK_ORIGINS: origins.inbox,
    },
    worker: {
      ...common,
      ...publish,
      ...token('worker'),
      ...internal,
      ...cloudinaryAccount(origins, secrets, vars),
      ...providerEndpoints(origins, vars, reality),
      QSTASH_CURRENT_SIGNING_KEY: queue.current,
      QSTASH_NEXT_SIGNING_KEY: queue.next,
      LOCAL_ORIGINS: emulators.join(','),
      OUTPUT_ORIGINS: emulators.join(','),
      HOOKS: reality.publicUrl !== undefined || reality.providers.length === 0 ? 'on' : 'off',
    },
    // The inbox alone: webhooks may go to no other loopback address.
    callback: {
      ...common,
      ...users,
      ...publish,
      ...token('callback'),
      ...internal,
      WEBHOOK_SIGNING_KEY: secrets.webhook_signing_key,
      LOCAL_ORIGINS: origins.inbox,
    },
    keys: {
      ...common,
      ...users,
      ...token('keys'),
      ...internal,
      ...keyEncryptionKeys(secrets),
      ...keysDatabase(vars),
      LOCAL_ORIGINS: emulators.join(','),
      ...providerEndpoints(origins, vars, reality),
      ...providerKeys(secrets, vars, reality),
    },
  };
}

function queueAccount({ origins, secrets, vars, queueKeys }: Inputs, reality: Reality): QstashAccount {
  const real = reality.qstash ? qstashGroup(vars) : undefined;
  if (real === undefined) return { url: origins.qstash, token: secrets.qstash.token, ...queueKeys };
  return {
    url: vars.QSTASH_URL ?? 'https://qstash.upstash.io',
    token: real.QSTASH_TOKEN,
    current: real.QSTASH_CURRENT_SIGNING_KEY,
    next: real.QSTASH_NEXT_SIGNING_KEY,
  };
}

const redisAccount = (origins: Origins, secrets: Secrets, vars: DevVars) =>
  redisGroup(vars) ?? { UPSTASH_REDIS_REST_URL: origins.redis, UPSTASH_REDIS_REST_TOKEN: secrets.redis.token };

function cloudinaryAccount(origins: Origins, { cloudinary }: Secrets, vars: DevVars): Record<string, string> {
  const emulated = {
    CLOUDINARY_CLOUD_NAME: cloudinary.cloud_name,
    CLOUDINARY_API_KEY: cloudinary.api_key,
    CLOUDINARY_API_SECRET: cloudinary.api_secret,
    CLOUDINARY_ENDPOINT: origins.cloudinary,
  };
  return cloudinaryGroup(vars) ?? emulated;
}

/** During a rotation there are two: the old one only opens. */
function keyEncryptionKeys({ key_encryption_key: current, key_encryption_key_previous: previous }: Secrets) {
  return { KEY_ENCRYPTION_KEY: current, ...(previous && { KEY_ENCRYPTION_KEY_PREVIOUS: previous }) };
}

const keysDatabase = (vars: DevVars) => group(vars, ['WORKER_1_URL', 'WORKER_1_SERVICE_ROLE_KEY'] as const) ?? {};

/** An endpoint for each provider that is emulated; a real key goes to the real one, or where `.dev.vars` says. */
function providerEndpoints(origins: Origins, vars: DevVars, { providers }: Reality): Record<string, string> {
  const replicate = { REPLICATE_ENDPOINT: origins.replicate };
  const fal = { FAL_ENDPOINT: origins.fal, FAL_JWKS_URL: `${origins.fal}/.well-known/jwks.json` };
  return {
    ...pick(vars, isEndpoint),
    ...(providers.includes('replicate') ? {} : replicate),
    ...(providers.includes('fal') ? {} : fal),
  };
}

const isEndpoint = (name: string) => name.endsWith('_ENDPOINT') && !name.startsWith('CLOUDINARY_');

/** The platform's keys: real ones as they stand in `.dev.vars`, made-up ones for providers that are emulated. */
function providerKeys(
  { providers: made }: Secrets,
  vars: DevVars,
  { providers: real }: Reality,
): Record<string, string> {
  const replicate = { REPLICATE_API_TOKEN: made.REPLICATE_API_TOKEN };
  const fal = { FAL_KEY: made.FAL_KEY };
  return {
    ...(real.includes('replicate') ? {} : replicate),
    ...(real.includes('fal') ? {} : fal),
    ...pick(vars, isProviderSecret),
  };
}

const pick = (vars: DevVars, wanted: (name: string) => boolean) =>
  Object.fromEntries(Object.entries(vars).filter(([name]) => wanted(name))) as Record<string, string>;

/** The variables that name a provider's keys, and the secrets beside them; nothing else that happens to end in `_KEY`. */
const providerSecrets = new RegExp(
  `^(${Object.values(KEY_VARIABLES)
    .flat()
    .flatMap((name) => [name, `${stemOf(name)}_API_SECRET`, `${stemOf(name)}_WEBHOOK_SECRET`])
    .join('|')})(_\\d+)?$`,
);
const isProviderSecret = (name: string) => providerSecrets.test(name);
