import { renderAudio } from './audio.ts';
import type { Media } from './cache.ts';
import { renderImage } from './image.ts';
import { renderVideo } from './video.ts';

const PROMPT = 'a sample from the darkroom';

/** The files an emulator offers as inputs under these names at its root. */
export const SAMPLES = ['sample.png', 'sample.jpg', 'sample.mp4', 'sample.mp3'] as const;
export type SampleName = (typeof SAMPLES)[number];

export function sample(name: SampleName): Promise<Media> {
  if (name === 'sample.mp4') return renderVideo({ prompt: PROMPT, seconds: 3 });
  if (name === 'sample.mp3') return renderAudio({ prompt: PROMPT, seconds: 3 });
  return renderImage({ prompt: PROMPT, width: 640, height: 480, format: name === 'sample.jpg' ? 'jpeg' : 'png' });
}
