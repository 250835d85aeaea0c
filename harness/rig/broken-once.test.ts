import { describe, expect, it } from '@jest/globals';
import { DutError, LinkError, UsageError } from '../core/errors';
import { BrokenOnce } from './broken-once';

describe('a rig that failed', () => {
  it('stays broken with its first failure', async () => {
    const rig = new BrokenOnce('bench-1');
    const first = new LinkError('ESPRIG_PORT_UNPLUGGED', 'the adapter went away');
    await expect(rig.guard('flash', () => Promise.reject(first))).rejects.toBe(first);
    const never = (): Promise<void> => Promise.reject(new Error('must not run'));
    await expect(rig.guard('reset', never)).rejects.toMatchObject({
      code: 'ESPRIG_RIG_BROKEN',
      blame: 'rig',
      cause: first,
      message: 'reset: bench-1 is broken since: the adapter went away',
    });
  });

  it('tells of its first failure once, when it happens', async () => {
    const told: unknown[] = [];
    const rig = new BrokenOnce('bench-1', (first) => told.push(first));
    const first = new LinkError('ESPRIG_PORT_UNPLUGGED', 'the adapter went away');
    const failing = rig.guard('flash', () => Promise.reject(first));
    await expect(failing).rejects.toBe(first);
    rig.broke(new LinkError('ESPRIG_BOARD_GONE', 'later'));
    expect(told).toEqual([first]);
    expect(rig.first).toBe(first);
  });

  it('is not broken by its firmware or by a mistake of a case', async () => {
    const rig = new BrokenOnce('bench-1');
    for (const error of [new DutError('ESPRIG_DUT_CRASH', 'crash'), new UsageError('ESPRIG_USAGE', 'oops')]) {
      await expect(rig.guard('wait', () => Promise.reject(error))).rejects.toBe(error);
    }
    expect(await rig.guard('wait', () => Promise.resolve(7))).toBe(7);
  });

  it('says that the board stopped where something else only noticed', async () => {
    const rig = new BrokenOnce('virtual');
    const stopped = new LinkError('ESPRIG_BOARD_GONE', 'the board stopped');
    const noticed = rig.guard('wait', () => {
      rig.broke(stopped);
      return Promise.reject(new DutError('ESPRIG_DUT_CONTRACT', 'no answer'));
    });
    await expect(noticed).rejects.toMatchObject({ code: 'ESPRIG_RIG_BROKEN', cause: stopped });
  });
});
