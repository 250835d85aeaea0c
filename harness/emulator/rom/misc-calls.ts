/**
 * Descriptor chains of the DMA engines, and the C library's random numbers. Addresses: ESP8266_RTOS_SDK
 * `components/esp8266/ld/esp8266.rom.ld`, esptool `flasher_stub/rom_8266.ld`.
 *
 * Declarations of the chain functions: ESP-IDF `esp32/include/rom/lldesc.h`. What lldesc_build_chain does was measured
 * from its callers (wifi.md section 10); for the two others only the declarations are known: no image calls them.
 */
import type { RomCall, RomGuest } from './rom-call';
import { multiplyWide, wide } from './wide-int';

/** Word 0: size 0-11, length 12-23, start of frame 29, end of frame 30, owner 31; then buffer, then next. */
const DESCRIPTOR_BYTES = 12;
const BUFFER_OFFSET = 4;
const NEXT_OFFSET = 8;
const FIELD_MASK = 0xfff;
const LENGTH_SHIFT = 12;
const OWNER_SHIFT = 31;
const OWNER_MASK = 0x80000000;

const CHAIN_CYCLES_PER_DESCRIPTOR = 30;
const WALK_CYCLES_PER_DESCRIPTOR = 8;

/**
 * lldesc_build_chain(descriptors, their bytes, buffer, its bytes, bytes a block, owner, &head, &tail): as many
 * descriptors as both the array and the buffer hold, in order; the last one's next is 0, its caller closes the ring.
 */
function lldescBuildChain(guest: RomGuest): undefined {
  const descriptors = guest.ar[2]! >>> 0;
  const buffer = guest.ar[4]! >>> 0;
  const blockBytes = guest.ar[6]! >>> 0;
  const owner = (guest.ar[7]! & 1) << OWNER_SHIFT;
  const stack = guest.ar[1]! >>> 0;
  const headAddr = guest.load32(stack);
  const tailAddr = guest.load32(stack + 4);
  const room = Math.floor((guest.ar[3]! >>> 0) / DESCRIPTOR_BYTES);
  const blocks = blockBytes === 0 ? 0 : Math.floor((guest.ar[5]! >>> 0) / blockBytes);
  const count = Math.min(room, blocks);
  const field = blockBytes & FIELD_MASK;
  for (let index = 0; index < count; index++) {
    const at = descriptors + index * DESCRIPTOR_BYTES;
    guest.store32(at, owner | (field << LENGTH_SHIFT) | field);
    guest.store32(at + BUFFER_OFFSET, buffer + index * blockBytes);
    guest.store32(at + NEXT_OFFSET, index + 1 < count ? at + DESCRIPTOR_BYTES : 0);
  }
  guest.store32(headAddr, count > 0 ? descriptors : 0);
  guest.store32(tailAddr, count > 0 ? descriptors + (count - 1) * DESCRIPTOR_BYTES : 0);
  guest.chargeCycles(count * CHAIN_CYCLES_PER_DESCRIPTOR);
}

/** lldesc_num2link(head, n): the n-th descriptor of a chain, the last one if it is shorter. 16-bit count. */
function lldescNum2link(guest: RomGuest): undefined {
  guest.ar[2] = walk(guest, guest.ar[2]!, guest.ar[3]! & 0xffff, undefined);
}

/** lldesc_set_owner(head, n, owner): gives n descriptors an owner; returns the last of them. */
function lldescSetOwner(guest: RomGuest): undefined {
  guest.ar[2] = walk(guest, guest.ar[2]!, guest.ar[3]! & 0xffff, (guest.ar[4]! & 1) << OWNER_SHIFT);
}

/** Visits up to `count` descriptors from `head`; returns the last visited, `head` when there is none. */
function walk(guest: RomGuest, head: number, count: number, owner: number | undefined): number {
  let last = head;
  let at = head >>> 0;
  let visited = 0;
  while (visited < count && at !== 0) {
    if (owner !== undefined) guest.store32(at, (guest.load32(at) & ~OWNER_MASK) | owner);
    last = at;
    at = guest.load32(at + NEXT_OFFSET) >>> 0;
    visited++;
  }
  guest.chargeCycles(visited * WALK_CYCLES_PER_DESCRIPTOR);
  return last;
}

/**
 * Two words at the end of the ROM's bss hold the generator, so that it follows the board into a snapshot. Which ones the
 * real ROM uses is not known. The seed is stored exclusive-or 1: cleared memory then means C's initial srand(1).
 */
export const RAND_STATE_ADDR = 0x3fffeb28;
const INITIAL_SEED = 1;

/** 6364136223846793005, newlib's multiplier (D. Knuth, Seminumerical Algorithms, 3.3.4). */
const RAND_FACTOR_LOW = 0x4c957f2d;
const RAND_FACTOR_HIGH = 0x5851f42d;
const RAND_MAX = 0x7fffffff;

/** srand(seed). */
function srand(guest: RomGuest): undefined {
  guest.store32(RAND_STATE_ADDR, guest.ar[2]! ^ INITIAL_SEED);
  guest.store32(RAND_STATE_ADDR + 4, 0);
}

/** rand(): 31 bits of a 64-bit linear congruential generator, as newlib's. The ROM's own sequence is not known. */
function rand(guest: RomGuest): undefined {
  const low = guest.load32(RAND_STATE_ADDR) ^ INITIAL_SEED;
  multiplyWide(low, guest.load32(RAND_STATE_ADDR + 4), RAND_FACTOR_LOW, RAND_FACTOR_HIGH);
  const nextLow = (wide.low + 1) | 0;
  const nextHigh = nextLow === 0 ? (wide.high + 1) | 0 : wide.high;
  guest.store32(RAND_STATE_ADDR, nextLow ^ INITIAL_SEED);
  guest.store32(RAND_STATE_ADDR + 4, nextHigh);
  guest.ar[2] = nextHigh & RAND_MAX;
}

export const miscCalls: readonly RomCall[] = [
  { addr: 0x40004f40, name: 'lldesc_build_chain', cycles: 40, run: lldescBuildChain },
  { addr: 0x40005050, name: 'lldesc_num2link', cycles: 10, run: lldescNum2link },
  { addr: 0x4000507c, name: 'lldesc_set_owner', cycles: 12, run: lldescSetOwner },
  { addr: 0x400005f0, name: 'srand', cycles: 8, run: srand },
  { addr: 0x40000600, name: 'rand', cycles: 60, run: rand },
];
