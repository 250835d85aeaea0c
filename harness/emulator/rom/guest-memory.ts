/**
 * Copying and filling guest memory the way the C library of the ROM does: words wherever the destination is word
 * aligned, 8 and 16 bit accesses only for what is left at both ends. So IRAM, mapped flash and registers, which take
 * 32-bit accesses only, trap exactly where they would on silicon. Each function returns the CPU cycles it stands for.
 *
 * Sources: the access pattern is that of newlib's Xtensa routines (`newlib/libc/machine/xtensa`), which chip.md 5.3
 * confirms for memcpy ("byte or word moves; the aligned word path must be word accesses"); costs are estimates from the
 * length of such loops on a core without zero-overhead loops.
 */
import type { RomGuest } from './rom-call';

/** Shorter runs are not worth the two view objects. */
const VIEW_MIN_WORDS = 16;

/** Below this length an unaligned copy does not bother to align its destination. */
const ALIGN_MIN_BYTES = 7;

const COPY_CYCLES_PER_BYTE = 7;
/** Four loads, four stores and the loop's overhead move sixteen bytes. */
const COPY_CYCLES_PER_WORD = 3.25;
/** One SRC more per word when the source is not word aligned. */
const COPY_CYCLES_PER_SHIFTED_WORD = 4.25;
const FILL_CYCLES_PER_BYTE = 5;
/** Four stores and the loop's overhead fill sixteen bytes. */
const FILL_CYCLES_PER_WORD = 2;
const SETUP_CYCLES = 14;

/** Copies upwards, as memcpy does. Overlap with dst above src smears, as on silicon. */
export function copyUp(guest: RomGuest, dst: number, src: number, length: number): number {
  let to = dst >>> 0;
  let from = src >>> 0;
  let left = length >>> 0;
  let cycles = SETUP_CYCLES;
  if ((to & 3) !== 0) {
    const head = left < ALIGN_MIN_BYTES ? left : 4 - (to & 3);
    for (let index = 0; index < head; index++) guest.store8(to + index, guest.load8(from + index));
    cycles += head * COPY_CYCLES_PER_BYTE;
    to += head;
    from += head;
    left -= head;
  }
  const words = left >>> 2;
  if (words > 0) {
    copyWordsUp(guest, to, from, words);
    cycles += words * ((from & 3) === 0 ? COPY_CYCLES_PER_WORD : COPY_CYCLES_PER_SHIFTED_WORD);
    to += words * 4;
    from += words * 4;
    left -= words * 4;
  }
  if ((left & 2) !== 0) {
    copyHalf(guest, to, from);
    to += 2;
    from += 2;
  }
  if ((left & 1) !== 0) guest.store8(to, guest.load8(from));
  return cycles + left * COPY_CYCLES_PER_BYTE;
}

/** Copies downwards: for a memmove whose destination lies above its source and overlaps it. */
export function copyDown(guest: RomGuest, dst: number, src: number, length: number): number {
  let to = (dst >>> 0) + (length >>> 0);
  let from = (src >>> 0) + (length >>> 0);
  let left = length >>> 0;
  let cycles = SETUP_CYCLES;
  if ((to & 3) !== 0) {
    const tail = left < ALIGN_MIN_BYTES ? left : to & 3;
    for (let index = 1; index <= tail; index++) guest.store8(to - index, guest.load8(from - index));
    cycles += tail * COPY_CYCLES_PER_BYTE;
    to -= tail;
    from -= tail;
    left -= tail;
  }
  const words = left >>> 2;
  if (words > 0) {
    to -= words * 4;
    from -= words * 4;
    left -= words * 4;
    copyWordsDown(guest, to, from, words);
    cycles += words * ((from & 3) === 0 ? COPY_CYCLES_PER_WORD : COPY_CYCLES_PER_SHIFTED_WORD);
  }
  if ((left & 2) !== 0) {
    to -= 2;
    from -= 2;
    copyHalf(guest, to, from);
  }
  if ((left & 1) !== 0) guest.store8(to - 1, guest.load8(from - 1));
  return cycles + left * COPY_CYCLES_PER_BYTE;
}

/** Fills with one byte, as memset does. */
export function fill(guest: RomGuest, dst: number, value: number, length: number): number {
  const byte = value & 0xff;
  const word = Math.imul(byte, 0x01010101);
  let to = dst >>> 0;
  let left = length >>> 0;
  let cycles = SETUP_CYCLES;
  if ((to & 3) !== 0) {
    const head = left < ALIGN_MIN_BYTES ? left : 4 - (to & 3);
    for (let index = 0; index < head; index++) guest.store8(to + index, byte);
    cycles += head * FILL_CYCLES_PER_BYTE;
    to += head;
    left -= head;
  }
  const words = left >>> 2;
  if (words > 0) {
    const view = words >= VIEW_MIN_WORDS ? guest.view(to, words * 4, true) : undefined;
    if (view !== undefined) view.fill(byte);
    else for (let index = 0; index < words; index++) guest.store32(to + index * 4, word);
    cycles += words * FILL_CYCLES_PER_WORD;
    to += words * 4;
    left -= words * 4;
  }
  if ((left & 2) !== 0) {
    guest.store16(to, word & 0xffff);
    to += 2;
  }
  if ((left & 1) !== 0) guest.store8(to, byte);
  return cycles + left * FILL_CYCLES_PER_BYTE;
}

/** Copies guest memory into the host's `target`; `length` bytes from addr, 8 bits at a time where there is no view. */
export function readBytes(guest: RomGuest, addr: number, length: number, target: Uint8Array, at = 0): void {
  const view = length >= 16 && (addr & 3) === 0 ? guest.view(addr, length, false) : undefined;
  if (view !== undefined) target.set(view, at);
  else for (let index = 0; index < length; index++) target[at + index] = guest.load8(addr + index);
}

/** Two bytes: one 16-bit move where both ends allow it. The destination is even by construction. */
function copyHalf(guest: RomGuest, to: number, from: number): void {
  if ((from & 1) === 0) {
    guest.store16(to, guest.load16(from));
    return;
  }
  const low = guest.load8(from);
  const high = guest.load8(from + 1);
  guest.store8(to, low);
  guest.store8(to + 1, high);
}

function copyWordsUp(guest: RomGuest, to: number, from: number, words: number): void {
  const bytes = words * 4;
  const smears = to > from && to < from + bytes;
  if (words >= VIEW_MIN_WORDS && !smears && copyViews(guest, to, from, bytes)) return;
  const shift = (from & 3) * 8;
  if (shift === 0) {
    for (let index = 0; index < bytes; index += 4) guest.store32(to + index, guest.load32(from + index));
    return;
  }
  const aligned = from - (from & 3);
  let low = guest.load32(aligned);
  for (let index = 0; index < bytes; index += 4) {
    const high = guest.load32(aligned + index + 4);
    guest.store32(to + index, (low >>> shift) | (high << (32 - shift)));
    low = high;
  }
}

function copyWordsDown(guest: RomGuest, to: number, from: number, words: number): void {
  const bytes = words * 4;
  if (words >= VIEW_MIN_WORDS && copyViews(guest, to, from, bytes)) return;
  const shift = (from & 3) * 8;
  if (shift === 0) {
    for (let index = bytes - 4; index >= 0; index -= 4) guest.store32(to + index, guest.load32(from + index));
    return;
  }
  const aligned = from - (from & 3);
  let high = guest.load32(aligned + bytes);
  for (let index = bytes - 4; index >= 0; index -= 4) {
    const low = guest.load32(aligned + index);
    guest.store32(to + index, (low >>> shift) | (high << (32 - shift)));
    high = low;
  }
}

/** The quick way between two plain memories; Uint8Array.set copies overlapping ranges as if through a buffer. */
function copyViews(guest: RomGuest, to: number, from: number, bytes: number): boolean {
  const source = guest.view(from, bytes, false);
  if (source === undefined) return false;
  const target = guest.view(to, bytes, true);
  if (target === undefined) return false;
  target.set(source);
  return true;
}
