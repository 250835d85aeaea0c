import { SR1_WRITABLE, SR2_QE, SR2_WRITABLE, SR3_WRITABLE } from './flash-commands';
import { statusInterrupted } from './flash-power-cut';

/** All bits that software can change, registers 1-3 packed from the low byte up. */
const WRITABLE = SR1_WRITABLE | (SR2_WRITABLE << 8) | (SR3_WRITABLE << 16);

/**
 * Status registers 1-3 without WIP and WEL, packed into one number: the non-volatile values and the copy in force.
 * They are part of the chip, not of its content: a board that keeps a flash image over runs keeps them too, or starts
 * with the factory values.
 */
export class FlashStatus {
  /** Survives power loss. */
  stored: number;
  /** What the chip obeys: `stored`, or what a volatile write put over it until the next power-on or reset. */
  active: number;
  /** What a write under way will leave. */
  wanted: number;

  constructor(stored: number) {
    this.stored = stored & WRITABLE;
    this.active = this.stored;
    this.wanted = this.stored;
  }

  get quadEnabled(): boolean {
    return ((this.active >> 8) & SR2_QE) !== 0;
  }

  /** Register 1, 2 or 3 as RDSR returns it, without WIP and WEL. */
  read(register: 1 | 2 | 3): number {
    return (this.active >> (8 * (register - 1))) & 0xff;
  }

  /** Takes effect at once and lasts until power-on, soft reset or the next non-volatile write. */
  writeVolatile(register: 1 | 2 | 3, value: number, bytes: number): void {
    this.active = merged(this.active, register, value, bytes);
  }

  /** `bytes` bytes, low byte first, from `register` on; `store` ends it. */
  beginWrite(register: 1 | 2 | 3, value: number, bytes: number): void {
    this.wanted = merged(this.stored, register, value, bytes);
  }

  /** Ends a non-volatile write, after `progress` of its time. */
  store(progress: number, seed: number): void {
    this.stored = statusInterrupted(this.stored, this.wanted, progress, seed);
    this.active = this.stored;
  }

  /** Power-on and soft reset: the stored values are in force again. */
  reload(): void {
    this.active = this.stored;
    this.wanted = this.stored;
  }
}

function merged(old: number, register: number, value: number, bytes: number): number {
  const shift = 8 * (register - 1);
  const mask = (((1 << (8 * bytes)) - 1) << shift) & WRITABLE;
  return (old & ~mask) | ((value << shift) & mask);
}
