import { beforeEach, describe, expect, it } from '@jest/globals';
import { EXCCAUSE } from '../../chip/esp8266';
import { EmulatorFault } from '../fault';
import { FAKE_REGISTERS_BASE, FakeRomGuest, firstDifference, romCallNamed } from '../testkit/fake-rom-guest';
import { RandomWords } from '../testkit/random-words';
import { memoryCalls } from './memory-calls';

const DRAM = 0x3ffe8000;
const IRAM = 0x40100000;
const ROM = 0x40000000;
const FLASH = 0x40200000;

const memcpy = romCallNamed(memoryCalls, 'memcpy');
const memmove = romCallNamed(memoryCalls, 'memmove');
const memset = romCallNamed(memoryCalls, 'memset');
const memcmp = romCallNamed(memoryCalls, 'memcmp');
const bzero = romCallNamed(memoryCalls, 'bzero');

/** Both ways a body can go: through views and through single accesses. */
const ways = [
  { way: 'with views', viewsAllowed: true },
  { way: 'without views', viewsAllowed: false },
];

describe.each(ways)('memory functions $way', ({ viewsAllowed }) => {
  let guest: FakeRomGuest;
  beforeEach(() => {
    guest = new FakeRomGuest();
    guest.viewsAllowed = viewsAllowed;
  });

  it('memcpy copies every short length and some long ones at every alignment and touches nothing else', () => {
    const random = new RandomWords(11);
    for (let length = 0; length <= 160; length += length < 80 ? 1 : 7) {
      for (let alignments = 0; alignments < 16; alignments++) {
        const dst = DRAM + 0x1000 + (alignments & 3);
        const src = DRAM + 0x2000 + (alignments >>> 2);
        const before = random.bytes(0x200);
        const data = random.bytes(length);
        guest.poke(DRAM + 0xf80, before);
        guest.poke(src, data);
        expect(guest.call(memcpy, dst, src, length)).toBeUndefined();
        before.set(data, dst - (DRAM + 0xf80));
        expect(firstDifference(guest.peek(DRAM + 0xf80, 0x200), before)).toBeUndefined();
        expect(guest.ar[2]! >>> 0).toBe(dst);
      }
    }
  });

  it('memmove equals a copy through a buffer for every overlap', () => {
    const random = new RandomWords(12);
    for (let round = 0; round < 1500; round++) {
      const image = random.bytes(512);
      guest.poke(DRAM, image);
      const length = random.below(200);
      const from = random.below(256);
      const to = Math.min(300, Math.max(0, from + random.below(101) - 50));
      guest.call(memmove, DRAM + to, DRAM + from, length);
      image.copyWithin(to, from, from + length);
      expect(firstDifference(guest.peek(DRAM, 512), image)).toBeUndefined();
      expect(guest.ar[2]! >>> 0).toBe(DRAM + to);
    }
  });

  it('memset and bzero fill exactly the range, with the low byte of the value', () => {
    const random = new RandomWords(13);
    for (let length = 0; length <= 140; length++) {
      for (let alignment = 0; alignment < 4; alignment++) {
        const image = random.bytes(256);
        guest.poke(DRAM, image);
        guest.call(memset, DRAM + 32 + alignment, 0xabcdef5a, length);
        image.fill(0x5a, 32 + alignment, 32 + alignment + length);
        expect(firstDifference(guest.peek(DRAM, 256), image)).toBeUndefined();
        expect(guest.ar[2]! >>> 0).toBe(DRAM + 32 + alignment);
        guest.call(bzero, DRAM + 32 + alignment, length);
        image.fill(0, 32 + alignment, 32 + alignment + length);
        expect(firstDifference(guest.peek(DRAM, 256), image)).toBeUndefined();
      }
    }
  });

  it('memcmp returns the difference of the first bytes that differ, as unsigned', () => {
    const random = new RandomWords(14);
    for (let round = 0; round < 1500; round++) {
      const length = random.below(70);
      const left = random.bytes(length);
      const right = left.slice();
      if (length > 0 && random.below(4) !== 0) right[random.below(length)]! += 1 + random.below(255);
      const leftAddr = DRAM + random.below(4);
      const rightAddr = DRAM + 0x100 + random.below(4);
      guest.poke(leftAddr, left);
      guest.poke(rightAddr, right);
      // What follows differs always: it must not count.
      guest.poke(leftAddr + length, [1]);
      guest.poke(rightAddr + length, [2]);
      guest.call(memcmp, leftAddr, rightAddr, length);
      const at = left.findIndex((byte, index) => byte !== right[index]);
      expect(guest.ar[2]).toBe(at < 0 ? 0 : left[at]! - right[at]!);
    }
  });

  it('memcpy from flash to IRAM moves whole words without a trap', () => {
    for (const words of [1, 7, 16, 200]) {
      const data = new RandomWords(words).bytes(words * 4);
      guest.poke(FLASH + 0x100, data);
      guest.call(memcpy, IRAM + 0x40, FLASH + 0x100, words * 4);
      expect(guest.raised).toBeUndefined();
      expect(firstDifference(guest.peek(IRAM + 0x40, words * 4), data)).toBeUndefined();
      expect(guest.accesses.every((access) => access.bits === 32)).toBe(true);
    }
  });

  it('memcpy from an odd flash address to an aligned destination reads aligned words only', () => {
    for (const words of [1, 3, 40]) {
      for (let skew = 1; skew < 4; skew++) {
        const data = new RandomWords(words + skew).bytes(words * 4);
        guest.poke(FLASH + skew, data);
        guest.call(memcpy, DRAM, FLASH + skew, words * 4);
        expect(guest.raised).toBeUndefined();
        expect(firstDifference(guest.peek(DRAM, words * 4), data)).toBeUndefined();
      }
    }
  });

  it('the odd bytes at the end of a copy from flash trap with cause 3 at their address', () => {
    expect(guest.call(memcpy, DRAM, FLASH + 0x20, 5)).toBe('jumped');
    expect(guest.raised).toEqual({ cause: EXCCAUSE.LOAD_STORE_ERROR, excvaddr: FLASH + 0x24 });
    expect(guest.ar[2]! >>> 0).toBe(DRAM);
    guest.trapsHandled = true;
    guest.poke(FLASH + 0x20, [1, 2, 3, 4, 5]);
    expect(guest.call(memcpy, DRAM, FLASH + 0x20, 5)).toBeUndefined();
    expect([...guest.peek(DRAM, 5)]).toEqual([1, 2, 3, 4, 5]);
  });

  it('a store into ROM, byte stores into IRAM and an unmapped address do not pass silently', () => {
    expect(guest.call(memset, ROM, 0, 400)).toBe('jumped');
    expect(guest.raised).toEqual({ cause: EXCCAUSE.LOAD_STORE_ERROR, excvaddr: ROM });
    expect(guest.call(memset, IRAM + 1, 0, 2)).toBe('jumped');
    expect(guest.raised).toEqual({ cause: EXCCAUSE.LOAD_STORE_ERROR, excvaddr: IRAM + 1 });
    expect(() => guest.call(memcpy, 0x70000000, DRAM, 400)).toThrow(EmulatorFault);
  });
});

describe('memory functions', () => {
  it('memcpy reads registers word by word, each once', () => {
    const guest = new FakeRomGuest();
    guest.poke(FAKE_REGISTERS_BASE, new RandomWords(3).bytes(64));
    guest.call(memcpy, DRAM, FAKE_REGISTERS_BASE, 64);
    expect(guest.peek(DRAM, 64)).toEqual(guest.peek(FAKE_REGISTERS_BASE, 64));
    const loads = guest.accesses.filter((access) => access.kind === 'load');
    expect(loads.map((access) => access.addr)).toEqual(
      Array.from({ length: 16 }, (_, index) => FAKE_REGISTERS_BASE + 4 * index),
    );
  });

  it('memcpy onto a slightly higher address repeats the pattern, as a forward copy does', () => {
    for (const viewsAllowed of [true, false]) {
      const guest = new FakeRomGuest();
      guest.viewsAllowed = viewsAllowed;
      guest.poke(DRAM, [1, 2, 3, 4]);
      guest.call(memcpy, DRAM + 4, DRAM, 400);
      const expected = Array.from({ length: 404 }, (_, index) => (index % 4) + 1);
      expect([...guest.peek(DRAM, 404)]).toEqual(expected);
    }
  });

  it('charges about 3 cycles a word and 7 a byte, the same on both ways', () => {
    const costs = [true, false].map((viewsAllowed) => {
      const guest = new FakeRomGuest();
      guest.viewsAllowed = viewsAllowed;
      guest.call(memcpy, DRAM, DRAM + 0x1000, 1024);
      return guest.cycles;
    });
    expect(costs[0]).toBe(costs[1]);
    expect(costs[0]).toBeGreaterThan(256 * 3);
    expect(costs[0]).toBeLessThan(256 * 4);
    const guest = new FakeRomGuest();
    guest.call(memcpy, DRAM + 1, DRAM + 0x1000, 6);
    expect(guest.cycles).toBeGreaterThanOrEqual(42);
  });

  it('wrappers and HAL copies behave as the function they wrap', () => {
    const guest = new FakeRomGuest();
    guest.poke(DRAM, [9, 8, 7, 6, 5]);
    guest.call(romCallNamed(memoryCalls, 'ets_memcpy'), DRAM + 16, DRAM, 5);
    guest.call(romCallNamed(memoryCalls, 'xthal_bcopy'), DRAM, DRAM + 32, 5);
    guest.call(romCallNamed(memoryCalls, 'ets_memmove'), DRAM + 1, DRAM, 4);
    expect([...guest.peek(DRAM + 16, 5)]).toEqual([9, 8, 7, 6, 5]);
    expect([...guest.peek(DRAM + 32, 5)]).toEqual([9, 8, 7, 6, 5]);
    expect([...guest.peek(DRAM, 5)]).toEqual([9, 9, 8, 7, 6]);
    guest.call(romCallNamed(memoryCalls, 'ets_memcmp'), DRAM + 16, DRAM, 5);
    expect(guest.ar[2]).toBe(8 - 9);
    guest.call(romCallNamed(memoryCalls, 'ets_memset'), DRAM, 1, 3);
    guest.call(romCallNamed(memoryCalls, 'ets_bzero'), DRAM, 2);
    expect([...guest.peek(DRAM, 4)]).toEqual([0, 0, 1, 7]);
  });
});
