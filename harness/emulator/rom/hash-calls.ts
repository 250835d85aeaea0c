/**
 * MD5 and SHA-1 of the ROM. Everything lives in the guest's context, as on silicon, so a snapshot between two calls is
 * complete and a context may be copied:
 * - MD5 (88 bytes; SDK `esp8266/include/rom/md5_hash.h`): buf[4], bits[2], in[64]. Final clears the first word only
 *   (measured, chip.md 5.3).
 * - SHA-1 (92 bytes; wpa_supplicant `src/crypto/sha1_i.h`): state[5], count[2] in bits, buffer[64]. Final clears the whole
 *   context, as wpa_supplicant's does; not measured on the ROM.
 * Addresses and names: esptool `flasher_stub/rom_8266.ld`.
 *
 * A long update works in slices and asks to be called again with its pointer and length registers moved on, so that
 * interrupts get in (a whole flash sector would keep them out for over a millisecond).
 */
import { SHA1_START, sha1Compress } from '../sha1-compress';
import { readBytes } from './guest-memory';
import { MD5_BLOCK_BYTES, MD5_START, md5Block } from './md5';
import type { RomCall, RomGuest, RomOutcome } from './rom-call';

const BLOCK_BYTES = MD5_BLOCK_BYTES;
const sha1Words = new Int32Array(16);

/** Folds the 64 bytes at `offset` into the five words of `state`. */
function sha1Block(state: Int32Array, bytes: Uint8Array, offset: number): void {
  for (let index = 0; index < 16; index++) {
    const at = offset + index * 4;
    sha1Words[index] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }
  sha1Compress(state, sha1Words);
}

/** One slice: about 300 µs of an 80 MHz CPU. */
const SLICE_BYTES = 1024;
/** Estimates: steps times the instructions of a step on a core without rotate. */
const MD5_CYCLES_PER_BLOCK = 900;
const SHA1_CYCLES_PER_BLOCK = 1700;
const COPY_CYCLES_PER_BYTE = 1;

/** A hash as the ROM lays it out in a context. */
interface HashLayout {
  readonly stateWords: number;
  /** Offset of the 64-bit count of message bits, low word first. */
  readonly countOffset: number;
  readonly bufferOffset: number;
  readonly cyclesPerBlock: number;
  readonly start: readonly number[];
  readonly fold: (state: Int32Array, bytes: Uint8Array, offset: number) => void;
  /** Digest and length field. */
  readonly bigEndian: boolean;
  /** Bytes that Final clears at the start of the context. */
  readonly clearedBytes: number;
}

const MD5: HashLayout = {
  stateWords: 4,
  countOffset: 16,
  bufferOffset: 24,
  cyclesPerBlock: MD5_CYCLES_PER_BLOCK,
  start: MD5_START,
  fold: md5Block,
  bigEndian: false,
  clearedBytes: 4,
};

const SHA1: HashLayout = {
  stateWords: 5,
  countOffset: 20,
  bufferOffset: 28,
  cyclesPerBlock: SHA1_CYCLES_PER_BLOCK,
  start: SHA1_START,
  fold: sha1Block,
  bigEndian: true,
  clearedBytes: 92,
};

/** Working copies of a context's words and of one slice of message behind its buffered bytes. */
const state = new Int32Array(5);
const message = new Uint8Array(BLOCK_BYTES + SLICE_BYTES);

function initialise(guest: RomGuest, layout: HashLayout, context: number): void {
  for (let index = 0; index < layout.stateWords; index++) {
    guest.store32(context + index * 4, layout.start[index]!);
  }
  guest.store32(context + layout.countOffset, 0);
  guest.store32(context + layout.countOffset + 4, 0);
}

/** Takes in at most one slice. */
function absorb(guest: RomGuest, layout: HashLayout, context: number, data: number, length: number): void {
  const countLow = guest.load32(context + layout.countOffset) >>> 0;
  const buffered = (countLow >>> 3) & (BLOCK_BYTES - 1);
  const buffer = context + layout.bufferOffset;
  readBytes(guest, buffer, buffered, message);
  readBytes(guest, data, length, message, buffered);
  readState(guest, layout, context);

  const total = buffered + length;
  const blocks = Math.floor(total / BLOCK_BYTES);
  for (let block = 0; block < blocks; block++) layout.fold(state, message, block * BLOCK_BYTES);

  writeState(guest, layout, context);
  writeBytes(guest, buffer, message, blocks * BLOCK_BYTES, total - blocks * BLOCK_BYTES);
  // A slice is far below 2^29 bytes: at most one carry.
  const nextLow = countLow + length * 8;
  guest.store32(context + layout.countOffset, nextLow | 0);
  if (nextLow > 0xffffffff) {
    const countHigh = guest.load32(context + layout.countOffset + 4);
    guest.store32(context + layout.countOffset + 4, (countHigh + 1) | 0);
  }
  guest.chargeCycles(blocks * layout.cyclesPerBlock + length * COPY_CYCLES_PER_BYTE);
}

/** Pads, writes the digest and wipes what the original wipes. */
function finish(guest: RomGuest, layout: HashLayout, digest: number, context: number): void {
  const countLow = guest.load32(context + layout.countOffset);
  const countHigh = guest.load32(context + layout.countOffset + 4);
  const buffered = (countLow >>> 3) & (BLOCK_BYTES - 1);
  readBytes(guest, context + layout.bufferOffset, buffered, message);
  readState(guest, layout, context);

  const total = buffered + 1 + 8 <= BLOCK_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES;
  message[buffered] = 0x80;
  message.fill(0, buffered + 1, total - 8);
  putWord(message, total - 8, layout.bigEndian ? countHigh : countLow, layout.bigEndian);
  putWord(message, total - 4, layout.bigEndian ? countLow : countHigh, layout.bigEndian);
  for (let at = 0; at < total; at += BLOCK_BYTES) layout.fold(state, message, at);

  for (let index = 0; index < layout.stateWords; index++) {
    putWord(message, index * 4, state[index]!, layout.bigEndian);
  }
  writeBytes(guest, digest, message, 0, layout.stateWords * 4);
  for (let offset = 0; offset < layout.clearedBytes; offset += 4) guest.store32(context + offset, 0);
  guest.chargeCycles((total / BLOCK_BYTES) * layout.cyclesPerBlock);
}

function readState(guest: RomGuest, layout: HashLayout, context: number): void {
  for (let index = 0; index < layout.stateWords; index++) state[index] = guest.load32(context + index * 4);
}

function writeState(guest: RomGuest, layout: HashLayout, context: number): void {
  for (let index = 0; index < layout.stateWords; index++) guest.store32(context + index * 4, state[index]!);
}

function writeBytes(guest: RomGuest, addr: number, bytes: Uint8Array, from: number, length: number): void {
  for (let index = 0; index < length; index++) guest.store8(addr + index, bytes[from + index]!);
}

function putWord(bytes: Uint8Array, at: number, word: number, bigEndian: boolean): void {
  for (let index = 0; index < 4; index++) bytes[at + index] = word >>> (8 * (bigEndian ? 3 - index : index));
}

function initCall(layout: HashLayout): (guest: RomGuest) => RomOutcome {
  return (guest) => {
    initialise(guest, layout, guest.ar[2]! >>> 0);
    return undefined;
  };
}

/** Update(context, data, length). */
function updateCall(layout: HashLayout): (guest: RomGuest) => RomOutcome {
  return (guest) => {
    const length = guest.ar[4]! >>> 0;
    const now = Math.min(length, SLICE_BYTES);
    absorb(guest, layout, guest.ar[2]! >>> 0, guest.ar[3]! >>> 0, now);
    if (now === length) return undefined;
    guest.ar[3] = guest.ar[3]! + now;
    guest.ar[4] = length - now;
    return 'again';
  };
}

/** Final(digest, context). */
function finalCall(layout: HashLayout): (guest: RomGuest) => RomOutcome {
  return (guest) => {
    finish(guest, layout, guest.ar[2]! >>> 0, guest.ar[3]! >>> 0);
    return undefined;
  };
}

/** SHA1Transform(state, block): one block straight into five words. */
function sha1Transform(guest: RomGuest): RomOutcome {
  const context = guest.ar[2]! >>> 0;
  readBytes(guest, guest.ar[3]! >>> 0, BLOCK_BYTES, message);
  readState(guest, SHA1, context);
  sha1Block(state, message, 0);
  writeState(guest, SHA1, context);
  guest.chargeCycles(SHA1_CYCLES_PER_BLOCK);
  return undefined;
}

export const hashCalls: readonly RomCall[] = [
  { addr: 0x40009818, name: 'MD5Init', cycles: 18, run: initCall(MD5) },
  { addr: 0x40009834, name: 'MD5Update', cycles: 40, run: updateCall(MD5) },
  { addr: 0x40009900, name: 'MD5Final', cycles: 150, run: finalCall(MD5) },
  { addr: 0x4000b584, name: 'SHA1Init', cycles: 20, run: initCall(SHA1) },
  { addr: 0x4000b5a8, name: 'SHA1Update', cycles: 40, run: updateCall(SHA1) },
  { addr: 0x4000b648, name: 'SHA1Final', cycles: 250, run: finalCall(SHA1) },
  { addr: 0x4000a364, name: 'SHA1Transform', cycles: 20, run: sha1Transform },
];
