/**
 * Serial frames as waveforms: what a sender puts on the wire bit by bit, and what a receiver set to another speed makes
 * of it. Pure arithmetic; a waveform is a number whose bit i is the level during the sender's bit i, and the line is
 * high after its last bit.
 */

/** The frame settings of CONF0 bits 0-5. */
export interface FrameFormat {
  readonly dataBits: number;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: number;
}

export const FORMAT_8N1: FrameFormat = { dataBits: 8, parity: 'none', stopBits: 1 };

/** A waveform holds this many bits at most: start, 8 data, parity and a margin. */
const MAX_BITS = 31;

/** Bits of a frame on the line; a stop of 1.5 bits makes it a fraction. */
export function frameBits(format: FrameFormat): number {
  return 1 + format.dataBits + (format.parity === 'none' ? 0 : 1) + format.stopBits;
}

/** 1 when the byte with its parity bit has the wrong number of ones. */
function parityBit(byte: number, parity: FrameFormat['parity']): number {
  let ones = parity === 'odd' ? 1 : 0;
  for (let rest = byte; rest !== 0; rest >>>= 1) ones ^= rest & 1;
  return ones;
}

/** Start bit (0), data from the lowest bit, parity if any; the stop is the high line that follows. */
export function encodeFrame(byte: number, format: FrameFormat): number {
  const data = byte & ((1 << format.dataBits) - 1);
  let waveform = data << 1;
  let bits = 1 + format.dataBits;
  if (format.parity !== 'none') {
    waveform |= parityBit(data, format.parity) << bits;
    bits++;
  }
  // Everything above the frame is the idle line.
  return (waveform | (-1 << bits)) >>> 0;
}

/** The level, 0 or 1, during bit `index` of the waveform. */
export function levelAt(waveform: number, index: number): number {
  return index > MAX_BITS ? 1 : (waveform >>> index) & 1;
}

export const SAMPLED_FRAME_ERROR = 1 << 8;
export const SAMPLED_PARITY_ERROR = 1 << 9;

/** More cannot come out of one frame: a receiver eight times as fast sees a start at every other bit. */
export const MAX_SAMPLED = 16;

/**
 * What a receiver makes of one waveform: it starts at a falling edge, samples the middle of each of its own bits, and
 * after the stop bit waits for the next falling edge. Each result in `results` is a byte with SAMPLED_* flags.
 * The following frame of the sender is not seen through the tail of this one; the line counts as idle after it.
 * @returns how many bytes came out, 0 to MAX_SAMPLED.
 */
export function sampleWaveform(
  waveform: number,
  senderBitTicks: number,
  receiverBitTicks: number,
  format: FrameFormat,
  results: Int32Array,
): number {
  const level = (atTicks: number): number => levelAt(waveform, Math.floor(atTicks / senderBitTicks));
  let found = 0;
  let bit = 0; // first sender bit that may hold the next start
  while (found < MAX_SAMPLED) {
    // A start is a falling edge, so the line must have been high before; in front of bit 0 it was.
    while (
      bit <= MAX_BITS &&
      !(levelAt(waveform, bit) === 0 && (bit === 0 || levelAt(waveform, bit - 1) === 1))
    )
      bit++;
    if (bit > MAX_BITS) break;
    const startTicks = bit * senderBitTicks;
    const sample = (index: number): number => level(startTicks + (index + 0.5) * receiverBitTicks);
    if (sample(0) === 1) {
      bit++; // too short for a start bit
      continue;
    }
    let byte = 0;
    for (let i = 0; i < format.dataBits; i++) byte |= sample(1 + i) << i;
    let result = byte;
    let index = 1 + format.dataBits;
    if (format.parity !== 'none') {
      if (sample(index) !== parityBit(byte, format.parity)) result |= SAMPLED_PARITY_ERROR;
      index++;
    }
    if (sample(index) === 0) result |= SAMPLED_FRAME_ERROR;
    results[found++] = result;
    bit = Math.floor((startTicks + (index + 0.5) * receiverBitTicks) / senderBitTicks) + 1;
  }
  return found;
}
