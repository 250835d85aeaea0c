/**
 * The compiler's integer helpers in the ROM. Addresses and names: ESP8266_RTOS_SDK
 * `components/esp8266/ld/esp8266.rom.ld`. 64-bit values stand in register pairs, low word first: a2:a3 and a4:a5.
 * A zero divisor ends in an illegal instruction (measured, chip.md 5.3). Costs are estimates: a division produces one
 * quotient bit per turn of a shift-and-subtract loop.
 */
import { EXCCAUSE } from '../../chip/esp8266';
import type { RomCall, RomGuest, RomOutcome } from './rom-call';
import { divideWide, multiplyWide, multiplyWords, wide } from './wide-int';

const DIVIDE_CYCLES = 20;
const DIVIDE_CYCLES_PER_BIT = 6;
const DIVIDE_WIDE_CYCLES = 180;
const DIVIDE_WIDE_CYCLES_PER_BIT = 7;

function chargeDivision(guest: RomGuest, dividend: number, divisor: number): void {
  const bits = Math.max(0, Math.clz32(divisor) - Math.clz32(dividend)) + 1;
  guest.chargeCycles(bits * DIVIDE_CYCLES_PER_BIT);
}

function udivsi3(guest: RomGuest): RomOutcome {
  const dividend = guest.ar[2]! >>> 0;
  const divisor = guest.ar[3]! >>> 0;
  if (divisor === 0) return divideByZero(guest);
  chargeDivision(guest, dividend, divisor);
  guest.ar[2] = Math.floor(dividend / divisor);
  return undefined;
}

function umodsi3(guest: RomGuest): RomOutcome {
  const dividend = guest.ar[2]! >>> 0;
  const divisor = guest.ar[3]! >>> 0;
  if (divisor === 0) return divideByZero(guest);
  chargeDivision(guest, dividend, divisor);
  guest.ar[2] = dividend % divisor;
  return undefined;
}

/** Truncates towards zero; the smallest integer divided by -1 wraps to itself. */
function divsi3(guest: RomGuest): RomOutcome {
  const dividend = guest.ar[2]!;
  const divisor = guest.ar[3]!;
  if (divisor === 0) return divideByZero(guest);
  chargeDivision(guest, Math.abs(dividend), Math.abs(divisor));
  guest.ar[2] = (dividend / divisor) | 0;
  return undefined;
}

function udivdi3(guest: RomGuest): RomOutcome {
  if ((guest.ar[4]! | guest.ar[5]!) === 0) return divideByZero(guest);
  divideWide(guest.ar[2]!, guest.ar[3]!, guest.ar[4]!, guest.ar[5]!);
  chargeWideDivision(guest);
  guest.ar[2] = wide.low;
  guest.ar[3] = wide.high;
  return undefined;
}

function umoddi3(guest: RomGuest): RomOutcome {
  if ((guest.ar[4]! | guest.ar[5]!) === 0) return divideByZero(guest);
  divideWide(guest.ar[2]!, guest.ar[3]!, guest.ar[4]!, guest.ar[5]!);
  chargeWideDivision(guest);
  guest.ar[2] = wide.remainderLow;
  guest.ar[3] = wide.remainderHigh;
  return undefined;
}

/** Divides the magnitudes, then gives the quotient its sign; -2^63 / -1 wraps to itself. */
function divdi3(guest: RomGuest): RomOutcome {
  const ar = guest.ar;
  if ((ar[4]! | ar[5]!) === 0) return divideByZero(guest);
  const negative = (ar[3]! ^ ar[5]!) < 0;
  const low = ar[3]! < 0 ? -ar[2]! | 0 : ar[2]!;
  const high = ar[3]! < 0 ? negatedHigh(ar[2]!, ar[3]!) : ar[3]!;
  const byLow = ar[5]! < 0 ? -ar[4]! | 0 : ar[4]!;
  const byHigh = ar[5]! < 0 ? negatedHigh(ar[4]!, ar[5]!) : ar[5]!;
  divideWide(low, high, byLow, byHigh);
  chargeWideDivision(guest);
  ar[2] = negative ? -wide.low | 0 : wide.low;
  ar[3] = negative ? negatedHigh(wide.low, wide.high) : wide.high;
  return undefined;
}

/** High word of the two's complement of a pair. */
function negatedHigh(low: number, high: number): number {
  return low === 0 ? -high | 0 : ~high;
}

/** By the length of the quotient just computed. */
function chargeWideDivision(guest: RomGuest): void {
  const bits = wide.high === 0 ? 32 - Math.clz32(wide.low) : 64 - Math.clz32(wide.high);
  guest.chargeCycles(bits * DIVIDE_WIDE_CYCLES_PER_BIT);
}

function muldi3(guest: RomGuest): RomOutcome {
  multiplyWide(guest.ar[2]!, guest.ar[3]!, guest.ar[4]!, guest.ar[5]!);
  guest.ar[2] = wide.low;
  guest.ar[3] = wide.high;
  return undefined;
}

/** 32 × 32 → 64, unsigned. */
function umulsidi3(guest: RomGuest): RomOutcome {
  multiplyWords(guest.ar[2]!, guest.ar[3]!);
  guest.ar[2] = wide.low;
  guest.ar[3] = wide.high;
  return undefined;
}

function divideByZero(guest: RomGuest): RomOutcome {
  guest.raise(EXCCAUSE.ILLEGAL);
  return 'jumped';
}

export const integerCalls: readonly RomCall[] = [
  { addr: 0x4000e21c, name: '__udivsi3', cycles: DIVIDE_CYCLES, run: udivsi3 },
  { addr: 0x4000e268, name: '__umodsi3', cycles: DIVIDE_CYCLES, run: umodsi3 },
  { addr: 0x4000dc88, name: '__divsi3', cycles: DIVIDE_CYCLES, run: divsi3 },
  { addr: 0x4000ce60, name: '__divdi3', cycles: DIVIDE_WIDE_CYCLES, run: divdi3 },
  { addr: 0x4000d310, name: '__udivdi3', cycles: DIVIDE_WIDE_CYCLES, run: udivdi3 },
  { addr: 0x4000d770, name: '__umoddi3', cycles: DIVIDE_WIDE_CYCLES, run: umoddi3 },
  { addr: 0x40000650, name: '__muldi3', cycles: 40, run: muldi3 },
  { addr: 0x4000dcf0, name: '__umulsidi3', cycles: 35, run: umulsidi3 },
];
