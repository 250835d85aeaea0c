import { describe, expect, it } from '@jest/globals';
import { SymbolTable } from './symbols';

const table = new SymbolTable([
  { name: 'label_inside', addr: 0x40100110, sizeBytes: 0 },
  { name: 'second', addr: 0x40100200, sizeBytes: 0x10 },
  { name: 'first', addr: 0x40100100, sizeBytes: 0x40 },
  { name: 'bare', addr: 0x40100300, sizeBytes: 0 },
  { name: 'also_first', addr: 0x40100100, sizeBytes: 0 },
]);

describe('a table of symbols', () => {
  it.each([
    [0x40100100, 'first'],
    [0x40100110, 'first+0x10'],
    [0x4010013f, 'first+0x3f'],
    [0x40100140, undefined],
    [0x400fffff, undefined],
    [0x4010020f, 'second+0xf'],
    [0x40100210, undefined],
    [0x40100300, 'bare'],
    [0x401012ff, 'bare+0xfff'],
    [0x40101300, undefined],
    [0x40100100 | 0, 'first'],
  ])('says of 0x%s: %s', (addr, name) => {
    expect(table.describe(addr)).toBe(name);
  });

  it('knows nothing when it is empty', () => {
    expect(new SymbolTable([]).describe(0)).toBeUndefined();
  });

  it('prefers a symbol with a size on one address', () => {
    const both = new SymbolTable([
      { name: 'sized', addr: 0x100, sizeBytes: 4 },
      { name: 'alias', addr: 0x100, sizeBytes: 8 },
      { name: 'label', addr: 0x100, sizeBytes: 0 },
    ]);
    expect(both.describe(0x106)).toBe('alias+0x6');
  });
});
