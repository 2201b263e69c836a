import { between, boolean, integer, oneOf, required, string, uri, uris, words } from '../support/schema.ts';
import { image, type ReplicateModel } from './model.ts';

const prompt = required(string);
const seed = integer;
const output_format = oneOf('webp', 'jpg', 'png');
const output_quality = between(0, 100);
const aspect_ratio = words('1:1 16:9 21:9 3:2 2:3 4:5 5:4 3:4 4:3 9:16 9:21');
const any_ratio = words('match_input_image custom 1:1 16:9 9:16 4:3 3:4 3:2 2:3 4:5 5:4 21:9 9:21 2:1 1:2');
const safety_tolerance = between(0, 6);
const flux = {
  prompt,
  seed,
  go_fast: boolean,
  megapixels: oneOf('1', '0.25'),
  num_outputs: between(1, 4),
  aspect_ratio,
  output_format,
  output_quality,
  disable_safety_checker: boolean,
};
const imagen = {
  prompt,
  aspect_ratio: words('1:1 9:16 16:9 3:4 4:3'),
  safety_filter_level: oneOf('block_low_and_above', 'block_medium_and_above', 'block_only_high'),
  output_format: oneOf('jpg', 'png'),
};

/** Image models this emulator knows from the start; fields and outputs as the vendor publishes them. */
export const IMAGE_MODELS: Record<string, ReplicateModel> = {
  'google/imagen-4': image('uri', 'jpeg', { ...imagen, image_size: oneOf('1K', '2K') }),
  'google/imagen-4-fast': image('uri', 'jpeg', imagen),
  'black-forest-labs/flux-kontext-pro': image('uri', 'png', {
    prompt,
    input_image: uri,
    aspect_ratio: any_ratio,
    seed,
    output_format: oneOf('jpg', 'png'),
    safety_tolerance,
    prompt_upsampling: boolean,
  }),
  'ideogram-ai/ideogram-v3-turbo': image('uri', 'png', {
    prompt,
    aspect_ratio: words('1:3 3:1 1:2 2:1 9:16 16:9 10:16 16:10 2:3 3:2 3:4 4:3 4:5 5:4 1:1'),
    resolution: string,
    magic_prompt_option: oneOf('Auto', 'On', 'Off'),
    image: uri,
    mask: uri,
    style_type: words('None Auto General Realistic Design'),
    style_preset: string,
    style_reference_images: uris,
    seed,
  }),
  'black-forest-labs/flux-1.1-pro': {
    ...image('uri', 'webp', {
      prompt,
      seed,
      width: between(256, 1440),
      height: between(256, 1440),
      aspect_ratio: any_ratio,
      image_prompt: uri,
      output_format,
      output_quality,
      safety_tolerance,
      prompt_upsampling: boolean,
    }),
    version: 'badb73d13c01c716f59b538fae81023a6c0a4f3aaedd00d477602c204c9e1232',
  },
  'black-forest-labs/flux-dev': {
    ...image('array', 'webp', {
      ...flux,
      image: uri,
      guidance: between(0, 10, 'number'),
      prompt_strength: between(0, 1, 'number'),
      num_inference_steps: between(1, 50),
    }),
    version: '7863d1ba11a1bb115732a12488486eb8bb3d54ae62cff189f1677a31dbcdfd2e',
  },
  'black-forest-labs/flux-schnell': {
    ...image('array', 'webp', { ...flux, num_inference_steps: between(1, 4) }),
    version: '53d5d1586a229bd033e060941789bfb0c177cefd5ef638f34b3099658343a897',
  },
  'black-forest-labs/flux-2-pro': image('uri', 'webp', {
    prompt,
    input_images: uris,
    aspect_ratio: any_ratio,
    resolution: string,
    width: integer,
    height: integer,
    seed,
    output_format,
    output_quality,
    safety_tolerance,
    prompt_upsampling: boolean,
  }),
  'openai/gpt-image-1.5': image('array', 'webp', {
    prompt,
    aspect_ratio: oneOf('1:1', '3:2', '2:3'),
    quality: words('low medium high auto'),
    background: oneOf('auto', 'transparent', 'opaque'),
    input_images: uris,
    input_fidelity: oneOf('low', 'high'),
    moderation: oneOf('auto', 'low'),
    number_of_images: between(1, 10),
    output_format: oneOf('png', 'jpeg', 'webp'),
    output_compression: between(0, 100),
    openai_api_key: string,
    user_id: string,
  }),
  'bytedance/seedream-4': image('array', 'jpeg', {
    prompt,
    image_input: uris,
    size: words('1K 2K 4K custom'),
    aspect_ratio: any_ratio,
    width: between(1024, 4096),
    height: between(1024, 4096),
    sequential_image_generation: oneOf('disabled', 'auto'),
    max_images: between(1, 15),
    enhance_prompt: boolean,
  }),
  'nightmareai/real-esrgan': {
    ...image('uri', 'png', { image: required(uri), scale: between(0, 10, 'number'), face_enhance: boolean }),
    official: false,
    version: 'f121d640bd286e1fdc67f9799164c1d5be36ff74576ee11c803ae5b665dd46aa',
  },
};
