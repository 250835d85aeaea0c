import { describe, expect, it } from '@jest/globals';
import { flashSizeOf, macOf, normalizeMac } from './chip-identity';
import { RESET_RECIPES, recipeDurationMs, recipesFor } from './reset-recipes';
import type { ResetRecipe } from './reset-recipes';
import { flasherStub } from './stub';

describe('the MAC in the efuses', () => {
  it('takes its first half from word 3 where there is one', () => {
    expect(macOf([0x45d50000, 0x02000123, 0x6400b000, 0x005ccf7f])).toBe('5c:cf:7f:01:23:45');
  });

  it.each([
    [0x00000000, '18:fe:34:ab:cd:99'],
    [0x00010000, 'ac:d0:74:ab:cd:99'],
  ])('falls back on the maker in word 1: %#', (maker, mac) => {
    expect(macOf([0x99000000, maker | 0xabcd, 0, 0])).toBe(mac);
  });

  it('gives up on a maker that does not exist', () => {
    expect(() => macOf([0, 0x00070000, 0, 0])).toThrow(
      expect.objectContaining({ code: 'ESPRIG_RIG_NOT_A_BOARD' }),
    );
  });

  it('is compared whatever way it is written, and nothing else is a MAC', () => {
    for (const text of ['5CCF7F012345', '5c-cf-7f-01-23-45', '5C:CF:7F:01:23:45']) {
      expect(normalizeMac(text)).toBe('5c:cf:7f:01:23:45');
    }
    for (const text of ['', '5c:cf', '5c:cf:7f:01:23:4g', '5c:cf:7f:01:23:45:67']) {
      expect(() => normalizeMac(text)).toThrow(expect.objectContaining({ code: 'ESPRIG_USAGE' }));
    }
  });
});

describe('the flash id', () => {
  it.each([
    [0x1340ef, 0x80000],
    [0x1640ef, 0x400000],
    [0x1840c8, 0x1000000],
  ])('%p has a size', (id, sizeBytes) => expect(flashSizeOf(id)).toBe(sizeBytes));

  it.each([0, 0xffffff, 0x0000ef])('%p has none', (id) => {
    expect(() => flashSizeOf(id)).toThrow(
      expect.objectContaining({ code: 'ESPRIG_FLASH_UNKNOWN', blame: 'rig' }),
    );
  });
});

describe('the reset recipes', () => {
  const all = Object.values<ResetRecipe>(RESET_RECIPES);

  it.each(all.map((recipe) => [recipe.name, recipe] as const))(
    '%s leaves both lines released and is short',
    (_name, recipe) => {
      expect(recipe.steps.at(-1)).toMatchObject({ set: { dtr: false, rts: false } });
      expect(recipeDurationMs(recipe)).toBeLessThan(1000);
    },
  );

  it('that need both lines in one step are not offered to a link that cannot', () => {
    const names = (setsLinesAtOnce: boolean): string[] =>
      recipesFor('nodemcu-tight', 'loader', { hasLines: true, setsLinesAtOnce }).map((recipe) => recipe.name);
    expect(names(true)).toEqual(['tight', 'classic']);
    expect(names(false)).toEqual(['classic']);
    expect(recipesFor('nodemcu', 'loader', { hasLines: false, setsLinesAtOnce: true })).toEqual([]);
  });
});

describe('the stub', () => {
  it('is read from its package as the loader needs it', () => {
    const { entryAddr, segments } = flasherStub();
    const [text, data] = segments;
    expect(text!.addr).toBe(0x4010c500);
    expect(entryAddr).toBeGreaterThanOrEqual(text!.addr);
    expect(entryAddr).toBeLessThan(text!.addr + text!.bytes.length);
    expect([text!.bytes.length, data!.bytes.length]).toEqual([11_456, 920]);
  });
});
