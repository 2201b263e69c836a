/** Writes the bit strings of ITU-T H.264 §7.2 and §9.1: fixed length, Exp-Golomb, byte aligned PCM. */
export type BitWriter = {
  bits(value: number, length: number): void;
  unsigned(value: number): void;
  signed(value: number): void;
  /** Zero bits up to the next byte, then the bytes as they are. */
  aligned(...blocks: Uint8Array[]): void;
  /** Ends the payload (stop bit, padding) and answers its bytes. */
  end(): Uint8Array;
};

export function createBitWriter(capacity: number): BitWriter {
  const buffer = new Uint8Array(capacity);
  let position = 0;
  const bit = (value: number) => {
    if (value) buffer[position >> 3] = (buffer[position >> 3] ?? 0) | (0x80 >> (position & 7));
    position += 1;
  };
  const bits = (value: number, length: number) => {
    for (let at = length - 1; at >= 0; at -= 1) bit((value >>> at) & 1);
  };
  const unsigned = (value: number) => {
    const length = 32 - Math.clz32(value + 1);
    bits(0, length - 1);
    bits(value + 1, length);
  };
  const aligned = (...blocks: Uint8Array[]) => {
    position = (position + 7) & ~7;
    for (const block of blocks) {
      buffer.set(block, position >> 3);
      position += block.length * 8;
    }
  };
  const end = () => {
    bit(1);
    aligned();
    return buffer.slice(0, position >> 3);
  };
  return { bits, unsigned, signed: (value) => unsigned(value > 0 ? 2 * value - 1 : -2 * value), aligned, end };
}

/** A NAL unit: header byte and payload, with `03` put where the payload would look like a start code (§7.4.1). */
export function nalUnit(header: number, payload: Uint8Array): Uint8Array {
  const escaped = new Uint8Array(1 + Math.ceil(payload.length * 1.5) + 1);
  escaped[0] = header;
  let at = 1;
  let zeros = 0;
  for (const byte of payload) {
    if (zeros === 2 && byte <= 3) {
      escaped[at++] = 3;
      zeros = 0;
    }
    escaped[at++] = byte;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return escaped.slice(0, at);
}
