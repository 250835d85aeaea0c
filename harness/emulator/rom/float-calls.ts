/**
 * The compiler's floating-point helpers in the ROM: singles in a2 and a3, doubles in a2:a3 and a4:a5, low word first.
 * Addresses and names: ESP8266_RTOS_SDK `components/esp8266/ld/esp8266.rom.ld`. Costs are estimates from the number of
 * steps such routines need on a core with a 16 × 16 multiplier (a double division makes 52 quotient bits one by one).
 */
import type { RomCall, RomGuest, RomOutcome } from './rom-call';
import {
  addDouble,
  addSingle,
  divideDouble,
  doubleResult,
  doubleToInt,
  doubleToSingle,
  doubleToUnsigned,
  integerToDouble,
  integerToSingle,
  multiplyDouble,
  multiplySingle,
  singleToDouble,
  singleToUnsigned,
  subtractDouble,
  subtractSingle,
} from './soft-float';

type DoubleFunction = (xLow: number, xHigh: number, yLow: number, yHigh: number) => void;
type SingleFunction = (x: number, y: number) => number;

function onDoubles(compute: DoubleFunction): (guest: RomGuest) => RomOutcome {
  return (guest) => {
    compute(guest.ar[2]!, guest.ar[3]!, guest.ar[4]!, guest.ar[5]!);
    return returnDouble(guest);
  };
}

function onSingles(compute: SingleFunction): (guest: RomGuest) => RomOutcome {
  return (guest) => {
    guest.ar[2] = compute(guest.ar[2]!, guest.ar[3]!);
    return undefined;
  };
}

function returnDouble(guest: RomGuest): RomOutcome {
  guest.ar[2] = doubleResult[0]!;
  guest.ar[3] = doubleResult[1]!;
  return undefined;
}

function fixdfsi(guest: RomGuest): RomOutcome {
  guest.ar[2] = doubleToInt(guest.ar[2]!, guest.ar[3]!);
  return undefined;
}

function fixunsdfsi(guest: RomGuest): RomOutcome {
  guest.ar[2] = doubleToUnsigned(guest.ar[2]!, guest.ar[3]!);
  return undefined;
}

function fixunssfsi(guest: RomGuest): RomOutcome {
  guest.ar[2] = singleToUnsigned(guest.ar[2]!);
  return undefined;
}

function floatsidf(guest: RomGuest): RomOutcome {
  integerToDouble(guest.ar[2]!);
  return returnDouble(guest);
}

function floatunsidf(guest: RomGuest): RomOutcome {
  integerToDouble(guest.ar[2]! >>> 0);
  return returnDouble(guest);
}

function floatsisf(guest: RomGuest): RomOutcome {
  guest.ar[2] = integerToSingle(guest.ar[2]!);
  return undefined;
}

function floatunsisf(guest: RomGuest): RomOutcome {
  guest.ar[2] = integerToSingle(guest.ar[2]! >>> 0);
  return undefined;
}

function extendsfdf2(guest: RomGuest): RomOutcome {
  singleToDouble(guest.ar[2]!);
  return returnDouble(guest);
}

function truncdfsf2(guest: RomGuest): RomOutcome {
  guest.ar[2] = doubleToSingle(guest.ar[2]!, guest.ar[3]!);
  return undefined;
}

export const floatCalls: readonly RomCall[] = [
  { addr: 0x4000c538, name: '__adddf3', cycles: 50, run: onDoubles(addDouble) },
  { addr: 0x4000c688, name: '__subdf3', cycles: 55, run: onDoubles(subtractDouble) },
  { addr: 0x4000c8f0, name: '__muldf3', cycles: 150, run: onDoubles(multiplyDouble) },
  { addr: 0x4000cb94, name: '__divdf3', cycles: 800, run: onDoubles(divideDouble) },
  { addr: 0x4000c180, name: '__addsf3', cycles: 38, run: onSingles(addSingle) },
  { addr: 0x4000c268, name: '__subsf3', cycles: 42, run: onSingles(subtractSingle) },
  { addr: 0x4000c3dc, name: '__mulsf3', cycles: 55, run: onSingles(multiplySingle) },
  { addr: 0x4000ccb8, name: '__fixdfsi', cycles: 22, run: fixdfsi },
  { addr: 0x4000cd00, name: '__fixunsdfsi', cycles: 24, run: fixunsdfsi },
  { addr: 0x4000c4c4, name: '__fixunssfsi', cycles: 22, run: fixunssfsi },
  { addr: 0x4000e2f0, name: '__floatsidf', cycles: 22, run: floatsidf },
  { addr: 0x4000e2e8, name: '__floatunsidf', cycles: 24, run: floatunsidf },
  { addr: 0x4000e2ac, name: '__floatsisf', cycles: 25, run: floatsisf },
  { addr: 0x4000e2a4, name: '__floatunsisf', cycles: 27, run: floatunsisf },
  { addr: 0x4000cdfc, name: '__extendsfdf2', cycles: 20, run: extendsfdf2 },
  { addr: 0x4000cd5c, name: '__truncdfsf2', cycles: 28, run: truncdfsf2 },
];
