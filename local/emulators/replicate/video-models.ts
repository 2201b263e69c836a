import { between, boolean, integer, number, oneOf, required, string, uri, uris, words } from '../support/schema.ts';
import { type ReplicateModel, video } from './model.ts';

const prompt = required(string);
const seed = integer;

/** Video models this emulator knows from the start; fields and outputs as the vendor publishes them. */
export const VIDEO_MODELS: Record<string, ReplicateModel> = {
  'minimax/video-01': {
    ...video({ prompt, prompt_optimizer: boolean, first_frame_image: uri, subject_reference: uri }),
    version: '6be8dfbbf29ba949b6bce8ca1b93fd8cf24f84f0b246852e98e0a5c7a4c02091',
  },
  'minimax/hailuo-02': video({
    prompt,
    duration: oneOf(6, 10),
    resolution: oneOf('512p', '768p', '1080p'),
    first_frame_image: uri,
    last_frame_image: uri,
    prompt_optimizer: boolean,
  }),
  'luma/reframe-video': video({
    prompt: string,
    video: uri,
    video_url: uri,
    aspect_ratio: words('1:1 3:4 4:3 9:16 16:9 9:21 21:9'),
    grid_position_x: integer,
    grid_position_y: integer,
    x_start: integer,
    x_end: integer,
    y_start: integer,
    y_end: integer,
  }),
  'topazlabs/video-upscale': video({
    video: required(uri),
    target_resolution: oneOf('720p', '1080p', '4k'),
    target_fps: between(15, 120),
  }),
  'kwaivgi/kling-v2.5-turbo-pro': video({
    prompt,
    negative_prompt: string,
    start_image: uri,
    end_image: uri,
    image: uri,
    aspect_ratio: oneOf('16:9', '9:16', '1:1'),
    duration: oneOf(5, 10),
    guidance_scale: number,
  }),
  'bytedance/seedance-1-lite': video({
    prompt,
    image: uri,
    last_frame_image: uri,
    reference_images: uris,
    duration: between(2, 12),
    resolution: oneOf('480p', '720p', '1080p'),
    aspect_ratio: words('16:9 4:3 1:1 3:4 9:16 21:9 9:21'),
    fps: oneOf(24),
    camera_fixed: boolean,
    seed,
  }),
};
