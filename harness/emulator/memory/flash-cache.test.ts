import { describe, expect, it } from '@jest/globals';
import { FlashCache } from './flash-cache';

const READ_ENABLE = 0x100;

function cache(flashSizeBytes = 0x400000): { readonly cache: FlashCache; readonly changes: string[] } {
  const made = new FlashCache({ flashSizeBytes });
  const changes: string[] = [];
  made.onMappingChanged = () => {
    changes.push(
      `${made.live ? 'live' : 'off'} ${made.windowBase.toString(16)}+${made.windowSize.toString(16)}`,
    );
  };
  return { cache: made, changes };
}

describe('the flash window', () => {
  it('is live only with read enable and the AHB bit, in whatever order they come', () => {
    const { cache: c, changes } = cache();
    c.write(READ_ENABLE);
    expect(c.live).toBe(false);
    c.setAhbEnabled(true);
    expect(c.live).toBe(true);
    c.write(0);
    expect(c.live).toBe(false);
    c.write(READ_ENABLE);
    expect(c.live).toBe(true);
    c.setAhbEnabled(false);
    expect(c.live).toBe(false);
    expect(changes).toEqual(['live 0+100000', 'off 0+100000', 'live 0+100000', 'off 0+100000']);
  });

  it.each([
    ['even MiB of the first segment', 0x00000000, 0, 0x100000],
    ['odd MiB of the first segment', 0x02000000, 0x100000, 0x100000],
    ['whole first segment', 0x01000000, 0, 0x200000],
    ['whole first segment also with the odd bit set', 0x03000000, 0, 0x200000],
    ['odd MiB of segment 3', 0x02030000, 0x700000, 0x100000],
    ['whole segment 7', 0x01070000, 0xe00000, 0x200000],
    ['even MiB with the 32 K cache bit', 0x04010000, 0x200000, 0x100000],
  ])('shows the %s', (_name, bits, base, size) => {
    const { cache: c } = cache(0x1000000);
    c.write(READ_ENABLE | bits);
    expect(c.physicalOffset(0x1234)).toBe(base + 0x1234);
    expect(c.windowSize).toBe(size);
    expect(c.read()).toBe(READ_ENABLE | bits);
  });

  it('wraps at the end of a small chip', () => {
    const { cache: c } = cache(0x80000);
    c.write(0x02010000);
    expect(c.physicalOffset(0)).toBe(0);
    expect(c.physicalOffset(0x80004)).toBe(4);
  });

  it('tells of a changed mapping once, and of nothing else', () => {
    const { cache: c, changes } = cache();
    c.setAhbEnabled(true);
    c.write(READ_ENABLE);
    c.write(READ_ENABLE | 1);
    c.write(READ_ENABLE | 0x04000000);
    c.write(READ_ENABLE | 0x02000000);
    c.setAhbEnabled(true);
    c.reset();
    expect(changes).toEqual(['live 0+100000', 'live 100000+100000', 'off 0+100000']);
  });

  it('is readable only while the chip can answer', () => {
    let isFetchable = true;
    const c = new FlashCache({ flashSizeBytes: 0x80000, isFetchable: () => isFetchable });
    expect(c.readable).toBe(false);
    c.write(READ_ENABLE);
    c.setAhbEnabled(true);
    expect(c.readable).toBe(true);
    isFetchable = false;
    expect(c.live).toBe(true);
    expect(c.readable).toBe(false);
  });

  it('refuses a size whose address lines could not wrap', () => {
    expect(() => new FlashCache({ flashSizeBytes: 0x300000 })).toThrow('not a power of two');
  });
});

describe('the register', () => {
  it('answers the flush handshake: bit 1 comes with bit 0', () => {
    const { cache: c } = cache();
    expect(c.read() & 2).toBe(0);
    c.write(c.read() & ~1);
    expect(c.read() & 2).toBe(0);
    c.write(c.read() | 1);
    expect(c.read() & 3).toBe(3);
    c.write(c.read() & ~1);
    expect(c.read() & 1).toBe(0);
    c.reset();
    expect(c.read()).toBe(0);
  });

  it('keeps every other bit, and never says that SPI is busy', () => {
    const { cache: c } = cache();
    c.write(0xffffffff);
    expect(c.read()).toBe(0xfffffdff);
    c.write(0x8700fdfe);
    expect(c.read()).toBe(0x8700fdfe);
    expect(c.read() & 0x200).toBe(0);
  });
});

describe('a snapshot of the cache', () => {
  it('brings back mapping and handshake and tells the listener', () => {
    const first = cache();
    first.cache.setAhbEnabled(true);
    first.cache.write(READ_ENABLE | 0x02010001);
    const second = cache();
    second.cache.restore(structuredClone(first.cache.save()));
    expect(second.changes).toEqual(['live 300000+100000']);
    expect(second.cache.read()).toBe(first.cache.read());
    expect(second.cache.save()).toEqual(first.cache.save());
    expect(() => second.cache.restore({ version: 9 })).toThrow('version 9');
  });
});
