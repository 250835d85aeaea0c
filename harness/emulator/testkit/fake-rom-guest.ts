import {
  DRAM_BASE,
  DRAM_SIZE,
  EXCCAUSE,
  FLASH_WINDOW_BASE,
  IRAM_BASE,
  IRAM_SIZE,
  ROM_BASE,
} from '../../chip/esp8266';
import { EmulatorFault } from '../fault';
import type { RomCall, RomGuest, RomOutcome } from '../rom/rom-call';
import { RomTrap, runRomCall } from '../rom/rom-call';

/** One memory of the fake board. */
interface FakeRegion {
  readonly base: number;
  readonly bytes: Uint8Array;
  readonly words: DataView;
  /** DRAM alone takes 8 and 16 bit accesses. */
  readonly byteAccess: boolean;
  readonly writable: boolean;
  /** Registers have no view. */
  readonly viewable: boolean;
}

/** One data access as the fake bus saw it. */
export interface FakeAccess {
  readonly kind: 'load' | 'store';
  readonly addr: number;
  readonly bits: 8 | 16 | 32;
  readonly value: number;
}

/** SPI0's data registers W0-W15, enough to play "memcpy from a FIFO". */
export const FAKE_REGISTERS_BASE = 0x60000240;
export const FAKE_FLASH_SIZE = 0x8000;

/**
 * A RomGuest without a CPU: the memories of the chip with their access rules, for tests of ROM bodies. Accesses that do
 * not go through a view are logged.
 */
export class FakeRomGuest implements RomGuest {
  readonly ar = new Int32Array(16);
  readonly accesses: FakeAccess[] = [];
  /** Off: every copy has to go through load and store. */
  viewsAllowed = true;
  /** On: 8 and 16 bit accesses work everywhere, as once an app's handler emulates them. */
  trapsHandled = false;
  cycles = 0;
  raised: { readonly cause: number; readonly excvaddr: number | undefined } | undefined;

  private readonly trap = new RomTrap();
  private readonly regions: readonly FakeRegion[] = [
    region(DRAM_BASE, DRAM_SIZE, { byteAccess: true, writable: true, viewable: true }),
    region(IRAM_BASE, IRAM_SIZE, { byteAccess: false, writable: true, viewable: true }),
    region(ROM_BASE, 0x1000, { byteAccess: false, writable: false, viewable: true }),
    region(FLASH_WINDOW_BASE, FAKE_FLASH_SIZE, { byteAccess: false, writable: false, viewable: true }),
    region(FAKE_REGISTERS_BASE, 0x40, { byteAccess: false, writable: true, viewable: false }),
  ];

  load8(addr: number): number {
    return this.access('load', addr, 8, 0);
  }
  load16(addr: number): number {
    return this.access('load', addr, 16, 0);
  }
  load32(addr: number): number {
    return this.access('load', addr, 32, 0);
  }
  store8(addr: number, value: number): void {
    this.access('store', addr, 8, value);
  }
  store16(addr: number, value: number): void {
    this.access('store', addr, 16, value);
  }
  store32(addr: number, value: number): void {
    this.access('store', addr, 32, value);
  }

  view(addr: number, length: number, forWriting: boolean): Uint8Array | undefined {
    if (!this.viewsAllowed) return undefined;
    const start = addr >>> 0;
    const found = this.find(start, length >>> 0);
    if (found === undefined || !found.viewable || (forWriting && !found.writable)) return undefined;
    return found.bytes.subarray(start - found.base, start - found.base + (length >>> 0));
  }

  passCycles(cycles: number): void {
    this.chargeCycles(cycles);
  }

  chargeCycles(cycles: number): void {
    if (!Number.isFinite(cycles) || cycles < 0) throw new RangeError(`charged ${cycles} cycles`);
    this.cycles += cycles;
  }

  raise(cause: number, excvaddr?: number): void {
    this.raised = { cause, excvaddr };
  }

  /** Puts bytes into any memory, past all access rules. */
  poke(addr: number, bytes: ArrayLike<number>): void {
    this.peekView(addr, bytes.length).set(bytes);
  }

  /** A copy of guest memory, past all access rules. */
  peek(addr: number, length: number): Uint8Array {
    return this.peekView(addr, length).slice();
  }

  peek32(addr: number): number {
    const bytes = this.peek(addr, 4);
    return new DataView(bytes.buffer).getUint32(0, true);
  }

  /** Puts a NUL-terminated string (Latin-1) at addr; returns the address behind its NUL. */
  pokeString(addr: number, text: string): number {
    const bytes = Array.from(text, (char) => char.charCodeAt(0) & 0xff);
    this.poke(addr, [...bytes, 0]);
    return addr + bytes.length + 1;
  }

  /**
   * Calls a ROM body with a2… = args, as often as it answers 'again'; returns the last outcome. The access log and
   * `raised` start afresh, cycles go on.
   */
  call(romCall: RomCall, ...args: readonly number[]): RomOutcome {
    for (let index = 0; index < args.length; index++) this.ar[2 + index] = args[index]!;
    this.raised = undefined;
    this.accesses.length = 0;
    for (let rounds = 0; rounds < 1_000_000; rounds++) {
      const outcome = runRomCall(romCall, this);
      if (outcome !== 'again') return outcome;
    }
    throw new Error(`${romCall.name} never ended`);
  }

  private peekView(addr: number, length: number): Uint8Array {
    const found = this.find(addr >>> 0, length);
    if (found === undefined) throw new RangeError(`nothing at ${addr.toString(16)} + ${length}`);
    return found.bytes.subarray((addr >>> 0) - found.base, (addr >>> 0) - found.base + length);
  }

  private find(addr: number, length: number): FakeRegion | undefined {
    for (const one of this.regions) {
      if (addr >= one.base && addr + length <= one.base + one.bytes.length) return one;
    }
    return undefined;
  }

  private access(kind: 'load' | 'store', address: number, bits: 8 | 16 | 32, value: number): number {
    const addr = address >>> 0;
    if ((addr & (bits / 8 - 1)) !== 0) this.fail(EXCCAUSE.ALIGNMENT, addr);
    const found = this.find(addr, bits / 8);
    if (found === undefined) {
      throw new EmulatorFault('ESPRIG_EMU_UNMAPPED', `${kind} of ${bits} bits`, { addr });
    }
    if (bits !== 32 && !found.byteAccess && !this.trapsHandled) this.fail(EXCCAUSE.LOAD_STORE_ERROR, addr);
    if (kind === 'store' && !found.writable) this.fail(EXCCAUSE.LOAD_STORE_ERROR, addr);
    const offset = addr - found.base;
    let result = 0;
    if (kind === 'store') {
      if (bits === 8) found.words.setUint8(offset, value);
      else if (bits === 16) found.words.setUint16(offset, value, true);
      else found.words.setUint32(offset, value, true);
    } else if (bits === 8) result = found.words.getUint8(offset);
    else if (bits === 16) result = found.words.getUint16(offset, true);
    else result = found.words.getInt32(offset, true);
    this.accesses.push({ kind, addr, bits, value: kind === 'store' ? value : result });
    return result;
  }

  private fail(cause: number, addr: number): never {
    this.raise(cause, addr);
    throw this.trap;
  }
}

function region(
  base: number,
  size: number,
  rules: { readonly byteAccess: boolean; readonly writable: boolean; readonly viewable: boolean },
): FakeRegion {
  const bytes = new Uint8Array(size);
  return { base, bytes, words: new DataView(bytes.buffer), ...rules };
}

/** Like `expect(actual).toEqual(expected)` on bytes, but quick enough for thousands of rounds. */
export function firstDifference(actual: Uint8Array, expected: Uint8Array): string | undefined {
  if (actual.length !== expected.length) return `${actual.length} bytes instead of ${expected.length}`;
  for (let index = 0; index < actual.length; index++) {
    if (actual[index] !== expected[index])
      return `byte ${index}: ${actual[index]!} instead of ${expected[index]!}`;
  }
  return undefined;
}

/** The call of that name; a test that names a missing one fails at once. */
export function romCallNamed(calls: readonly RomCall[], name: string): RomCall {
  const found = calls.find((call) => call.name === name);
  if (found === undefined) throw new Error(`no ROM call named ${name}`);
  return found;
}
