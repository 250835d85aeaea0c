/**
 * The internal bus to the analogue blocks, 0x60000D00 + 4 · host, and the few analogue registers beside it. Sources:
 * chip.md 3.7, wifi.md section 8 (which answers software waits for).
 */
import { PLL_DEFAULT } from './clocks';
import type { Peripheral, SavedState } from './peripheral';
import { SavedFields } from './saved-fields';
import { unknownRegister } from './unknown-register';

export interface AnalogI2cWiring {
  /** A PLL register (block 0x67, host 4) was written, or went back to its reset value. */
  readonly onPllRegister: (register: number, value: number) => void;
  /** +48 bit 1 went from 0 to 1: restart and the WiFi driver reset the MAC with it. */
  readonly onMacReset: () => void;
}

export const ANALOG_I2C_SIZE = 0x100;

/** Host registers +00…+1C. */
const HOSTS_END = 0x20;
const TRANSACTION_WRITE = 1 << 24;

const PLL_HOST = 4;
const PLL_BLOCK = 0x67;
/** PLL registers 1 and 2 after reset: right for a 40 MHz crystal. */
const PLL_RESET: readonly (readonly [number, number])[] = [
  [1, PLL_DEFAULT],
  [2, 129],
];
/** Blocks whose register 7 tells in bit 7 that their PLL has locked: the RF PLL, and the CPU's. */
const LOCK_BLOCKS: readonly number[] = [0x62, PLL_BLOCK];
const LOCK_REGISTER = 7;
const LOCKED = 0x80;

const RESETS = 0x48;
const MAC_RESET = 1 << 1;
const SAR_READY = 0x4c;
const SAR_DONE = 0x01000000;
const SAR_STATE = 0x50;
const SAR_STATE_BUSY = 0x07000000;

/** A byte per host, block and register; a transaction is over before the next instruction. */
export class AnalogI2c implements Peripheral {
  readonly name = 'analog-i2c';
  private readonly wiring: AnalogI2cWiring;
  private readonly words = new Uint32Array(ANALOG_I2C_SIZE / 4);
  /** host << 8 | block → its registers, made when first touched. */
  private readonly blocks = new Map<number, Uint8Array>();

  constructor(wiring: AnalogI2cWiring) {
    this.wiring = wiring;
    this.loadPllDefaults();
  }

  read32(offset: number): number {
    const word = this.words[offset >>> 2];
    if (word === undefined) throw unknownRegister(this.name, offset);
    if (offset === SAR_READY) return (word | SAR_DONE) >>> 0;
    if (offset === SAR_STATE) return (word & ~SAR_STATE_BUSY) >>> 0;
    return word;
  }

  write32(offset: number, value: number): void {
    if (offset >= ANALOG_I2C_SIZE) throw unknownRegister(this.name, offset);
    if (offset < HOSTS_END) {
      this.transact(offset >>> 2, value);
      return;
    }
    const rising = value & ~this.words[offset >>> 2]!;
    this.words[offset >>> 2] = value;
    if (offset === RESETS && (rising & MAC_RESET) !== 0) this.wiring.onMacReset();
  }

  reset(): void {
    this.words.fill(0);
    this.blocks.clear();
    this.loadPllDefaults();
    for (const [register, value] of PLL_RESET) this.wiring.onPllRegister(register, value);
  }

  save(): SavedState {
    const blocks: Record<string, Uint8Array> = {};
    for (const [key, registers] of this.blocks) blocks[key] = registers.slice();
    return { version: 1, words: Array.from(this.words), blocks: { version: 1, ...blocks } };
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the state does not fit. */
  restore(state: SavedState): void {
    const fields = new SavedFields(this.name, state, 1);
    this.words.set(fields.numbers('words', this.words.length));
    const saved = fields.part('blocks');
    const blocks = new SavedFields(this.name, saved, 1);
    this.blocks.clear();
    for (const key of Object.keys(saved)) {
      if (key !== 'version') this.blocks.set(Number(key), blocks.bytes(key).slice());
    }
  }

  private transact(host: number, value: number): void {
    const block = value & 0xff;
    const register = (value >>> 8) & 0xff;
    const registers = this.registersOf(host, block);
    if ((value & TRANSACTION_WRITE) !== 0) {
      const written = (value >>> 16) & 0xff;
      registers[register] = written;
      if (host === PLL_HOST && block === PLL_BLOCK) this.wiring.onPllRegister(register, written);
    }
    let data = registers[register]!;
    if (register === LOCK_REGISTER && LOCK_BLOCKS.includes(block)) data |= LOCKED;
    // Busy (bit 25) is never seen set.
    this.words[host] = block | (register << 8) | (data << 16);
  }

  private registersOf(host: number, block: number): Uint8Array {
    const key = (host << 8) | block;
    let registers = this.blocks.get(key);
    if (!registers) {
      registers = new Uint8Array(256);
      this.blocks.set(key, registers);
    }
    return registers;
  }

  private loadPllDefaults(): void {
    const registers = this.registersOf(PLL_HOST, PLL_BLOCK);
    for (const [register, value] of PLL_RESET) registers[register] = value;
  }
}
