import type { Peripheral, SavedState } from './peripheral';
import { SavedFields } from './saved-fields';
import { unknownRegister } from './unknown-register';

export interface StorageConfig {
  readonly name: string;
  readonly sizeBytes: number;
  /** Byte offset → value after reset; everything else is 0. */
  readonly resetValues?: Readonly<Record<number, number>>;
  /** Byte offset → bits that read 1 whatever was written (a "ready" that software spins on). */
  readonly readsOne?: Readonly<Record<number, number>>;
  /** Byte offset → bits that read 0 whatever was written (a "busy" that software spins on). */
  readonly readsZero?: Readonly<Record<number, number>>;
}

/** A block that only remembers: what is written can be read again, apart from the bits that the table pins. */
export class StorageBlock implements Peripheral {
  readonly name: string;
  readonly sizeBytes: number;
  private readonly words: Uint32Array;
  private readonly ones: Uint32Array;
  private readonly zeros: Uint32Array;
  private readonly resetWords: Uint32Array;

  constructor(config: StorageConfig) {
    const length = config.sizeBytes >>> 2;
    this.name = config.name;
    this.sizeBytes = config.sizeBytes;
    this.words = new Uint32Array(length);
    this.ones = table(length, config.readsOne);
    this.zeros = table(length, config.readsZero);
    this.resetWords = table(length, config.resetValues);
    this.words.set(this.resetWords);
  }

  read32(offset: number): number {
    const index = offset >>> 2;
    const word = this.words[index];
    if (word === undefined) throw unknownRegister(this.name, offset);
    return ((word | this.ones[index]!) & ~this.zeros[index]!) >>> 0;
  }

  write32(offset: number, value: number): void {
    const index = offset >>> 2;
    if (index >= this.words.length) throw unknownRegister(this.name, offset);
    this.words[index] = value;
  }

  reset(): void {
    this.words.set(this.resetWords);
  }

  save(): SavedState {
    return { version: 1, words: Array.from(this.words) };
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the state does not fit. */
  restore(state: SavedState): void {
    this.words.set(new SavedFields(this.name, state, 1).numbers('words', this.words.length));
  }
}

function table(length: number, entries: Readonly<Record<number, number>> = {}): Uint32Array {
  const words = new Uint32Array(length);
  for (const [offset, value] of Object.entries(entries)) words[Number(offset) >>> 2] = value;
  return words;
}
