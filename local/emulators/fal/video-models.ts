import { between, boolean, integer, number, oneOf, required, string, uri, words } from '../support/schema.ts';
import { type FalModel, video } from './model.ts';

const prompt = required(string);
const seed = integer;
const hailuo = { prompt, image_url: required(uri), prompt_optimizer: boolean, duration: oneOf('6', '10') };
const reframe = {
  video_url: required(uri),
  aspect_ratio: required(words('1:1 16:9 9:16 4:3 3:4 21:9 9:21')),
  prompt: string,
  image_url: uri,
  grid_position_x: integer,
  grid_position_y: integer,
  x_start: integer,
  x_end: integer,
  y_start: integer,
  y_end: integer,
};

/** Video models this emulator knows from the start; fields and outputs as in the types of `@fal-ai/client` 1.10. */
export const VIDEO_MODELS: Record<string, FalModel> = {
  'fal-ai/minimax/video-01': video({ prompt, prompt_optimizer: boolean }, 6),
  'fal-ai/minimax/video-01/image-to-video': video({ prompt, image_url: required(uri), prompt_optimizer: boolean }, 6),
  'fal-ai/minimax/hailuo-02-fast/image-to-video': video(hailuo, 6),
  'fal-ai/minimax/hailuo-02/standard/image-to-video': video(
    { ...hailuo, resolution: oneOf('512P', '768P'), end_image_url: uri },
    6,
  ),
  'fal-ai/luma-dream-machine/ray-2/reframe': video(reframe),
  'fal-ai/luma-dream-machine/ray-2-flash/reframe': video(reframe),
  'fal-ai/topaz/upscale/video': video({
    video_url: required(uri),
    model: string,
    upscale_factor: between(1, 4, 'number'),
    target_fps: between(16, 60),
    compression: number,
    noise: number,
    halo: number,
    grain: number,
    recover_detail: number,
    H264_output: boolean,
  }),
  'fal-ai/kling-video/v2.5-turbo/pro/image-to-video': video({
    prompt,
    image_url: required(uri),
    tail_image_url: uri,
    negative_prompt: string,
    duration: oneOf('5', '10'),
    cfg_scale: between(0, 1, 'number'),
  }),
  'fal-ai/bytedance/seedance/v1/lite/text-to-video': video(
    {
      prompt,
      seed,
      aspect_ratio: words('21:9 16:9 4:3 1:1 3:4 9:16 9:21'),
      resolution: oneOf('480p', '720p', '1080p'),
      duration: words('2 3 4 5 6 7 8 9 10 11 12'),
      camera_fixed: boolean,
      enable_safety_checker: boolean,
      num_frames: between(29, 289),
    },
    5,
    ['video', 'seed'],
  ),
};
