import type { SavedState } from './peripheral';
import { SavedFields } from './saved-fields';

/** In place of a byte: the sender holds the line low for longer than a frame. */
export const INPUT_BREAK = 0x100;

/**
 * What the outside has sent and the wire has not carried yet: a bounded queue in front of the receiver, so that a host
 * may write a block at once and the guest still sees one byte per frame time.
 */
export class UartInput {
  private readonly codes: Uint16Array;
  private readonly bauds: Float64Array;
  private head = 0;
  private count = 0;

  constructor(sizeBytes: number) {
    this.codes = new Uint16Array(sizeBytes);
    this.bauds = new Float64Array(sizeBytes);
  }

  get length(): number {
    return this.count;
  }

  get free(): number {
    return this.codes.length - this.count;
  }

  get headCode(): number {
    return this.codes[this.head]!;
  }

  get headBaud(): number {
    return this.bauds[this.head]!;
  }

  /** False when it is full; nothing was taken then. */
  push(code: number, baud: number): boolean {
    if (this.free === 0) return false;
    const tail = (this.head + this.count) % this.codes.length;
    this.codes[tail] = code;
    this.bauds[tail] = baud;
    this.count++;
    return true;
  }

  drop(): void {
    this.head = (this.head + 1) % this.codes.length;
    this.count--;
  }

  clear(): void {
    this.head = 0;
    this.count = 0;
  }

  save(): SavedState {
    const order = Array.from({ length: this.count }, (_unused, i) => (this.head + i) % this.codes.length);
    return { version: 1, codes: order.map((i) => this.codes[i]!), bauds: order.map((i) => this.bauds[i]!) };
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the state does not fit. */
  restore(state: SavedState): void {
    const fields = new SavedFields('uart input', state, 1);
    const codes = fields.numbers('codes');
    const bauds = fields.numbers('bauds', codes.length);
    this.clear();
    codes.forEach((code, i) => this.push(code, bauds[i]!));
  }
}
