import { SavedFields } from './saved-fields';
import type { SavedState } from './peripheral';

/**
 * Seedable source of 32-bit random words: Marsaglia's xorshift with shifts 13, 17, 5. The same seed gives the same
 * board; there is no entropy in it.
 */
export class Rng {
  private word: number;

  constructor(seed: number) {
    // Zero is the one state xorshift cannot leave; the multiplication spreads small seeds over all bits.
    this.word = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0 || 0x9e3779b9;
  }

  /** The next word, 0 … 2^32 − 1 (never 0 itself). */
  next32(): number {
    let word = this.word;
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    this.word = word >>> 0;
    return this.word;
  }

  /** A whole number 0 … limit − 1. */
  nextBelow(limit: number): number {
    return Math.floor((this.next32() / 0x100000000) * limit);
  }

  save(): SavedState {
    return { version: 1, word: this.word };
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the state does not fit. */
  restore(state: SavedState): void {
    this.word = new SavedFields('rng', state, 1).number('word');
  }
}
