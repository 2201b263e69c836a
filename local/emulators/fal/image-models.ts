import {
  any,
  between,
  boolean,
  integer,
  oneOf,
  required,
  string,
  strings,
  uri,
  uris,
  words,
} from '../support/schema.ts';
import { type FalModel, image } from './model.ts';

const prompt = required(string);
const seed = integer;
const image_size = any;
const num_images = between(1, 4);
const sync_mode = boolean;
const safety_tolerance = words('1 2 3 4 5 6');
const output_format = oneOf('jpeg', 'png');
const three_formats = oneOf('jpeg', 'png', 'webp');
const ratios = '21:9 16:9 3:2 4:3 5:4 1:1 4:5 3:4 2:3 9:16';
const FLUX = ['images', 'timings', 'seed', 'has_nsfw_concepts', 'prompt'];
const fluxPro = { prompt, seed, num_images, output_format, safety_tolerance, enhance_prompt: boolean, sync_mode };
const fluxOpen = {
  prompt,
  seed,
  num_images,
  output_format,
  image_size,
  enable_safety_checker: boolean,
  guidance_scale: between(1, 20, 'number'),
  acceleration: oneOf('none', 'regular', 'high'),
  sync_mode,
};
const banana = {
  prompt,
  seed,
  num_images,
  aspect_ratio: words(`auto ${ratios}`),
  output_format: three_formats,
  resolution: oneOf('1K', '2K', '4K'),
  safety_tolerance,
  limit_generations: boolean,
  enable_web_search: boolean,
  sync_mode,
};

/** Image models this emulator knows from the start; fields and outputs as in the types of `@fal-ai/client` 1.10. */
export const IMAGE_MODELS: Record<string, FalModel> = {
  'fal-ai/imagen4/preview': image(
    {
      prompt,
      seed,
      num_images,
      aspect_ratio: words('1:1 16:9 9:16 4:3 3:4'),
      output_format: three_formats,
      resolution: oneOf('1K', '2K'),
      safety_tolerance,
      sync_mode,
    },
    ['images', 'description'],
  ),
  'fal-ai/flux-pro/kontext': image(
    {
      ...fluxPro,
      image_url: required(uri),
      aspect_ratio: words(`${ratios} 9:21`),
      guidance_scale: between(1, 20, 'number'),
    },
    FLUX,
    'jpeg',
  ),
  'fal-ai/flux-pro/v1.1': image({ ...fluxPro, image_size }, FLUX, 'jpeg'),
  'fal-ai/flux/dev': image({ ...fluxOpen, num_inference_steps: between(1, 50) }, FLUX, 'jpeg'),
  'fal-ai/flux/schnell': image({ ...fluxOpen, num_inference_steps: between(1, 12) }, FLUX, 'jpeg'),
  'fal-ai/flux-2-pro': image(
    {
      prompt,
      seed,
      image_size,
      output_format,
      safety_tolerance: words('1 2 3 4 5'),
      enable_safety_checker: boolean,
      sync_mode,
    },
    ['images', 'seed'],
    'jpeg',
  ),
  'fal-ai/ideogram/v3': image(
    {
      prompt,
      seed,
      num_images: between(1, 8),
      image_size,
      negative_prompt: string,
      expand_prompt: boolean,
      rendering_speed: oneOf('TURBO', 'BALANCED', 'QUALITY'),
      style: words('AUTO GENERAL REALISTIC DESIGN'),
      style_preset: string,
      style_codes: strings,
      color_palette: any,
      image_urls: uris,
      sync_mode,
    },
    ['images', 'seed'],
  ),
  'fal-ai/nano-banana-pro': image(banana, ['images', 'description']),
  'fal-ai/gemini-3-pro-image-preview': image(banana, ['images', 'description']),
  'fal-ai/nano-banana-pro/edit': image({ ...banana, image_urls: required(uris) }, ['images', 'description']),
  'fal-ai/gpt-image-1.5': image(
    {
      prompt,
      num_images,
      image_size: oneOf('1024x1024', '1536x1024', '1024x1536'),
      background: oneOf('auto', 'transparent', 'opaque'),
      quality: oneOf('low', 'medium', 'high'),
      output_format: three_formats,
      sync_mode,
    },
    ['images'],
  ),
  'fal-ai/bytedance/seedream/v4/text-to-image': image(
    {
      prompt,
      seed,
      num_images: between(1, 6),
      max_images: between(1, 6),
      image_size,
      enable_safety_checker: boolean,
      enhance_prompt_mode: oneOf('standard', 'fast'),
      sync_mode,
    },
    ['images', 'seed'],
  ),
};
