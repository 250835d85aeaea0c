import { EXCCAUSE } from '../../chip/esp8266';
import { EmulatorFault } from '../fault';
import { CACHE_OFF, type Bus } from '../memory/bus';
import type { GuestMemory } from '../memory/guest-memory';
import type { Cpu } from './cpu';
import { raiseException } from './exceptions';
import { REG } from './registers';

/**
 * Every access that is not the hot loop's fast path (plain data RAM): other memories, registers, and what raises an
 * exception. Such an access sets TRAP, with PC at the vector.
 */
export class DataAccess {
  /** 8- and 16-bit access to IRAM, ROM and mapped flash raises cause 3, as on silicon. */
  trapNarrowAccess = true;
  private readonly cpu: Cpu;
  private readonly memory: GuestMemory;
  private readonly bus: Bus;

  constructor(cpu: Cpu) {
    this.cpu = cpu;
    this.memory = cpu.memory;
    this.bus = cpu.bus;
  }

  load32(addr: number): number {
    if ((addr & 3) !== 0) return this.trap(EXCCAUSE.ALIGNMENT, addr);
    const at = this.bus.locate(addr);
    return at >= 0 ? this.memory.words[at >> 2]! : this.loadElsewhere(addr, at);
  }

  /** Unsigned. */
  load16(addr: number): number {
    if ((addr & 1) !== 0) return this.trap(EXCCAUSE.ALIGNMENT, addr);
    const at = this.bus.locate(addr);
    if (at < 0) return (this.loadElsewhere(addr, at) >>> ((addr & 2) * 8)) & 0xffff;
    if (this.trapNarrowAccess && addr >>> 24 === 0x40) return this.trap(EXCCAUSE.LOAD_STORE_ERROR, addr);
    return this.memory.halves[at >> 1]!;
  }

  load8(addr: number): number {
    const at = this.bus.locate(addr);
    if (at < 0) return (this.loadElsewhere(addr, at) >>> ((addr & 3) * 8)) & 0xff;
    if (this.trapNarrowAccess && addr >>> 24 === 0x40) return this.trap(EXCCAUSE.LOAD_STORE_ERROR, addr);
    return this.memory.bytes[at]!;
  }

  store32(addr: number, value: number): void {
    if ((addr & 3) !== 0) this.trap(EXCCAUSE.ALIGNMENT, addr);
    else this.storeMasked(addr, addr, value, -1);
  }

  store16(addr: number, value: number): void {
    if ((addr & 1) !== 0) this.trap(EXCCAUSE.ALIGNMENT, addr);
    else this.storeNarrow(addr, (value & 0xffff) << ((addr & 2) * 8), 0xffff << ((addr & 2) * 8));
  }

  store8(addr: number, value: number): void {
    this.storeNarrow(addr, (value & 0xff) << ((addr & 3) * 8), 0xff << ((addr & 3) * 8));
  }

  private storeNarrow(addr: number, lanes: number, mask: number): void {
    if (this.trapNarrowAccess && addr >>> 24 === 0x40 && this.bus.locate(addr) >= 0) {
      this.trap(EXCCAUSE.LOAD_STORE_ERROR, addr);
      return;
    }
    this.storeMasked(addr & ~3, addr, lanes, mask);
  }

  /** Stores the bits of `mask` into the word at the aligned `addr`; `excvaddr` is what the instruction named. */
  private storeMasked(addr: number, excvaddr: number, value: number, mask: number): void {
    const at = this.bus.locate(addr);
    if (at >= 0) {
      if (addr >>> 20 !== 0x401 && addr >>> 24 === 0x40) {
        // ROM and mapped flash cannot be written; what silicon raises was not measured.
        this.trap(EXCCAUSE.LOAD_STORE_ERROR, excvaddr);
        return;
      }
      const words = this.memory.words;
      words[at >> 2] = (words[at >> 2]! & ~mask) | (value & mask);
      if (addr >>> 20 === 0x401) this.cpu.codeTable.invalidate(addr, 4);
      return;
    }
    if (this.prohibited(addr)) {
      this.trap(EXCCAUSE.STORE_PROHIBITED, excvaddr);
      return;
    }
    if (at === CACHE_OFF) this.cacheOff(addr);
    const old = mask === -1 ? 0 : this.bus.readRegister(addr, this.cpu.pc);
    this.bus.writeRegister(addr, (old & ~mask) | (value & mask), this.cpu.pc);
  }

  private loadElsewhere(addr: number, at: number): number {
    if (this.prohibited(addr)) return this.trap(EXCCAUSE.LOAD_PROHIBITED, addr);
    if (at === CACHE_OFF) {
      if (this.cpu.regs[REG.IN_NMI] === 0) this.cacheOff(addr);
      // The SDK's WiFi driver (3.2) looks into a table in flash when an acknowledgment is missing, also from the NMI
      // of a flash operation: real boards live with whatever a cache that is off answers.
      this.bus.cacheOffLoads++;
      return 0;
    }
    return this.bus.readRegister(addr & ~3, this.cpu.pc);
  }

  /** Region protection: attribute 0xF (no access) of the 512 MB that the address lies in. */
  private prohibited(addr: number): boolean {
    return (this.cpu.regs[REG.DTLB + (addr >>> 29)]! & 0xf) === 0xf;
  }

  private cacheOff(addr: number): never {
    throw new EmulatorFault('ESPRIG_EMU_CACHE_OFF', 'access to mapped flash while the cache is off', {
      pc: this.cpu.pc,
      addr,
    });
  }

  private trap(cause: number, excvaddr: number): number {
    raiseException(this.cpu, cause, this.cpu.pc, excvaddr);
    this.cpu.regs[REG.TRAP] = 1;
    return 0;
  }
}
