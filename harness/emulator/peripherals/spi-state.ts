import { EmulatorFault } from '../fault';
import type { SavedState } from './peripheral';

/**
 * Checks that a snapshot part is the kind its reader knows.
 * @throws EmulatorFault ESPRIG_EMU_SNAPSHOT for another kind or version
 */
export function expectStateVersion(state: SavedState, kind: string, version: number): void {
  if (state['kind'] !== kind || state['version'] !== version) {
    throw new EmulatorFault(
      'ESPRIG_EMU_SNAPSHOT',
      `snapshot: expected ${kind} version ${version}, found ${String(state['kind'])} version ${String(state['version'])}`,
    );
  }
}

/** @throws EmulatorFault ESPRIG_EMU_SNAPSHOT when the field is missing or not a number */
export function savedNumber(state: SavedState, field: string): number {
  const value = state[field];
  if (typeof value !== 'number') throw badField(state, field);
  return value;
}

/** @throws EmulatorFault ESPRIG_EMU_SNAPSHOT when the field is missing or not a boolean */
export function savedBoolean(state: SavedState, field: string): boolean {
  const value = state[field];
  if (typeof value !== 'boolean') throw badField(state, field);
  return value;
}

/**
 * A saved array of numbers (typed arrays become plain ones in some encodings) of exactly `length` elements.
 * @throws EmulatorFault ESPRIG_EMU_SNAPSHOT when it is something else
 */
export function savedNumbers(state: SavedState, field: string, length: number): ArrayLike<number> {
  const value = state[field];
  if (!isNumbers(value) || value.length !== length) throw badField(state, field);
  return value;
}

/** Not by `instanceof`: a snapshot may come from another realm. */
function isNumbers(value: unknown): value is ArrayLike<number> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);
}

function badField(state: SavedState, field: string): EmulatorFault {
  return new EmulatorFault(
    'ESPRIG_EMU_SNAPSHOT',
    `snapshot: ${String(state['kind'])} has no usable ${field}`,
  );
}
