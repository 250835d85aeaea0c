import { describe, expect, test } from '@jest/globals';
import { runInNewContext } from 'node:vm';
import { ERROR_CODES, isErrorCode } from './error-codes';
import type { ErrorCode } from './error-codes';
import {
  DeadlineError,
  DutError,
  EsprigError,
  LinkError,
  ProtocolError,
  RigError,
  UsageError,
  blaming,
  exitCodeFor,
  isEsprigError,
  toEsprigError,
  type Blame,
} from './errors';

describe('the error family', () => {
  test.each<[EsprigError, string, Blame, number]>([
    [new UsageError('ESPRIG_USAGE', 'x'), 'UsageError', 'case', 2],
    [new RigError('ESPRIG_RIG_LEASE_HELD', 'x'), 'RigError', 'rig', 3],
    [new LinkError('ESPRIG_PORT_CLOSED', 'x'), 'LinkError', 'rig', 3],
    [new ProtocolError('ESPRIG_ROM_STATUS', 'x'), 'ProtocolError', 'dut', 1],
    [new DutError('ESPRIG_DUT_CRASH', 'x'), 'DutError', 'dut', 1],
  ])('%s blames who must act and exits accordingly', (error, name, blame, exitCode) => {
    expect(error.name).toBe(name);
    expect(error.blame).toBe(blame);
    expect(exitCodeFor(error.blame)).toBe(exitCode);
    expect(error).toBeInstanceOf(EsprigError);
    expect(error).toBeInstanceOf(Error);
  });

  test('a mistake inside the harness exits as a broken rig does', () => {
    expect(exitCodeFor('harness')).toBe(3);
  });

  test('carries hint, evidence, cause and details', () => {
    const cause = new Error('EIO');
    const evidence = [{ title: 'last console lines', lines: ['ets Jan  8 2013'] }];
    const error = new ProtocolError('ESPRIG_ROM_STATUS', 'flash begin: refused', {
      hint: 'Check the cable.',
      evidence,
      cause,
      details: { command: 0x02, status: 0x06 },
    });
    expect(error).toMatchObject({
      hint: 'Check the cable.',
      evidence,
      cause,
      details: { command: 2, status: 6 },
    });
  });

  test('without a cause there is no cause property, so that printers show none', () => {
    expect('cause' in new UsageError('ESPRIG_USAGE', 'x')).toBe(false);
  });

  test('blames somebody else at a border, and is the same error otherwise', () => {
    const evidence = [{ title: 'last frames', lines: ['c0'] }];
    const error = new ProtocolError('ESPRIG_ROM_STATUS', 'refused', { evidence, details: { status: 5 } });
    const turned = blaming(error, 'rig', 'Look at the cable.');
    expect(turned).toMatchObject({ code: 'ESPRIG_ROM_STATUS', message: 'refused', blame: 'rig', evidence });
    expect(turned).toMatchObject({ hint: 'Look at the cable.', cause: error });
    expect(blaming(new RigError('ESPRIG_RIG_BROKEN', 'x', { hint: 'own' }), 'dut', 'other').hint).toBe('own');
  });

  test('another blame may be given where the usual one does not fit', () => {
    expect(new ProtocolError('ESPRIG_IMAGE_BAD', 'x', { blame: 'case' }).blame).toBe('case');
  });

  test('an expired wait says what was awaited, the budget, the time spent and what was seen last', () => {
    const details = { awaited: 'reply to SYNC', phase: 'flash/sync', budgetMs: 3000, spentMs: 3001.4 };
    const error = new DeadlineError({ ...details, lastSeen: '' }, { blame: 'rig' });
    expect(error.message).toBe(
      'flash/sync: no reply to SYNC within 3 000 ms (waited 3 001 ms); last seen: (nothing)',
    );
    expect(new DeadlineError(details, { blame: 'dut' }).message).not.toContain('last seen');
    expect(error.code).toBe('ESPRIG_DEADLINE');
  });
});

describe('telling our errors from others', () => {
  test('an error of another realm counts by its shape', () => {
    const foreign: unknown = runInNewContext(
      `Object.assign(new Error('gone'), { code: 'ESPRIG_PORT_CLOSED', blame: 'rig', evidence: [] })`,
    );
    expect(foreign).not.toBeInstanceOf(Error);
    expect(isEsprigError(foreign)).toBe(true);
    expect(toEsprigError(foreign)).toBe(foreign);
  });

  test.each([
    ['a plain error', new Error('x')],
    ['an error with a foreign code', Object.assign(new Error('x'), { code: 'ENOENT', blame: 'rig' })],
    ['an error without blame', Object.assign(new Error('x'), { code: 'ESPRIG_PORT_CLOSED' })],
    [
      'an error that blames nobody we know',
      Object.assign(new Error('x'), { code: 'ESPRIG_USAGE', blame: 'me' }),
    ],
    ['a text', 'ESPRIG_USAGE'],
    ['nothing', undefined],
    ['null', null],
  ])('%s is not one of ours', (_what, error) => {
    expect(isEsprigError(error)).toBe(false);
  });

  test('a fault of the emulator keeps its code and blames the harness', () => {
    const fault = Object.assign(new Error('load from nowhere at pc 0x40100000'), {
      code: 'ESPRIG_EMU_UNMAPPED',
    });
    expect(toEsprigError(fault)).toMatchObject({
      code: 'ESPRIG_EMU_UNMAPPED',
      blame: 'harness',
      message: fault.message,
      cause: fault,
    });
  });

  test.each([
    [new TypeError('x is not a function'), 'x is not a function'],
    ['boom', 'boom'],
    [undefined, 'undefined'],
    [{ message: '' }, '[object Object]'],
  ])('anything else is a mistake inside esprig: %s', (thrown, message) => {
    expect(toEsprigError(thrown)).toMatchObject({ code: 'ESPRIG_INTERNAL', blame: 'harness', message });
  });
});

describe('the list of codes', () => {
  test('every code is spelled alike and has a meaning of one line', () => {
    const entries = Object.entries(ERROR_CODES);
    expect(entries.length).toBeGreaterThan(50);
    for (const [code, meaning] of entries) {
      expect(code).toMatch(/^ESPRIG_[A-Z0-9]+(_[A-Z0-9]+)*$/);
      expect(meaning).toMatch(/^[A-Z][^\n]{10,110}\.$/);
    }
    expect(new Set(entries.map(([, meaning]) => meaning)).size).toBe(entries.length);
  });

  test('a code outside the list does not compile and is not taken for one at run time', () => {
    // @ts-expect-error: this line must not compile, else the list guards nothing.
    const unknown: ErrorCode = 'ESPRIG_NO_SUCH_CODE';
    expect(isErrorCode(unknown)).toBe(false);
    expect(isErrorCode('toString')).toBe(false);
    expect(isErrorCode('ESPRIG_DEADLINE')).toBe(true);
  });
});
