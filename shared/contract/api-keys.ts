import * as z from 'zod';
import { AccountId, ApiKeyId, ClientTokenId, OrganizationId } from './ids.ts';
import { listOf, pageQuery } from './lists.ts';
import { contract } from './route-doc.ts';
import { ApiScope, CreditAmount, EndUser, Name, Timestamp } from './scalars.ts';

const Scopes = z.array(ApiScope).min(1).max(5);
const Models = z.array(z.string().min(1).max(200)).min(1).max(200);
const MAX_OVERLAP_SECONDS = 7 * 86_400;
const MAX_TOKEN_SECONDS = 86_400;

const limits = {
  expires_at: Timestamp.nullish(),
  allowed_models: Models.nullish().describe('Nothing but these; all of them unless given'),
  monthly_credit_cap: CreditAmount.or(z.literal(0)).nullish(),
  rate_limit_per_minute: z.int().min(1).max(1_000_000).nullish(),
};

export const ApiKeyRequest = z
  .strictObject({ name: Name, scopes: Scopes, organization_id: OrganizationId.optional(), ...limits })
  .meta({ id: 'ApiKeyRequest' });

const ApiKeyChange = z
  .strictObject({ name: Name.optional(), scopes: Scopes.optional(), ...limits })
  .refine((change) => Object.values(change).some((value) => value !== undefined), 'Must change something')
  .meta({ id: 'ApiKeyChange' });

export const ApiKey = z
  .looseObject({
    id: ApiKeyId,
    name: z.string(),
    prefix: z.string().describe('Its first characters, to know it by'),
    scopes: z.array(z.string()),
    allowed_models: z.array(z.string()).nullable(),
    monthly_credit_cap: z.int().nullable(),
    cap_used: z.int().nullable().describe('Drawn on the cap this month'),
    rate_limit_per_minute: z.int().nullable(),
    account_id: AccountId,
    organization_id: OrganizationId.nullable(),
    status: z.enum(['active', 'expired', 'revoked']),
    expires_at: Timestamp.nullable(),
    revoked_at: Timestamp.nullable(),
    last_used_at: Timestamp.nullable(),
    created_at: Timestamp,
  })
  .meta({ id: 'ApiKey' });

const NewApiKey = ApiKey.extend({ key: z.string().optional().describe('Shown this once, and not by a replay') });

export const ClientTokenRequest = z
  .strictObject({
    user_ref: EndUser.describe('Whose it is, in the app’s own words; its jobs carry it as `end_user`'),
    scopes: z.array(ApiScope).min(1).max(5).describe('`jobs`, and no other'),
    allowed_models: Models.nullish(),
    max_credits: CreditAmount.nullish().describe('Most that all jobs of the token may cost together'),
    expires_in: z.int().min(1).max(MAX_TOKEN_SECONDS).describe('Seconds'),
  })
  .meta({ id: 'ClientTokenRequest' });

export const ClientToken = z
  .looseObject({
    id: z.string(),
    user_ref: z.string(),
    scopes: z.array(z.string()),
    expires_at: Timestamp,
    token: z.string().optional().describe('Shown this once, and not by a replay'),
  })
  .meta({ id: 'ClientToken' });

const tag = 'API keys';
const params = z.object({ id: ApiKeyId });
const apiKey = { description: 'The key as it is now', schema: ApiKey };

export const createApiKey = contract({
  method: 'post',
  path: '/v1/api-keys',
  scopes: ['keys'],
  tag,
  summary: 'Make a key for a client; it is shown once',
  body: ApiKeyRequest,
  idempotency: 'optional',
  answers: { 201: { description: 'Made', schema: NewApiKey } },
  refusals: ['forbidden', 'not_found', 'idempotency_mismatch'],
});

export const listApiKeys = contract({
  method: 'get',
  path: '/v1/api-keys',
  scopes: ['keys'],
  tag,
  summary: 'Keys of the account',
  query: z.strictObject({ organization_id: OrganizationId.optional(), ...pageQuery(/^ak_[0-9a-f]{32}$/) }),
  answers: { 200: { description: 'A page of keys', schema: listOf(ApiKey) } },
  refusals: ['forbidden', 'not_found'],
});

export const showApiKey = contract({
  method: 'get',
  path: '/v1/api-keys/{id}',
  scopes: ['keys'],
  tag,
  summary: 'One key',
  params,
  answers: { 200: apiKey },
  refusals: ['forbidden', 'not_found'],
});

export const changeApiKey = contract({
  method: 'patch',
  path: '/v1/api-keys/{id}',
  scopes: ['keys'],
  tag,
  summary: 'Rename a key, or narrow or widen what it may',
  description: 'Not of a key that is revoked or was rolled.',
  params,
  body: ApiKeyChange,
  answers: { 200: apiKey },
  refusals: ['forbidden', 'not_found', 'invalid_state'],
});

export const rollApiKey = contract({
  method: 'post',
  path: '/v1/api-keys/{id}/roll',
  scopes: ['keys'],
  tag,
  summary: 'A new key with the same rights; the old one works a while longer',
  params,
  body: z.strictObject({ overlap_seconds: z.int().min(0).max(MAX_OVERLAP_SECONDS).default(0) }),
  idempotency: 'optional',
  answers: { 201: { description: 'The new key', schema: NewApiKey } },
  refusals: ['forbidden', 'not_found', 'invalid_state', 'idempotency_mismatch'],
});

export const revokeApiKey = contract({
  method: 'delete',
  path: '/v1/api-keys/{id}',
  scopes: ['keys'],
  tag,
  summary: 'Revoke a key at once',
  params,
  answers: { 204: { description: 'It opens nothing any more' } },
  refusals: ['forbidden', 'not_found'],
});

export const createClientToken = contract({
  method: 'post',
  path: '/v1/client-tokens',
  scopes: ['jobs'],
  tag,
  summary: 'A short-lived token that an app may hold for one of its users',
  body: ClientTokenRequest,
  idempotency: 'optional',
  answers: { 201: { description: 'Made', schema: ClientToken } },
  refusals: ['forbidden', 'not_found', 'idempotency_mismatch'],
});

export const revokeClientToken = contract({
  method: 'delete',
  path: '/v1/client-tokens/{id}',
  scopes: ['jobs'],
  tag,
  summary: 'Revoke a token at once',
  params: z.object({ id: ClientTokenId }),
  answers: { 204: { description: 'It opens nothing any more' } },
  refusals: ['forbidden', 'not_found'],
});
