import { describe, expect, it } from '@jest/globals';
import { createIomux } from './iomux';
import { shareIrq } from './irq-or';
import { createRadioBlocks } from './radio-storage';
import { Rng } from './rng';
import { SavedFields } from './saved-fields';
import { StorageBlock } from './storage';

describe('storage block', () => {
  const create = (): StorageBlock =>
    new StorageBlock({
      name: 'slc',
      sizeBytes: 0x20,
      resetValues: { 0x04: 0x1234 },
      readsOne: { 0x08: 0x80000000 },
      readsZero: { 0x0c: 2 },
    });

  it('reads back what was written and returns to its reset values', () => {
    const block = create();
    expect(block.read32(0x04)).toBe(0x1234);
    block.write32(0x04, 0xfffffffe);
    expect(block.read32(0x04)).toBe(0xfffffffe);
    block.reset();
    expect(block.read32(0x04)).toBe(0x1234);
  });

  it('pins the bits that software waits for', () => {
    const block = create();
    block.write32(0x08, 5);
    block.write32(0x0c, 0xf);
    expect(block.read32(0x08)).toBe(0x80000005);
    expect(block.read32(0x0c)).toBe(0xd);
  });

  it('refuses an offset outside with the name of the block', () => {
    expect(() => create().read32(0x20)).toThrow('slc has no register at +0x20');
    expect(() => create().write32(0x20, 0)).toThrow('slc has no register at +0x20');
  });

  it('returns to a snapshot', () => {
    const block = create();
    block.write32(0x10, 7);
    const state = structuredClone(block.save());
    block.write32(0x10, 8);
    block.restore(state);
    expect(block.read32(0x10)).toBe(7);
  });
});

describe('saved fields', () => {
  it('refuses another version, a missing field and a wrong type, naming the block', () => {
    expect(() => new SavedFields('rtc', { version: 2 }, 1)).toThrow('snapshot of rtc: version 2, expected 1');
    const fields = new SavedFields('rtc', { version: 1, text: 'x', list: [1, 'a'] }, 1);
    expect(() => fields.number('text')).toThrow('field text is not a number');
    expect(() => fields.number('none')).toThrow('field none is not a number');
    expect(() => fields.boolean('text')).toThrow('not a boolean');
    expect(() => fields.bytes('text')).toThrow('not bytes');
    expect(() => fields.numbers('list')).toThrow('not a list of numbers');
    expect(() => fields.part('text')).toThrow('not a state');
    expect(() => fields.oneOf('text', ['a', 'b'])).toThrow('none of a, b');
    expect(() => new SavedFields('x', { version: 1, list: [1] }, 1).numbers('list', 2)).toThrow('expected 2');
  });
});

describe('random numbers', () => {
  it('are the same for the same seed and others for another', () => {
    const words = (seed: number): readonly number[] => {
      const rng = new Rng(seed);
      return Array.from({ length: 5 }, () => rng.next32());
    };
    expect(words(1)).toEqual(words(1));
    expect(words(1)).not.toEqual(words(2));
    expect(new Set(words(0)).size).toBe(5);
  });

  it('have every bit set about half of the time', () => {
    const rng = new Rng(42);
    const ones = new Array<number>(32).fill(0);
    for (let i = 0; i < 4000; i++) {
      const word = rng.next32();
      for (let bit = 0; bit < 32; bit++) ones[bit]! += (word >>> bit) & 1;
    }
    for (const count of ones) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });

  it('go on from a snapshot', () => {
    const rng = new Rng(7);
    rng.next32();
    const state = rng.save();
    const after = [rng.next32(), rng.next32()];
    rng.restore(state);
    expect([rng.next32(), rng.next32()]).toEqual(after);
    expect(Array.from({ length: 50 }, () => rng.nextBelow(3)).every((n) => n >= 0 && n < 3)).toBe(true);
  });
});

describe('shared interrupt line', () => {
  it('stays asserted until the last source lets go', () => {
    const levels: boolean[] = [];
    const [first, second] = shareIrq((level) => levels.push(level), 2);
    first!(true);
    second!(true);
    first!(false);
    second!(false);
    expect(levels).toEqual([true, true, true, false]);
  });
});

describe('IOMUX', () => {
  it('has the JTAG pins and U0RXD pulled up and the SD pins on the flash after reset', () => {
    const iomux = createIomux();
    expect([0x00, 0x04, 0x14, 0x18, 0x1c, 0x30, 0x34, 0x38, 0x3c].map((o) => iomux.read32(o))).toEqual([
      0, 0x80, 0x80, 0, 0x10, 0x10, 0x80, 0xa0, 0,
    ]);
  });
});

describe('radio registers', () => {
  it('give the two answers without which the PHY library hangs or times out', () => {
    const blocks = new Map(createRadioBlocks().map(({ addr, block }) => [addr, block]));
    const iq = blocks.get(0x60000500)!;
    iq.write32(0x7c, 0);
    expect(iq.read32(0x7c)).toBe(0x80000000);
    const noise = blocks.get(0x60009000)!;
    noise.write32(0xb60, 0x3);
    expect(noise.read32(0xb60)).toBe(0x1);
  });
});
