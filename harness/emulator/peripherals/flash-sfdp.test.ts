import { describe, expect, it } from '@jest/globals';
import { FLASH_CHIPS } from '../../chip/flash-chips';
import { buildSfdp } from './flash-sfdp';
import { address, FlashBench } from './flash-testbench';
import { FLASH_TIMINGS } from './flash-timing';

/** JESD216B's (count + 1) units with the unit's number above the five count bits. */
function millis(field: number, unitsMillis: readonly number[]): number {
  return ((field & 31) + 1) * unitsMillis[field >> 5]!;
}

describe('the SFDP table', () => {
  const table = buildSfdp(0x400000, FLASH_TIMINGS.silicon);
  const view = new DataView(table.buffer);

  it('begins with the signature and one header that points at the basic table', () => {
    expect(String.fromCharCode(...table.subarray(0, 4))).toBe('SFDP');
    expect([...table.subarray(4, 16)]).toEqual([
      0x06, 0x01, 0x00, 0xff, 0x00, 0x06, 0x01, 0x10, 0x80, 0x00, 0x00, 0xff,
    ]);
  });

  it('does not look like an XMC part to the bootloader', () => {
    for (const { sizeBytes } of FLASH_CHIPS) {
      expect(buildSfdp(sizeBytes, FLASH_TIMINGS.fast)[0x10]).not.toBe(0x20);
    }
  });

  it('holds what parts with the same commands publish', () => {
    // First words and erase types as printed by Zephyr's jesd216 sample for an MX25R8035F, which shares them.
    expect([...table.subarray(0x80, 0x84)]).toEqual([0xe5, 0x20, 0xf1, 0xff]);
    expect([...table.subarray(0x88, 0x8e)]).toEqual([0x44, 0xeb, 0x08, 0x6b, 0x08, 0x3b]);
    expect([...table.subarray(0x90, 0xa4)]).toEqual([
      0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff, 0xff, 0x00, 0xff, 0x0c, 0x20, 0x0f, 0x52, 0x10,
      0xd8, 0x00, 0xff,
    ]);
  });

  it.each(FLASH_CHIPS)('tells the density of a $name', ({ sizeBytes }) => {
    const bytes = buildSfdp(sizeBytes, FLASH_TIMINGS.silicon);
    expect((new DataView(bytes.buffer).getUint32(0x84, true) + 1) / 8).toBe(sizeBytes);
  });

  it('tells times not shorter than the chip takes, and not twice as long', () => {
    const erase = view.getUint32(0xa4, true);
    const units = [1, 16, 128, 1000];
    const told = [(erase >> 4) & 0x7f, (erase >> 11) & 0x7f, (erase >> 18) & 0x7f].map((field) =>
      millis(field, units),
    );
    [45, 120, 150].forEach((typical, i) => {
      expect(told[i]).toBeGreaterThanOrEqual(typical);
      expect(told[i]).toBeLessThan(typical * 2);
    });
    const program = view.getUint32(0xa8, true);
    expect(1 << ((program >> 4) & 15)).toBe(256);
    expect(millis((program >> 8) & 0x3f, [0.008, 0.064])).toBeCloseTo(0.448);
    expect(millis((program >> 24) & 0x7f, [16, 256, 4000, 64000])).toBe(12_000);
  });

  it('is read by 5A with one dummy byte, from any address', () => {
    const bench = new FlashBench({ sizeBytes: 0x400000 });
    expect(bench.send([0x5a, 0, 0, 0, 0xff], 4)).toEqual([0x53, 0x46, 0x44, 0x50]);
    expect(bench.send([0x5a, ...address(0x84), 0xff], 4)).toEqual([0xff, 0xff, 0xff, 0x01]);
    expect(bench.send([0x5a, ...address(0xff), 0xff], 2)).toEqual([0xff, 0x53]);
  });
});
