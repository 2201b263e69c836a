import { Mp3Encoder } from '@breezystack/lamejs';
import { cached, type Media } from './cache.ts';
import { hash } from './hash.ts';

export type AudioRequest = { prompt: string; seconds?: number };

const RATE = 22_050;
const KILOBITS = 48;
const LONGEST_SECONDS = 12;
const NOTE_SECONDS = 0.25;
/** A pentatonic scale: any order of its notes sounds like a melody. */
const SCALE = [262, 294, 330, 392, 440, 523, 587, 659];

/** An MP3 of `seconds` (3, at most 12): a melody that follows from the letters of the prompt. */
export const renderAudio: (request: AudioRequest) => Promise<Media> = cached(drawAudio);

async function drawAudio({ prompt, seconds = 3 }: AudioRequest): Promise<Media> {
  const length = Math.min(Math.max(seconds, 0.5), LONGEST_SECONDS);
  const encoder = new Mp3Encoder(1, RATE, KILOBITS);
  const chunks = [encoder.encodeBuffer(samples(prompt, length)), encoder.flush()].map((chunk) => new Uint8Array(chunk));
  return { bytes: new Uint8Array(Buffer.concat(chunks)), contentType: 'audio/mpeg', seconds: length };
}

function samples(prompt: string, seconds: number): Int16Array {
  const out = new Int16Array(Math.round(seconds * RATE));
  const note = Math.round(NOTE_SECONDS * RATE);
  for (let at = 0; at < out.length; at += 1) {
    const index = Math.floor(at / note);
    const frequency = SCALE[hash(`${prompt}${index}`) % SCALE.length] ?? 440;
    const fade = 1 - (at % note) / note;
    out[at] = Math.round(9000 * fade * Math.sin((2 * Math.PI * frequency * at) / RATE));
  }
  return out;
}
