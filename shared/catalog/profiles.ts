/**
 * Named pools of keys with the provider they are for and the provider's models they serve. Any other model has one
 * profile, named after its provider.
 */
export const profiles: Readonly<Record<string, { provider: string; models: readonly string[] }>> = {
  'vision-nova': {
    provider: 'replicate',
    models: [
      'google/imagen-4',
      'black-forest-labs/flux-kontext-pro',
      'ideogram-ai/ideogram-v3-turbo',
      'black-forest-labs/flux-1.1-pro',
      'black-forest-labs/flux-dev',
    ],
  },
  'vision-atlas': vision(),
  'vision-flux': vision(),
  'cinematic-nova': {
    provider: 'replicate',
    models: ['minimax/video-01', 'luma/reframe-video', 'topazlabs/video-upscale'],
  },
  'cinematic-pro': cinematic(),
  'cinematic-x': cinematic(),
};

function vision() {
  const models = ['fal-ai/flux-2-pro', 'fal-ai/nano-banana-pro', 'fal-ai/gpt-image-1.5'];
  return { provider: 'fal', models: [...models, 'fal-ai/bytedance/seedream/v4/text-to-image'] };
}

function cinematic() {
  return {
    provider: 'fal',
    models: [
      'fal-ai/kling-video/v2.5-turbo/pro/image-to-video',
      'fal-ai/minimax/hailuo-02-fast/image-to-video',
      'fal-ai/minimax/hailuo-02/standard/image-to-video',
      'fal-ai/bytedance/seedance/v1/lite/text-to-video',
    ],
  };
}

/** The profiles that may serve a provider's model: the first with a usable key does. The provider's own comes last. */
export function profilesOf(provider: string, providerModel: string): string[] {
  const named = Object.entries(profiles).filter(
    ([, pool]) => pool.provider === provider && pool.models.includes(providerModel),
  );
  return [...named.map(([name]) => name), provider];
}
