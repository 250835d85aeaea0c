import type { Cpu } from '../cpu/cpu';
import { REG } from '../cpu/registers';
import { ROM_BASE } from '../../chip/esp8266';
import { runRomCall, RomTrap, type RomCall, type RomGuest, type RomOutcome } from './rom-call';

/** The guest as seen by ROM functions, made once for each CPU. */
class RomPort implements RomGuest {
  readonly ar: Int32Array;
  private readonly cpu: Cpu;
  private readonly trap = new RomTrap();

  constructor(cpu: Cpu) {
    this.cpu = cpu;
    this.ar = cpu.ar;
  }

  load8(addr: number): number {
    return this.checked(this.cpu.data.load8(addr));
  }
  load16(addr: number): number {
    return this.checked(this.cpu.data.load16(addr));
  }
  load32(addr: number): number {
    return this.checked(this.cpu.data.load32(addr));
  }
  store8(addr: number, value: number): void {
    this.cpu.data.store8(addr, value);
    this.checked(0);
  }
  store16(addr: number, value: number): void {
    this.cpu.data.store16(addr, value);
    this.checked(0);
  }
  store32(addr: number, value: number): void {
    this.cpu.data.store32(addr, value);
    this.checked(0);
  }

  view(addr: number, length: number, forWriting: boolean): Uint8Array | undefined {
    const { bus, memory } = this.cpu;
    const at = bus.locate(addr);
    const page = addr >>> 20;
    if (at < 0 || (length > 1 && bus.locate(addr + length - 1) !== at + length - 1)) return undefined;
    if (forWriting) {
      if (addr >>> 24 === 0x40 && page !== 0x401) return undefined;
      if (page === 0x401) this.cpu.codeTable.invalidate(addr, length);
    }
    return memory.bytes.subarray(at, at + length);
  }

  chargeCycles(cycles: number): void {
    this.cpu.time.chargeCycles(cycles);
  }

  passCycles(cycles: number): void {
    const left = this.cpu.regs[REG.LEFT]!;
    if (left <= 0) return;
    const passed = Math.min(cycles >>> 0, left);
    this.cpu.time.chargeCycles(passed);
    this.cpu.time.idledCycles += passed;
  }

  raise(cause: number, excvaddr?: number): void {
    this.cpu.raise(cause, excvaddr);
  }

  /** An access that raised an exception ends the ROM function there: PC is at the vector already. */
  private checked(value: number): number {
    if (this.cpu.regs[REG.TRAP] !== 0) {
      this.cpu.regs[REG.TRAP] = 0;
      throw this.trap;
    }
    return value;
  }
}

const ports = new WeakMap<Cpu, RomPort>();

/** Runs one ROM function to its outcome; PC stands on the function's address. */
export function invokeRomCall(cpu: Cpu, call: RomCall): void {
  let port = ports.get(cpu);
  if (!port) ports.set(cpu, (port = new RomPort(cpu)));
  const regs = cpu.regs;
  cpu.time.chargeCycles(call.cycles);
  // An app that has its own vectors emulates narrow access to flash and IRAM; the ROM's own vectors would not.
  const trapNarrow = cpu.data.trapNarrowAccess;
  if (regs[REG.VECBASE] !== ROM_BASE) cpu.data.trapNarrowAccess = false;
  let outcome: RomOutcome;
  try {
    outcome = runRomCall(call, port);
  } finally {
    cpu.data.trapNarrowAccess = trapNarrow;
  }
  if (outcome === undefined) regs[REG.PC] = cpu.ar[0]!;
  else if (outcome === 'again') cpu.interruptsChanged();
}
