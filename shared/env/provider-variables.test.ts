import { expect, test } from 'vitest';
import { providerInfos } from '../catalog/providers.ts';
import { customEndpoints, endpointOf, KEY_VARIABLES } from './provider-variables.ts';

test('every provider has variables for its keys, and the first is the one we name', () => {
  expect(providerInfos.map(({ id, env }) => [id, env])).toEqual(
    Object.entries(KEY_VARIABLES).map(([id, [first]]) => [id, first]),
  );
});

test.each([
  ['replicate', 'REPLICATE_ENDPOINT'],
  ['fal', 'FAL_ENDPOINT'],
  ['google', 'GOOGLE_ENDPOINT'],
  ['google', 'GEMINI_ENDPOINT'],
  ['bfl', 'FLUX_ENDPOINT'],
  ['openai', 'SORA_ENDPOINT'],
  ['alibaba', 'WAN_ENDPOINT'],
  ['huggingface', 'HF_ENDPOINT'],
])('%s moves by %s', (provider, name) => {
  expect(endpointOf({ [name]: 'https://proxy.example/v1/' }, provider)).toBe('https://proxy.example/v1');
});

test.each(['', 'nonsense', undefined])('%j moves nothing', (value) => {
  expect(endpointOf({ FAL_ENDPOINT: value }, 'fal')).toBeUndefined();
});

test('self-hosted models, by operation', () => {
  const at = (name: string) => `https://acme--${name}.modal.run`;
  const env = {
    MODAL_IMAGE_ENDPOINT: at('image'),
    MODAL_IMAGE_EDIT_ENDPOINT: at('edit'),
    MODAL_TTS_ENDPOINT: at('tts'),
    MODAL_LLM_ENDPOINT: at('llm'),
    MODAL_VIDEO_ENDPOINT: '',
    MODAL_ENDPOINT: at('x'),
  };
  expect(customEndpoints(env)).toEqual({
    image: at('image'),
    'image-edit': at('edit'),
    tts: at('tts'),
    chat: at('llm'),
  });
});
