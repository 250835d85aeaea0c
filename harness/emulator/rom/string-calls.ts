/**
 * The ROM's string functions. Addresses and names as in memory-calls.ts.
 *
 * Where every pointer is word aligned they read whole words, so that aligned strings in mapped flash or IRAM do not trap;
 * otherwise they go byte by byte and the guest's rules for byte accesses apply. That is how newlib's Xtensa versions are
 * built (for strncmp, its generic one); strstr has no word path.
 * strcmp and strncmp return the difference of the unsigned bytes (measured, chip.md 5.3).
 */
import { fill } from './guest-memory';
import { firstByteDifference } from './memory-calls';
import type { RomCall, RomGuest } from './rom-call';

const CALL_CYCLES = 10;
const SCAN_CYCLES_PER_WORD = 8;
const SCAN_CYCLES_PER_BYTE = 5;
const PAIR_CYCLES_PER_WORD = 11;
const PAIR_CYCLES_PER_BYTE = 8;

/** A word holds a NUL: the classic test that borrows out of a zero byte. */
function hasNul(word: number): boolean {
  return ((word - 0x01010101) & ~word & 0x80808080) !== 0;
}

/** strlen(text). */
function strlen(guest: RomGuest): undefined {
  const start = guest.ar[2]! >>> 0;
  let at = start;
  let words = 0;
  while ((at & 3) !== 0) {
    if (guest.load8(at) === 0) {
      finish(guest, at - start, (at - start) * SCAN_CYCLES_PER_BYTE);
      return;
    }
    at++;
  }
  const head = at - start;
  let word = guest.load32(at);
  while (!hasNul(word)) {
    at += 4;
    words++;
    word = guest.load32(at);
  }
  for (; (word & 0xff) !== 0; word >>>= 8) at++;
  finish(guest, at - start, head * SCAN_CYCLES_PER_BYTE + words * SCAN_CYCLES_PER_WORD);
}

/** strcmp(left, right). */
function strcmp(guest: RomGuest): undefined {
  compare(guest, guest.ar[2]! >>> 0, guest.ar[3]! >>> 0, Infinity);
}

/** strncmp(left, right, limit): at most `limit` bytes are looked at. */
function strncmp(guest: RomGuest): undefined {
  compare(guest, guest.ar[2]! >>> 0, guest.ar[3]! >>> 0, guest.ar[4]! >>> 0);
}

function compare(guest: RomGuest, left: number, right: number, limit: number): void {
  let at = 0;
  if (((left | right) & 3) === 0) {
    while (at + 4 <= limit) {
      const leftWord = guest.load32(left + at) | 0;
      const rightWord = guest.load32(right + at) | 0;
      if (leftWord !== rightWord || hasNul(leftWord)) {
        finish(guest, wordDifference(leftWord, rightWord), (at >>> 2) * PAIR_CYCLES_PER_WORD + 12);
        return;
      }
      at += 4;
    }
  }
  const words = at >>> 2;
  let difference = 0;
  for (; at < limit; at++) {
    const byte = guest.load8(left + at);
    difference = byte - guest.load8(right + at);
    if (difference !== 0 || byte === 0) break;
  }
  finish(guest, difference, words * PAIR_CYCLES_PER_WORD + (at - words * 4) * PAIR_CYCLES_PER_BYTE);
}

/** As firstByteDifference, but what stands behind a common NUL does not count. */
function wordDifference(left: number, right: number): number {
  for (let shift = 0; shift < 32; shift += 8) {
    const byte = (left >>> shift) & 0xff;
    if (byte !== ((right >>> shift) & 0xff)) return firstByteDifference(left >>> shift, right >>> shift);
    if (byte === 0) return 0;
  }
  return 0;
}

/** strcpy(dst, src): returns dst. */
function strcpy(guest: RomGuest): undefined {
  copyText(guest, guest.ar[2]! >>> 0, guest.ar[3]! >>> 0, Infinity);
}

/** strncpy(dst, src, length): returns dst; pads with NULs up to `length`, none when src is as long. */
function strncpy(guest: RomGuest): undefined {
  const dst = guest.ar[2]! >>> 0;
  const length = guest.ar[4]! >>> 0;
  const copied = copyText(guest, dst, guest.ar[3]! >>> 0, length);
  if (copied < length) guest.chargeCycles(fill(guest, dst + copied, 0, length - copied));
}

/** Copies up to and with the NUL, at most `limit` bytes; returns how many bytes were written. */
function copyText(guest: RomGuest, dst: number, src: number, limit: number): number {
  let at = 0;
  if (((dst | src) & 3) === 0) {
    while (at + 4 <= limit) {
      const word = guest.load32(src + at);
      if (hasNul(word)) return at + copyLastWord(guest, dst + at, word, at);
      guest.store32(dst + at, word);
      at += 4;
    }
  }
  const words = at >>> 2;
  while (at < limit) {
    const byte = guest.load8(src + at);
    guest.store8(dst + at, byte);
    at++;
    if (byte === 0) break;
  }
  guest.chargeCycles(words * PAIR_CYCLES_PER_WORD + (at - words * 4) * PAIR_CYCLES_PER_BYTE);
  return at;
}

/** The word with the NUL in it: written byte by byte, the bytes behind the NUL stay. */
function copyLastWord(guest: RomGuest, dst: number, word: number, done: number): number {
  let bytes = 0;
  let byte: number;
  do {
    byte = (word >>> (bytes * 8)) & 0xff;
    guest.store8(dst + bytes, byte);
    bytes++;
  } while (byte !== 0);
  guest.chargeCycles((done >>> 2) * PAIR_CYCLES_PER_WORD + bytes * PAIR_CYCLES_PER_BYTE);
  return bytes;
}

/** strstr(text, wanted): address of the first match, 0 when there is none; an empty `wanted` matches at once. */
function strstr(guest: RomGuest): undefined {
  const text = guest.ar[2]! >>> 0;
  const wanted = guest.ar[3]! >>> 0;
  let steps = 0;
  for (let start = text; ; start++) {
    let at = 0;
    for (;;) {
      const expected = guest.load8(wanted + at);
      if (expected === 0) {
        finish(guest, start, steps * PAIR_CYCLES_PER_BYTE);
        return;
      }
      steps++;
      const found = guest.load8(start + at);
      // The text ends inside this try, so every later try would end sooner.
      if (found === 0) {
        finish(guest, 0, steps * PAIR_CYCLES_PER_BYTE);
        return;
      }
      if (found !== expected) break;
      at++;
    }
  }
}

function finish(guest: RomGuest, result: number, cycles: number): void {
  guest.chargeCycles(cycles);
  guest.ar[2] = result;
}

export const stringCalls: readonly RomCall[] = [
  { addr: 0x4000bdc8, name: 'strcmp', cycles: CALL_CYCLES, run: strcmp },
  { addr: 0x4000bec8, name: 'strcpy', cycles: CALL_CYCLES, run: strcpy },
  { addr: 0x4000bf4c, name: 'strlen', cycles: CALL_CYCLES, run: strlen },
  { addr: 0x4000bfa8, name: 'strncmp', cycles: CALL_CYCLES, run: strncmp },
  { addr: 0x4000c0a0, name: 'strncpy', cycles: CALL_CYCLES, run: strncpy },
  { addr: 0x4000e1e0, name: 'strstr', cycles: CALL_CYCLES, run: strstr },
  // Wrappers: the call and the return they add.
  { addr: 0x40002a88, name: 'ets_strcpy', cycles: CALL_CYCLES + 8, run: strcpy },
  { addr: 0x40002a98, name: 'ets_strncpy', cycles: CALL_CYCLES + 8, run: strncpy },
  { addr: 0x40002aa8, name: 'ets_strcmp', cycles: CALL_CYCLES + 8, run: strcmp },
  { addr: 0x40002ab8, name: 'ets_strncmp', cycles: CALL_CYCLES + 8, run: strncmp },
  { addr: 0x40002ac8, name: 'ets_strlen', cycles: CALL_CYCLES + 8, run: strlen },
  { addr: 0x40002ad8, name: 'ets_strstr', cycles: CALL_CYCLES + 8, run: strstr },
];
