import {
  EXCCAUSE,
  FLASH_WINDOW_BASE,
  IRAM_BANK1_BASE,
  IRAM_BANK_SIZE,
  ROM_BASE,
  ROM_SIZE,
} from '../../chip/esp8266';
import { EmulatorFault, hex32 } from '../fault';
import { CACHE_OFF } from '../memory/bus';
import { ROM_AT } from '../memory/guest-memory';
import type { RomCall } from '../rom/rom-call';
import type { Cpu } from './cpu';
import { lengthOf } from './decode';
import { raiseException } from './exceptions';
import { CODE_BASE, CODE_SIZE, encodeDecoded } from './predecode';
import { REG } from './registers';
import { EXEC_BREAKPOINT, EXEC_ROM_CALL } from './table';

const CODE_MASK = CODE_SIZE - 1;
const CODE_PAGE_SHIFT = 8;
const LONGEST_INSTRUCTION_BYTES = 3;

export interface RomProgram {
  /** 64 KiB as data. */
  readonly image: Uint8Array;
  /** 1 where a byte belongs to code or data of the image: anything else is an unknown ROM address. */
  readonly known: Uint8Array;
  readonly calls: readonly RomCall[];
}

/**
 * Predecoded code (predecode.ts tells the form): filled when an address is executed for the first time, emptied where
 * the bytes behind it change. ROM functions and breakpoints stand in it like instructions.
 */
export class CodeTable {
  /** Two words for each byte address; pages that are never executed cost nothing. */
  readonly words = new Int32Array(CODE_SIZE * 2);
  /** Jump targets at or above this raise or fault: lowered while the flash cache is off. */
  limit = CODE_SIZE;
  romCalls: readonly RomCall[] = [];
  private readonly cpu: Cpu;
  private readonly pages = new Uint8Array(CODE_SIZE >> CODE_PAGE_SHIFT);
  private readonly breakpoints = new Set<number>();
  private readonly romCallAt = new Map<number, number>();
  private romKnown: Uint8Array = new Uint8Array(ROM_SIZE);
  private steppingOff = false;

  constructor(cpu: Cpu) {
    this.cpu = cpu;
  }

  setRom(rom: RomProgram): void {
    this.cpu.memory.bytes.set(rom.image, ROM_AT);
    this.romKnown = rom.known;
    this.romCalls = rom.calls;
    this.romCallAt.clear();
    rom.calls.forEach((call, index) => this.romCallAt.set(call.addr, index));
    this.invalidateAll();
  }

  /**
   * Decodes the instruction at `pc` into the code table. Returns false when there is nothing to execute there: then
   * the exception was raised and PC points at its vector.
   *
   * @throws EmulatorFault for an unknown ROM address or code in flash while the cache is off
   */
  decodeAt(pc: number): boolean {
    const slot = (pc & CODE_MASK) << 1;
    const inRom = pc >>> 16 === ROM_BASE >>> 16;
    const romCall = inRom ? this.romCallAt.get(pc >>> 0) : undefined;
    if (this.breakpoints.has(pc >>> 0) && !this.steppingOff) {
      this.words[slot] = EXEC_BREAKPOINT;
    } else if (romCall !== undefined) {
      this.words[slot] = EXEC_ROM_CALL;
      this.words[slot + 1] = romCall;
    } else {
      if (inRom && this.romKnown[pc & (ROM_SIZE - 1)] === 0) {
        throw new EmulatorFault(
          'ESPRIG_EMU_UNKNOWN_ROM_CALL',
          `no boot-ROM function is known at ${hex32(pc)}; called from ${hex32(this.cpu.ar[0]!)}`,
          { pc },
        );
      }
      const at = this.fetchPlace(pc);
      if (at < 0) return false;
      const first = this.cpu.memory.bytes[at]!;
      const length = lengthOf(first);
      // The last byte may lie beyond the end of the memory that the first one is in.
      const lastAt = this.fetchPlace(pc + length - 1);
      if (lastAt < 0) return false;
      const word = first | (this.cpu.memory.bytes[at + 1]! << 8) | (this.cpu.memory.bytes[lastAt]! << 16);
      encodeDecoded(this.cpu, pc, word, this.words, slot);
    }
    this.pages[(pc & CODE_MASK) >> CODE_PAGE_SHIFT] = 1;
    return true;
  }

  private fetchPlace(pc: number): number {
    const top = pc >>> 23 === CODE_BASE >>> 23;
    const at = top ? this.cpu.bus.locate(pc) : -1;
    if (at >= 0) return at;
    if (at === CACHE_OFF) {
      throw new EmulatorFault('ESPRIG_EMU_CACHE_OFF', 'execution in mapped flash while the cache is off', {
        pc,
        addr: pc,
      });
    }
    const prohibited = (this.cpu.regs[REG.ITLB + (pc >>> 29)]! & 0xf) === 0xf;
    raiseException(this.cpu, prohibited ? EXCCAUSE.INST_FETCH_PROHIBITED : EXCCAUSE.INST_FETCH_ERROR, pc, pc);
    return -1;
  }

  /** Code in [addr, addr + length) changed. */
  invalidate(addr: number, length: number): void {
    const first = (addr - 2) & CODE_MASK;
    const last = (addr + length - 1) & CODE_MASK;
    for (let page = first >> CODE_PAGE_SHIFT; page <= last >> CODE_PAGE_SHIFT; page++) {
      if (this.pages[page] === 0) continue;
      const from = Math.max(first, page << CODE_PAGE_SHIFT);
      const to = Math.min(last, (page << CODE_PAGE_SHIFT) + 255);
      this.words.fill(0, from << 1, (to + 1) << 1);
      if (to - from === 255) this.pages[page] = 0;
    }
  }

  invalidateAll(): void {
    this.invalidate(CODE_BASE + 2, CODE_SIZE - 2);
  }

  /** The flash window went live, went away, or shows other flash now. */
  flashWindowChanged(live: boolean, remapped: boolean): void {
    this.limit = live ? CODE_SIZE : FLASH_WINDOW_BASE - CODE_BASE;
    // Jumps into the window are compared with the limit; code that switches off what it runs in must be stopped too.
    if (!live && this.cpu.pc >= FLASH_WINDOW_BASE)
      this.invalidate(this.cpu.pc, LONGEST_INSTRUCTION_BYTES + 1);
    if (remapped) this.invalidate(FLASH_WINDOW_BASE, 0x200000);
  }

  /** The flash cache took IRAM banks or gave them back. */
  cacheBanksChanged(): void {
    this.invalidate(IRAM_BANK1_BASE, 2 * IRAM_BANK_SIZE);
  }

  setBreakpoint(addr: number): void {
    this.breakpoints.add(addr >>> 0);
    this.invalidate(addr, 1);
  }

  clearBreakpoint(addr: number): void {
    this.breakpoints.delete(addr >>> 0);
    this.invalidate(addr, 1);
  }

  hasBreakpoint(addr: number): boolean {
    return this.breakpoints.has(addr >>> 0);
  }

  /** Does something with the instruction itself standing where a breakpoint hides it. */
  withoutBreakpointAt(addr: number, action: () => void): void {
    this.steppingOff = true;
    this.invalidate(addr, 1);
    try {
      action();
    } finally {
      this.steppingOff = false;
      this.invalidate(addr, 1);
    }
  }

  /** Index of the native ROM function that stands at `addr`. */
  romCallIndex(addr: number): number | undefined {
    return this.romCallAt.get(addr >>> 0);
  }

  /** The native ROM function that stands at `addr`. */
  romCallAtAddr(addr: number): RomCall | undefined {
    const index = this.romCallIndex(addr);
    return index === undefined ? undefined : this.romCalls[index];
  }
}
