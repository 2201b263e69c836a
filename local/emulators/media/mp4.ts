/** One H.264 track in an MP4 file (ISO/IEC 14496-12 and -15), index first, so that players can start at once. */
export type Track = {
  width: number;
  height: number;
  framesPerSecond: number;
  sequence: Uint8Array;
  picture: Uint8Array;
  /** One NAL unit a frame; the first is the only key picture. */
  frames: Uint8Array[];
};

const TIMESCALE = 1000;
const MATRIX = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000];

export function muxMp4(track: Track): Uint8Array {
  const samples = track.frames.map((frame) => concat(u32(frame.length), frame));
  const type = box('ftyp', ascii('isom'), u32(512), ascii('isomiso2avc1mp41'));
  const index = movie(track, samples, 0);
  const offset = type.length + index.length + 8;
  return concat(type, movie(track, samples, offset), box('mdat', ...samples));
}

function movie(track: Track, samples: Uint8Array[], offset: number): Uint8Array {
  const duration = Math.round((samples.length / track.framesPerSecond) * TIMESCALE);
  const header = full(
    'mvhd',
    0,
    u32(0, 0, TIMESCALE, duration, 0x10000),
    u16(0x100, 0),
    u32(0, 0, ...MATRIX, 0, 0, 0, 0, 0, 0, 2),
  );
  const trackHeader = full(
    'tkhd',
    3,
    u32(0, 0, 1, 0, duration, 0, 0),
    u16(0, 0, 0, 0),
    u32(...MATRIX, track.width << 16, track.height << 16),
  );
  const mediaHeader = full('mdhd', 0, u32(0, 0, TIMESCALE, duration), u16(0x55c4, 0));
  const handler = full('hdlr', 0, u32(0), ascii('vide'), u32(0, 0, 0), ascii('Video\0'));
  const data = box('dinf', full('dref', 0, u32(1), full('url ', 1)));
  const info = box('minf', full('vmhd', 1, u16(0, 0, 0, 0)), data, sampleTable(track, samples, offset));
  return box('moov', header, box('trak', trackHeader, box('mdia', mediaHeader, handler, info)));
}

function sampleTable(track: Track, samples: Uint8Array[], offset: number): Uint8Array {
  const count = samples.length;
  return box(
    'stbl',
    full('stsd', 0, u32(1), sampleEntry(track)),
    full('stts', 0, u32(1, count, Math.round(TIMESCALE / track.framesPerSecond))),
    full('stss', 0, u32(1, 1)),
    full('stsc', 0, u32(1, 1, count, 1)),
    full('stsz', 0, u32(0, count, ...samples.map((sample) => sample.length))),
    full('stco', 0, u32(1, offset)),
  );
}

function sampleEntry({ width, height, sequence, picture }: Track): Uint8Array {
  const profile = sequence.subarray(1, 4);
  const setup = concat(
    bytes(1, ...profile, 0xff, 0xe1),
    u16(sequence.length),
    sequence,
    bytes(1),
    u16(picture.length),
    picture,
  );
  const visual = concat(
    u16(0, 0),
    u32(0, 0, 0),
    u16(width, height),
    u32(0x480000, 0x480000, 0),
    u16(1),
    new Uint8Array(32),
    u16(24, 0xffff),
  );
  return box('avc1', new Uint8Array(6), u16(1), visual, box('avcC', setup));
}

const full = (name: string, flags: number, ...content: Uint8Array[]) => box(name, u32(flags), ...content);

function box(name: string, ...content: Uint8Array[]): Uint8Array {
  const body = concat(...content);
  return concat(u32(body.length + 8), ascii(name), body);
}

const bytes = (...values: number[]) => Uint8Array.from(values);
const ascii = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const u16 = (...values: number[]) => bytes(...values.flatMap((value) => [(value >>> 8) & 255, value & 255]));
const u32 = (...values: number[]) =>
  bytes(...values.flatMap((value) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]));

function concat(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
