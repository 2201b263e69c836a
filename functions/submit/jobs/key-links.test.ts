import { expect, test } from 'vitest';
import { ok, refused } from '../../../shared/errors/result.ts';
import { withKeyLinks } from './key-links.ts';

const origin = 'https://darkroom.test';

const missing = (reason?: string, provider = 'replicate') =>
  refused('provider_key_missing', {
    operation: 'image',
    provider,
    reason,
    detail: `image needs a key for ${provider}: ${reason}.`,
    settings_url: '/v1/provider-settings/user/me/image',
    considered:
      reason === undefined
        ? []
        : [
            { provider: 'fal', reason: 'no usable key' },
            { provider, reason },
          ],
  });

test('no key: what is missing, where it is made, where it is set', () => {
  expect(withKeyLinks(missing('no usable key'), origin)).toMatchObject({
    refusal: {
      operation: 'image',
      provider: 'replicate',
      considered: [{ provider: 'fal' }, { provider: 'replicate', reason: 'no usable key' }],
      detail: 'No API key configured for Replicate, and image needs one.',
      settings_url: 'https://darkroom.test/v1/provider-settings/user/me/image',
      key_url: 'https://replicate.com/account/api-tokens',
    },
  });
});

test.each([
  ['no usable key; named by a setting', 'No API key configured for Replicate, and image needs one.'],
  [
    'only the platform has a key',
    'No API key configured for Replicate, and image needs one: only the platform has a key.',
  ],
  [
    "the user's own key is disabled: Invalid token",
    "No API key configured for Replicate, and image needs one: the user's own key is disabled: Invalid token.",
  ],
  [undefined, 'No API key configured for Replicate, and image needs one.'],
])('the reason is said once, where it is another one: %s', (reason, detail) => {
  expect(withKeyLinks(missing(reason), origin)).toMatchObject({ refusal: { detail } });
});

test('a provider that nobody knows has no page of keys', () => {
  const answer = withKeyLinks(missing('no usable key', 'nobody'), origin);
  expect(answer).toMatchObject({ refusal: { detail: 'No API key configured for nobody, and image needs one.' } });
  expect(answer).not.toHaveProperty('refusal.key_url');
  expect(withKeyLinks(refused('provider_key_missing'), origin)).toMatchObject({
    refusal: { detail: 'No API key configured.' },
  });
});

test('everything else passes as it is', () => {
  expect(withKeyLinks(ok(1), origin)).toEqual(ok(1));
  expect(withKeyLinks(refused('forbidden'), origin)).toEqual(refused('forbidden'));
});
