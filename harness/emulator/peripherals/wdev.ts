/**
 * The WiFi MAC's address range, 0x3FF20000, as far as programs without WiFi touch it (wifi.md 3.1, 3.3, 3.6; chip.md
 * 3.10): the microsecond counter, the random number, and storage. The MAC itself will take its place.
 */
import { WDEV_SIZE } from '../../chip/esp8266';
import { TICKS_PER_MICRO } from '../time';
import type { Peripheral, PeripheralContext, SavedState } from './peripheral';
import type { Rng } from './rng';
import { SavedFields } from './saved-fields';
import { unknownRegister } from './unknown-register';

/** Receive end counter; the driver resets the MAC if two looks at it see the same value. */
const RX_END_COUNT = 0x1c0;
const SYS_TIME = 0xc00; // microseconds, 32 bit, read only
const INT_ENA = 0xc18; // software spins until it reads back what it wrote
const INT_RAW = 0xc1c;
const INT_ST = 0xc20;
const INT_CLR = 0xc24;
const RANDOM = 0xe44;

/** Microseconds, random numbers, storage; never an interrupt. */
export class Wdev implements Peripheral {
  readonly name = 'wdev';
  private readonly context: PeripheralContext;
  private readonly rng: Rng;
  private readonly words = new Uint32Array(WDEV_SIZE / 4);
  /** When the microsecond counter was 0. */
  private zeroTicks = 0;

  constructor(context: PeripheralContext, rng: Rng) {
    this.context = context;
    this.rng = rng;
  }

  /** Interrupts that the driver wants, C18. */
  get interruptEnable(): number {
    return this.words[INT_ENA >>> 2]!;
  }

  read32(offset: number): number {
    switch (offset) {
      case RX_END_COUNT:
        return this.micros >>> 8;
      case SYS_TIME:
        return this.micros;
      case INT_RAW:
      case INT_ST:
      case INT_CLR:
        return 0;
      case RANDOM:
        return this.rng.next32();
      default: {
        const word = this.words[offset >>> 2];
        if (word === undefined) throw unknownRegister(this.name, offset);
        return word;
      }
    }
  }

  write32(offset: number, value: number): void {
    if (offset >= WDEV_SIZE) throw unknownRegister(this.name, offset);
    this.words[offset >>> 2] = value;
  }

  reset(): void {
    this.words.fill(0);
    this.zeroTicks = this.context.scheduler.nowTicks();
  }

  /** What the boot ROM's start does to the MAC: all of it but the microsecond counter (wifi.md 3.1). */
  clearByRestart(): void {
    this.words.fill(0);
  }

  save(): SavedState {
    return { version: 1, words: Array.from(this.words), zeroTicks: this.zeroTicks, rng: this.rng.save() };
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the state does not fit. */
  restore(state: SavedState): void {
    const fields = new SavedFields(this.name, state, 1);
    this.words.set(fields.numbers('words', this.words.length));
    this.zeroTicks = fields.number('zeroTicks');
    this.rng.restore(fields.part('rng'));
  }

  private get micros(): number {
    return Math.floor((this.context.scheduler.nowTicks() - this.zeroTicks) / TICKS_PER_MICRO) % 0x100000000;
  }
}
