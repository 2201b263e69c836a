const BITRATES_1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const BITRATES_2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const RATES = [44_100, 48_000, 32_000];

type Frame = { length: number; seconds: number };

/** Seconds of an MP3, frame by frame (ISO/IEC 11172-3 and 13818-3, layer III); undefined if it has no frames. */
export function mp3Duration(bytes: Uint8Array): number | undefined {
  let at = tagLength(bytes);
  let [seconds, frames] = [0, 0];
  for (let frame = readFrame(bytes, at); frame !== undefined; frame = readFrame(bytes, at)) {
    at += frame.length;
    seconds += frame.seconds;
    frames += 1;
  }
  // One match may be chance.
  return frames < 2 ? undefined : seconds;
}

function readFrame(bytes: Uint8Array, at: number): Frame | undefined {
  const [sync = 0, second = 0, third = 0] = bytes.subarray(at, at + 3);
  const version = (second >> 3) & 3;
  const rateIndex = (third >> 2) & 3;
  const bitrateIndex = third >> 4;
  if (sync !== 0xff || (second & 0xe6) !== 0xe2 || version === 1 || rateIndex === 3) return undefined;
  if (bitrateIndex === 0 || bitrateIndex === 15) return undefined;
  const first = version === 3;
  const rate = (RATES[rateIndex] ?? 0) / (first ? 1 : version === 2 ? 2 : 4);
  const bitrate = ((first ? BITRATES_1 : BITRATES_2)[bitrateIndex] ?? 0) * 1000;
  const samples = first ? 1152 : 576;
  return { length: Math.floor((samples / 8) * (bitrate / rate)) + ((third >> 1) & 1), seconds: samples / rate };
}

/** An ID3v2 tag in front; its size is written in four groups of seven bits. */
function tagLength(bytes: Uint8Array): number {
  if (Buffer.from(bytes.subarray(0, 3)).toString('latin1') !== 'ID3') return 0;
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(6, 10);
  return 10 + ((a << 21) | (b << 14) | (c << 7) | d);
}
