import { EmulatorFault } from '../fault';
import type { SavedState } from './peripheral';

/** Reads the named fields of one block out of a snapshot, and refuses what does not fit instead of guessing. */
export class SavedFields {
  private readonly block: string;
  private readonly state: SavedState;

  /** @throws ESPRIG_EMU_SNAPSHOT when the state was written by another version of the block. */
  constructor(block: string, state: SavedState, version: number) {
    this.block = block;
    this.state = state;
    if (state.version !== version) {
      throw this.refusal(`version ${String(state.version)}, expected ${version}`);
    }
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the field is missing or not a number. */
  number(key: string): number {
    const value = this.state[key];
    if (typeof value !== 'number') throw this.refusal(`field ${key} is not a number`);
    return value;
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the field is missing or not a boolean. */
  boolean(key: string): boolean {
    const value = this.state[key];
    if (typeof value !== 'boolean') throw this.refusal(`field ${key} is not a boolean`);
    return value;
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the field is not one of the names given. */
  oneOf<T extends string>(key: string, names: readonly T[]): T {
    const value = this.state[key];
    const found = names.find((name) => name === value);
    if (found === undefined) throw this.refusal(`field ${key} is none of ${names.join(', ')}`);
    return found;
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the field is missing or not bytes. */
  bytes(key: string): Uint8Array {
    const value = this.state[key];
    if (!(value instanceof Uint8Array)) throw this.refusal(`field ${key} is not bytes`);
    return value;
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the field is not a list of numbers, or not `length` of them. */
  numbers(key: string, length?: number): readonly number[] {
    const value = this.state[key];
    if (!Array.isArray(value) || !value.every((item): item is number => typeof item === 'number')) {
      throw this.refusal(`field ${key} is not a list of numbers`);
    }
    if (length !== undefined && value.length !== length) {
      throw this.refusal(`field ${key} has ${value.length} numbers, expected ${length}`);
    }
    return value;
  }

  /**
   * The state of a part that restores itself.
   * @throws ESPRIG_EMU_SNAPSHOT when the field is missing or not an object.
   */
  part(key: string): SavedState {
    const value = this.state[key];
    if (typeof value !== 'object' || value === null) throw this.refusal(`field ${key} is not a state`);
    return value as SavedState;
  }

  private refusal(why: string): EmulatorFault {
    return new EmulatorFault('ESPRIG_EMU_SNAPSHOT', `snapshot of ${this.block}: ${why}`);
  }
}
