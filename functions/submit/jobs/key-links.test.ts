import { expect, test } from 'vitest';
import { ok, refused } from '../../../shared/errors/result.ts';
import { withKeyLinks } from './key-links.ts';

const origin = 'https://darkroom.test';

test('no key: what is missing, where it is made, where it is set', () => {
  const refusal = refused('provider_key_missing', {
    operation: 'image',
    provider: 'replicate',
    detail: 'image needs a key for replicate: no usable key.',
    settings_url: '/v1/provider-settings/user/me/image',
    considered: [],
  });
  expect(withKeyLinks(refusal, origin)).toMatchObject({
    refusal: {
      operation: 'image',
      provider: 'replicate',
      considered: [],
      detail: 'No API key configured for Replicate: image needs a key for replicate: no usable key.',
      settings_url: 'https://darkroom.test/v1/provider-settings/user/me/image',
      key_url: 'https://replicate.com/account/api-tokens',
    },
  });
});

test('a provider that nobody knows has no page of keys', () => {
  const answer = withKeyLinks(refused('provider_key_missing', { operation: 'image', provider: 'nobody' }), origin);
  expect(answer).toMatchObject({ refusal: { detail: 'No API key configured' } });
  expect(answer).not.toHaveProperty('refusal.key_url');
});

test('everything else passes as it is', () => {
  expect(withKeyLinks(ok(1), origin)).toEqual(ok(1));
  expect(withKeyLinks(refused('forbidden'), origin)).toEqual(refused('forbidden'));
});
