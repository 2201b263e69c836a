import { once } from '../async/once.ts';
import { arrayOf, described, named, optional, text, whole } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { AccountId, ApiKeyId, ClientTokenId, OrganizationId } from './ids.ts';
import { listOf, pageQuery } from './lists.ts';
import { contract } from './route-doc.ts';
import { ApiScope, CreditAmount, CreditCap, EndUser, Name, Timestamp } from './scalars.ts';

const Scopes = once(() => arrayOf(ApiScope(), 1, 5));
const Models = once(() => arrayOf(text(1, 200), 1, 200));
const MAX_OVERLAP_SECONDS = 7 * 86_400;
const MAX_TOKEN_SECONDS = 86_400;

const limits = once(() => ({
  expires_at: z.nullish(Timestamp()),
  allowed_models: described(z.nullish(Models()), 'Nothing but these; all of them unless given'),
  monthly_credit_cap: described(
    z.nullish(CreditCap()),
    'Credits a month, counted for each account that the key spends from: its own, and organisations it acts for',
  ),
  rate_limit_per_minute: z.nullish(whole(1, 1_000_000)),
}));

export const ApiKeyRequest = named('ApiKeyRequest', () =>
  z.strictObject({ name: Name(), scopes: Scopes(), organization_id: z.optional(OrganizationId()), ...limits() }),
);

const ApiKeyChange = named('ApiKeyChange', () =>
  z
    .strictObject({ name: z.optional(Name()), scopes: z.optional(Scopes()), ...limits() })
    .check(z.refine((change) => Object.values(change).some((value) => value !== undefined), 'Must change something')),
);

export const ApiKey = named('ApiKey', () =>
  z.looseObject({
    id: ApiKeyId(),
    name: z.string(),
    prefix: described(z.string(), 'Its first characters, to know it by'),
    scopes: z.array(z.string()),
    allowed_models: z.nullable(z.array(z.string())),
    monthly_credit_cap: z.nullable(z.int()),
    cap_used: described(z.nullable(z.int()), 'Drawn on the cap of its own account this month'),
    rate_limit_per_minute: z.nullable(z.int()),
    account_id: AccountId(),
    organization_id: z.nullable(OrganizationId()),
    status: z.enum(['active', 'expired', 'revoked']),
    expires_at: z.nullable(Timestamp()),
    revoked_at: z.nullable(Timestamp()),
    last_used_at: z.nullable(Timestamp()),
    created_at: Timestamp(),
  }),
);

const NewApiKey = () =>
  z.extend(ApiKey(), {
    key: optional(z.string(), 'Shown this once, and not by a replay'),
  });

export const ClientTokenRequest = named('ClientTokenRequest', () =>
  z.strictObject({
    user_ref: described(EndUser(), 'Whose it is, in the app’s own words; its jobs carry it as `end_user`'),
    scopes: described(arrayOf(ApiScope(), 1, 5), '`jobs`, and no other'),
    allowed_models: z.nullish(Models()),
    max_credits: described(z.nullish(CreditAmount()), 'Most that all jobs of the token may cost together'),
    expires_in: described(whole(1, MAX_TOKEN_SECONDS), 'Seconds'),
  }),
);

export const ClientToken = named('ClientToken', () =>
  z.looseObject({
    id: z.string(),
    user_ref: z.string(),
    scopes: z.array(z.string()),
    expires_at: Timestamp(),
    token: optional(z.string(), 'Shown this once, and not by a replay'),
  }),
);

const tag = 'API keys';
const params = () => z.object({ id: ApiKeyId() });
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
  query: () => z.strictObject({ organization_id: z.optional(OrganizationId()), ...pageQuery(/^ak_[0-9a-f]{32}$/) }),
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
  body: () => z.strictObject({ overlap_seconds: z._default(whole(0, MAX_OVERLAP_SECONDS), 0) }),
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
  params: () => z.object({ id: ClientTokenId() }),
  answers: { 204: { description: 'It opens nothing any more' } },
  refusals: ['forbidden', 'not_found'],
});
