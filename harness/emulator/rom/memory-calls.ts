/**
 * The ROM's memory functions. Addresses and names: ESP8266_RTOS_SDK `components/esp8266/ld/esp8266.rom.ld`,
 * `components/bootloader/subproject/main/esp8266.bootloader.rom.ld`, esptool's `flasher_stub/rom_8266.ld`.
 * Results as chip.md 5.3 measured them: the copies and fills return their destination, memcmp the byte difference.
 */
import { copyDown, copyUp, fill } from './guest-memory';
import type { RomCall, RomGuest } from './rom-call';

const CALL_CYCLES = 6;
/** Two loads, a compare and the loop's overhead. */
const COMPARE_CYCLES_PER_WORD = 9;
const COMPARE_CYCLES_PER_BYTE = 8;

/** memcpy(dst, src, length). */
function memcpy(guest: RomGuest): undefined {
  guest.chargeCycles(copyUp(guest, guest.ar[2]!, guest.ar[3]!, guest.ar[4]!));
}

/** memmove(dst, src, length): downwards only when an upward copy would overwrite what it still has to read. */
function memmove(guest: RomGuest): undefined {
  const dst = guest.ar[2]!;
  const src = guest.ar[3]!;
  const length = guest.ar[4]!;
  const upIsSafe = (dst - src) >>> 0 >= length >>> 0;
  guest.chargeCycles(upIsSafe ? copyUp(guest, dst, src, length) : copyDown(guest, dst, src, length));
}

/** memset(dst, byte, length). */
function memset(guest: RomGuest): undefined {
  guest.chargeCycles(fill(guest, guest.ar[2]!, guest.ar[3]!, guest.ar[4]!));
}

/** bzero(dst, length). */
function bzero(guest: RomGuest): undefined {
  guest.chargeCycles(fill(guest, guest.ar[2]!, 0, guest.ar[3]!));
}

/** memcmp(left, right, length): difference of the first two unsigned bytes that differ. */
function memcmp(guest: RomGuest): undefined {
  const left = guest.ar[2]! >>> 0;
  const right = guest.ar[3]! >>> 0;
  const length = guest.ar[4]! >>> 0;
  let at = 0;
  let difference = 0;
  if (((left | right) & 3) === 0) {
    for (; at + 4 <= length && difference === 0; at += 4) {
      difference = firstByteDifference(guest.load32(left + at), guest.load32(right + at));
    }
  }
  const words = at >>> 2;
  for (; at < length && difference === 0; at++) difference = guest.load8(left + at) - guest.load8(right + at);
  guest.chargeCycles(words * COMPARE_CYCLES_PER_WORD + (at - words * 4) * COMPARE_CYCLES_PER_BYTE);
  guest.ar[2] = difference;
}

/** xthal_bcopy(src, dst, length): memcpy with the pointers the other way round. */
function xthalBcopy(guest: RomGuest): undefined {
  guest.chargeCycles(copyUp(guest, guest.ar[3]!, guest.ar[2]!, guest.ar[4]!));
}

/** Difference of the lowest-addressed bytes that differ in two little-endian words. */
export function firstByteDifference(left: number, right: number): number {
  if ((left | 0) === (right | 0)) return 0;
  for (let shift = 0; shift < 32; shift += 8) {
    const difference = ((left >>> shift) & 0xff) - ((right >>> shift) & 0xff);
    if (difference !== 0) return difference;
  }
  return 0;
}

export const memoryCalls: readonly RomCall[] = [
  { addr: 0x4000df48, name: 'memcpy', cycles: CALL_CYCLES, run: memcpy },
  { addr: 0x4000e04c, name: 'memmove', cycles: CALL_CYCLES, run: memmove },
  { addr: 0x4000e190, name: 'memset', cycles: CALL_CYCLES, run: memset },
  { addr: 0x4000dea8, name: 'memcmp', cycles: CALL_CYCLES, run: memcmp },
  { addr: 0x4000de84, name: 'bzero', cycles: CALL_CYCLES, run: bzero },
  // Wrappers: the call and the return they add.
  { addr: 0x400018a4, name: 'ets_memset', cycles: CALL_CYCLES + 8, run: memset },
  { addr: 0x400018b4, name: 'ets_memcpy', cycles: CALL_CYCLES + 8, run: memcpy },
  { addr: 0x400018c4, name: 'ets_memmove', cycles: CALL_CYCLES + 8, run: memmove },
  { addr: 0x400018d4, name: 'ets_memcmp', cycles: CALL_CYCLES + 8, run: memcmp },
  { addr: 0x40002ae8, name: 'ets_bzero', cycles: CALL_CYCLES + 8, run: bzero },
  { addr: 0x400006c4, name: 'xthal_memcpy', cycles: CALL_CYCLES, run: memcpy },
  { addr: 0x40000688, name: 'xthal_bcopy', cycles: CALL_CYCLES, run: xthalBcopy },
];
