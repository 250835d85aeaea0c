import { expect, test } from '@jest/globals';
import { ERROR_CODES, type ErrorCode } from '../core/error-codes';
import type { FaultCode } from '../emulator/fault';

/** Compiles only while both lists hold the same codes: one that is missing makes the type `never`. */
type Same = [FaultCode, Extract<ErrorCode, `ESPRIG_EMU_${string}`>] extends [infer A, infer B]
  ? [A] extends [B]
    ? [B] extends [A]
      ? true
      : never
    : never
  : never;

test('the faults of the sealed emulator are in the list of all codes, and no others', () => {
  const same: Same = true;
  expect(same).toBe(true);
  expect(Object.keys(ERROR_CODES).filter((code) => code.startsWith('ESPRIG_EMU_')).length).toBeGreaterThan(0);
});
