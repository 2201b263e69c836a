/** What people want to know of a provider; its protocol is elsewhere. */
export type ProviderInfo = {
  id: string;
  name: string;
  /** Whether it gives anything away for nothing. */
  free: boolean;
  key_url: string;
  website_url: string;
  /** The environment variable of its key; `_1`, `_2`, … may follow. */
  env: string;
};

export const providerInfos: readonly ProviderInfo[] = [
  {
    id: 'replicate',
    name: 'Replicate',
    free: false,
    key_url: 'https://replicate.com/account/api-tokens',
    website_url: 'https://replicate.com',
    env: 'REPLICATE_API_TOKEN',
  },
  {
    id: 'fal',
    name: 'fal',
    free: false,
    key_url: 'https://fal.ai/dashboard/keys',
    website_url: 'https://fal.ai',
    env: 'FAL_KEY',
  },
];
