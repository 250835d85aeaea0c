import { Rng } from './rng';

/**
 * What a NOR chip holds after its supply failed in the middle of an operation. Deterministic functions of their
 * arguments; `progress` is the part of the operation's time that had passed:
 *
 * - 0 or less: the content is untouched.
 * - 1 or more: the operation is complete.
 * - between, program: each bit that was to go from 1 to 0 has gone with probability `progress`. Any subset can come
 *   out, none and all included; no other bit changes.
 * - between, erase: each 0 bit of the area has gone to 1 with probability `progress`; no 1 bit changes. With two or
 *   more 0 bits in the area at least one has gone and at least one has stayed, so an interrupted erase is never
 *   complete and never without trace. (With a single 0 bit it can only be one or the other.)
 * - between, status register: each bit to be changed has changed with probability `progress`.
 *
 * Not modelled: bits that read differently each time, and the programming of a sector to 0 that precedes an erase in
 * some parts.
 */

/** The interrupted program of a page latch (FF where nothing is to be written) over the page at `pageOffset`. */
export function programInterrupted(
  content: Uint8Array,
  pageOffset: number,
  latch: Uint8Array,
  progress: number,
  seed: number,
): void {
  if (progress <= 0) return;
  const complete = progress >= 1;
  const random = new Rng(seed);
  const probability = quantised(progress);
  for (let i = 0; i < latch.length; i++) {
    const old = content[pageOffset + i]!;
    const falling = old & ~latch[i]!;
    if (falling === 0) continue;
    const gone = complete ? falling : falling & mask(random, probability);
    content[pageOffset + i] = old & ~gone;
  }
}

/** The interrupted erase of an area; its length is a multiple of 4. */
export function eraseInterrupted(
  content: Uint8Array,
  offset: number,
  lengthBytes: number,
  progress: number,
  seed: number,
): void {
  if (progress <= 0) return;
  if (progress >= 1) {
    content.fill(0xff, offset, offset + lengthBytes);
    return;
  }
  const random = new Rng(seed);
  const probability = quantised(progress);
  let anyRaised = false;
  let anyKept = false;
  let zeroBits = 0;
  let lastAt = 0;
  let lastZeros = 0;
  for (let at = offset; at < offset + lengthBytes; at += 4) {
    if ((content[at]! & content[at + 1]! & content[at + 2]! & content[at + 3]!) === 0xff) continue;
    const chosen = mask(random, probability);
    for (let lane = 0; lane < 4; lane++) {
      const old = content[at + lane]!;
      const zeros = ~old & 0xff;
      if (zeros === 0) continue;
      const raised = zeros & (chosen >>> (8 * lane));
      content[at + lane] = old | raised;
      anyRaised ||= raised !== 0;
      anyKept ||= raised !== zeros;
      zeroBits += bitCount(zeros);
      lastAt = at + lane;
      lastZeros = zeros;
    }
  }
  if (zeroBits < 2 || (anyRaised && anyKept)) return;
  const bit = lastZeros & -lastZeros;
  content[lastAt] = anyRaised ? content[lastAt]! & ~bit : content[lastAt]! | bit;
}

/** The interrupted write of a status register. */
export function statusInterrupted(
  oldValue: number,
  newValue: number,
  progress: number,
  seed: number,
): number {
  if (progress <= 0) return oldValue;
  if (progress >= 1) return newValue;
  const changing = oldValue ^ newValue;
  return oldValue ^ (changing & mask(new Rng(seed), quantised(progress)));
}

/** A number in 1 … `count - 1`, for the moment of a cut inside an operation of `count` ticks. */
export function momentInside(count: number, seed: number): number {
  if (count < 2) return 0;
  return 1 + new Rng(seed ^ 0x5eed).nextBelow(count - 1);
}

/** 32 bits of which each is 1 with probability `numerator` / 256: the binary fraction is folded in bit by bit. */
function mask(random: Rng, numerator: number): number {
  let result = 0;
  for (let bit = 1; bit < 256; bit <<= 1) {
    const word = random.next32();
    result = (numerator & bit) !== 0 ? result | word : result & word;
  }
  return result >>> 0;
}

function bitCount(byte: number): number {
  let rest = byte - ((byte >> 1) & 0x55);
  rest = (rest & 0x33) + ((rest >> 2) & 0x33);
  return (rest + (rest >> 4)) & 0x0f;
}

/** As a fraction of 256 that is neither never nor always. */
function quantised(progress: number): number {
  return Math.min(255, Math.max(1, Math.round(progress * 256)));
}
