import { planOf } from '../../shared/catalog/plan.ts';
import { keyHash } from './accounts.ts';

/** What `submit` sends to `api.accept`: one picture of one provider. `provider` is its lane's name, too. */
export const credential = (account: number) => ({ kind: 'api_key', hash: keyHash(account) });

export const acceptRequest = (provider: string, key: string) => ({
  batch: false,
  idempotency_key: key,
  request_hash: '79b77df96266e74eb025d794f3deb14887a7d8e9589dc5f1014ed6a8f3da4a27',
  jobs: [
    {
      model: 'flux-dev',
      requested_model: 'flux-dev',
      operation: 'image',
      input: { prompt: 'a red fox' },
      count: 1,
      preview: 'none',
      priority: 'normal',
      deadline_seconds: 86_400,
      deadline_set: false,
      routing: {},
      metadata: {},
      warnings: [],
      considered: [],
      eta_seconds: 5,
      ...planOf([['final', [candidate(provider)]]], 1),
    },
  ],
});

const candidate = (provider: string) => ({
  provider,
  provider_model: `${provider}/one`,
  profiles: [provider],
  rank: 0,
  outputs_per_call: 1,
  longest_seconds: 300,
  credits: 10,
  fee_credits: 0,
  cost_usd: 0.01,
  price_version: '2026-11-01',
});

export const laneOf = (provider: string) => `${provider}:platform`;

/** The verdict of an attempt that delivered. */
export const verdict = {
  event: 'succeeded',
  outputs: [{ n: 1, kind: 'image', url: 'https://media.test/1', content_type: 'image/png', bytes: 10, public_id: 'x' }],
};
