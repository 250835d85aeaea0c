import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { eraseInterrupted, momentInside, programInterrupted, statusInterrupted } from './flash-power-cut';

const PROGRESS = [-1, 0, 0.001, 0.25, 0.5, 0.99, 1, 7];

describe('an interrupted page program', () => {
  it('leaves every pair of old and new byte between old and old AND new, and exact at both ends', () => {
    const latch = Uint8Array.from({ length: 256 }, (_, i) => i);
    let partial = 0;
    const wrong: string[] = [];
    for (let old = 0; old < 256; old++) {
      for (const progress of PROGRESS) {
        const content = new Uint8Array(3 * 256).fill(old);
        programInterrupted(content, 256, latch, progress, old * 7919 + 1);
        for (let wanted = 0; wanted < 256; wanted++) {
          const got = content[256 + wanted]!;
          const done = old & wanted;
          const right =
            progress <= 0
              ? got === old
              : progress >= 1
                ? got === done
                : (got & done) === done && (got & ~old) === 0;
          if (!right) wrong.push(`${old} programmed with ${wanted} to ${progress} became ${got}`);
          if (got !== done && got !== old) partial++;
        }
        const outside = [...content.subarray(0, 256), ...content.subarray(512)];
        if (outside.some((byte) => byte !== old)) wrong.push(`program of ${old} left its page`);
      }
    }
    expect(wrong).toEqual([]);
    expect(partial).toBeGreaterThan(10_000);
  });

  it('has done about as large a part of the bits as of the time', () => {
    for (const progress of [0.1, 0.5, 0.9]) {
      const content = new Uint8Array(256).fill(0xff);
      programInterrupted(content, 0, new Uint8Array(256), progress, 42);
      expect(zeroBits(content) / 2048).toBeGreaterThan(progress - 0.05);
      expect(zeroBits(content) / 2048).toBeLessThan(progress + 0.05);
    }
  });

  it('is decided by its seed', () => {
    const cut = (seed: number): string => {
      const content = new Uint8Array(256).fill(0xff);
      programInterrupted(content, 0, new Uint8Array(256), 0.5, seed);
      return content.join();
    };
    expect(cut(1)).toBe(cut(1));
    expect(new Set(Array.from({ length: 50 }, (_, seed) => cut(seed))).size).toBe(50);
  });
});

describe('an interrupted erase', () => {
  it('only raises bits of its area, and is neither complete nor without trace when two bits are there to raise', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        fc.double({ min: 0, max: 1, minExcluded: true, maxExcluded: true, noNaN: true }),
        fc.nat(),
        (old, progress, seed) => {
          const content = old.slice();
          eraseInterrupted(content, 16, 32, progress, seed);
          expect([...content.subarray(0, 16), ...content.subarray(48)]).toEqual([
            ...old.subarray(0, 16),
            ...old.subarray(48),
          ]);
          expect(content.every((byte, i) => (byte & old[i]!) === old[i])).toBe(true);
          const before = zeroBits(old.subarray(16, 48));
          const after = zeroBits(content.subarray(16, 48));
          if (before >= 2) {
            expect(after).toBeGreaterThan(0);
            expect(after).toBeLessThan(before);
          }
        },
      ),
      { seed: 20, numRuns: 500 },
    );
  });

  it('keeps that promise for every pair of bits in a word, at extreme moments and for many seeds', () => {
    for (let a = 0; a < 32; a++) {
      for (let b = a + 1; b < 32; b++) {
        for (const progress of [1e-9, 0.5, 1 - 1e-9]) {
          const content = new Uint8Array(8).fill(0xff);
          for (const bit of [a, b]) content[bit >> 3]! &= ~(1 << (bit & 7));
          eraseInterrupted(content, 0, 8, progress, a * 32 + b);
          expect(zeroBits(content)).toBe(1);
        }
      }
    }
  });

  it('raises a single bit or leaves it, both in some seeds', () => {
    const outcomes = new Set<number>();
    for (let seed = 0; seed < 64; seed++) {
      const content = Uint8Array.of(0xff, 0xef, 0xff, 0xff);
      eraseInterrupted(content, 0, 4, 0.5, seed);
      outcomes.add(content[1]!);
    }
    expect([...outcomes].sort()).toEqual([0xef, 0xff]);
  });

  it('leaves an erased area erased', () => {
    const content = new Uint8Array(4096).fill(0xff);
    eraseInterrupted(content, 0, 4096, 0.5, 3);
    expect(zeroBits(content)).toBe(0);
  });

  it('changes nothing at its start and completes at its end', () => {
    const content = new Uint8Array(64).fill(0x5a);
    eraseInterrupted(content, 16, 32, 0, 1);
    expect(content.every((byte) => byte === 0x5a)).toBe(true);
    eraseInterrupted(content, 16, 32, 1, 1);
    expect(content.subarray(16, 48).every((byte) => byte === 0xff)).toBe(true);
    expect(content[15]).toBe(0x5a);
    expect(content[48]).toBe(0x5a);
  });
});

describe('an interrupted status write', () => {
  it('changes only bits that were to change', () => {
    for (let seed = 0; seed < 200; seed++) {
      const got = statusInterrupted(0x00_02_1c, 0x60_00_00, 0.5, seed);
      expect(got & ~0x60_02_1c).toBe(0);
    }
    expect(statusInterrupted(0x1c, 0x200, 0, 1)).toBe(0x1c);
    expect(statusInterrupted(0x1c, 0x200, 1, 1)).toBe(0x200);
  });
});

describe('the moment of a cut', () => {
  it('lies inside the operation for any seed and length', () => {
    for (let seed = 0; seed < 300; seed++) {
      for (const count of [2, 3, 1000, 2080 * 45_000]) {
        const moment = momentInside(count, seed);
        expect(Number.isInteger(moment)).toBe(true);
        expect(moment).toBeGreaterThan(0);
        expect(moment).toBeLessThan(count);
      }
    }
  });
});

function zeroBits(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) for (let bit = 0; bit < 8; bit++) if (((byte >> bit) & 1) === 0) count++;
  return count;
}
