import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { Json } from '../client.ts';
import type { StackValues } from '../stack-values.ts';
import type { Resolve } from './document.ts';
import { valuesOf } from './schema.ts';

/** What makes a request succeed that no schema says. An operation without one is tried with what its schemas give. */
export type Recipe = {
  caller?: string;
  path?: Record<string, string>;
  query?: string;
  body?: object;
};

const JOB = { model: 'flux-dev', input: { prompt: 'a lighthouse' } };
const OPERATOR = 'an operator';
const USER = 'a user';
const falKey = () => `00000000-0000-4000-8000-${randomBytes(6).toString('hex')}:${randomBytes(16).toString('hex')}`;
const setting = { path: { scope: 'user', scope_id: 'me', operation: 'image' } };

export const RECIPES: Record<string, Recipe> = {
  postJobs: { body: JOB },
  postBatches: { body: { jobs: [JOB, { ...JOB, count: 2 }] } },
  postQuotes: { body: JOB },
  postJobsIdApprove: { path: { id: '{{spare:held}}' } },
  postJobsIdReject: { path: { id: '{{spare:held}}' } },
  postJobsIdRefund: { caller: OPERATOR, body: { credits: 1, reason: 'blurred' } },
  getJobsIdEvents: { path: { id: '{{own:job}}' } },
  postCreditsGrants: {
    caller: OPERATOR,
    body: { account_id: '{{own:acct}}', credits: 1000, kind: 'promo', reason: 'for the test' },
  },
  getModelsId: { path: { id: 'flux-dev' } },
  postOrganizations: { caller: USER },
  postOrganizationsInvitationsAccept: { caller: USER, body: { token: '{{spare:invitation}}' } },
  postOrganizationsIdMembers: { body: { email: 'guest@film.test', role: 'member' } },
  postOrganizationsIdInvitations: { body: { email: 'guest-2@film.test', role: 'billing' } },
  patchOrganizationsIdMembersUserId: { body: { role: 'billing' } },
  putKeyPoolsProfile: { path: { profile: 'fal' }, body: { strategy: 'round_robin' } },
  postProviderKeysReorder: { body: { ids: ['{{own:key}}'] } },
  patchProviderKeysId: { body: { name: 'renamed', priority: 3 } },
  getProviderSettingsScopeScopeIdOperation: setting,
  putProviderSettingsScopeScopeIdOperation: { ...setting, body: { provider: 'fal' } },
  deleteProviderSettingsScopeScopeIdOperation: setting,
  getProviderSettingsEffective: { query: 'operation=image' },
  postClientTokens: { body: { user_ref: 'zoe', scopes: ['jobs'], expires_in: 60 } },
  patchApiKeysId: { body: { name: 'renamed', scopes: ['jobs'] } },
  postApiKeys: { body: { name: 'another', scopes: ['jobs'] } },
};

/** Keys that must be new each time. */
export const FRESH: Record<string, () => object> = {
  postProviderKeys: () => ({ provider: 'fal', api_key: falKey() }),
  postProviderKeysIdReplace: () => ({ api_key: falKey() }),
  postProviderKeysTest: () => ({ provider: 'fal', api_key: falKey() }),
};

export type Hints = Record<string, fc.Arbitrary<unknown>>;

/** Values of members that the schemas call any text. None leads out of this machine. */
export function hintsFor({ inbox, emulators }: StackValues): Hints {
  const inside = ['http://127.0.0.1:1/', 'https://10.0.0.1/', 'https://[::1]/', 'https://2130706433/', 'data:,x'];
  const odd = [
    'https://u:p@10.1.1.1/',
    'https://metadata.google.internal/',
    'https://localhost./',
    'file:///etc/passwd',
  ];
  const addresses = fc.constantFrom(...inside, ...odd, '//x', 'javascript:alert(1)');
  const models = fc.constantFrom('flux-dev', 'fal-ai/flux/dev', 'auto', 'black-forest-labs/flux-dev', 'nope');
  const input = fc.record({ prompt: fc.string({ unit: 'grapheme', minLength: 1 }) });
  return {
    model: models,
    module: models,
    input,
    params: input,
    provider: fc.constantFrom('fal', 'replicate', 'google', 'nobody'),
    api_key: fc.constantFrom('', 'r8_x', falKey()),
    image_url: fc.oneof(fc.constant(`${emulators.cloudinary}/sample.png`), addresses),
    end_image_url: fc.constant(`${emulators.cloudinary}/sample.png`),
    video_url: fc.oneof(fc.constant(`${emulators.cloudinary}/sample.mp4`), addresses),
    webhook_url: fc.oneof(fc.constant(`${inbox}/hostile`), addresses),
    endpoint_url: fc.oneof(fc.constant(`${emulators.fal}/endpoint`), addresses),
    additional_config: fc.oneof(fc.constant({ region: 'eu' }), fc.record({ endpoint_url: addresses })),
    metadata: fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 1 }), { noNullPrototype: true }),
    scope: fc.constant('user'),
    scope_id: fc.constant('me'),
    credits: fc.integer({ min: 1, max: 9 }),
  };
}

/** What each model of the catalogue takes, by the schema that the service shows of it. */
export function jobsFor(models: Json[], resolve: Resolve, hints: Hints): fc.Arbitrary<object> {
  const inputs = models.map(({ id, input_schema }) => {
    const input = valuesOf(input_schema, { resolve, hints: { ...hints, model: fc.constant(id) } });
    return fc.record({ model: fc.constant(id), input });
  });
  return fc.oneof(...inputs);
}
