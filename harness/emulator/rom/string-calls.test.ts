import { beforeEach, describe, expect, it } from '@jest/globals';
import { EXCCAUSE } from '../../chip/esp8266';
import { FakeRomGuest, firstDifference, romCallNamed } from '../testkit/fake-rom-guest';
import { RandomWords } from '../testkit/random-words';
import { stringCalls } from './string-calls';

const DRAM = 0x3ffe8000;
const FLASH = 0x40200000;

const call = (name: string) => romCallNamed(stringCalls, name);

/** Few letters, so that random strings share prefixes; one above 0x7f, so that signed compares would show. */
function randomText(random: RandomWords, longest: number): string {
  let text = '';
  for (let left = random.below(longest + 1); left > 0; left--)
    text += random.pick(['a', 'b', '\u00f0', '\u0001']);
  return text;
}

/** What C says: difference of the first unsigned bytes that differ, the NUL included. */
function difference(left: string, right: string, limit: number): number {
  for (let index = 0; index < limit; index++) {
    const byte = index < left.length ? left.charCodeAt(index) : 0;
    const other = index < right.length ? right.charCodeAt(index) : 0;
    if (byte !== other || byte === 0) return byte - other;
  }
  return 0;
}

describe('string functions', () => {
  let guest: FakeRomGuest;
  beforeEach(() => {
    guest = new FakeRomGuest();
  });

  it('strlen counts to the NUL at every alignment', () => {
    for (let length = 0; length < 40; length++) {
      for (let alignment = 0; alignment < 4; alignment++) {
        guest.poke(DRAM, new Uint8Array(64).fill(0xff));
        guest.pokeString(DRAM + alignment, '\u0080\u00ff\u0001x'.repeat(10).slice(0, length));
        guest.call(call('strlen'), DRAM + alignment);
        expect(guest.ar[2]).toBe(length);
      }
    }
  });

  it('strcmp and strncmp give the byte difference of C on random pairs', () => {
    const random = new RandomWords(21);
    for (let round = 0; round < 8000; round++) {
      const left = randomText(random, 12);
      const right = random.below(3) === 0 ? left : left.slice(0, random.below(8)) + randomText(random, 6);
      const leftAddr = DRAM + random.below(4);
      const rightAddr = DRAM + 0x80 + (random.below(2) === 0 ? leftAddr & 3 : random.below(4));
      guest.poke(DRAM, random.bytes(256));
      guest.pokeString(leftAddr, left);
      guest.pokeString(rightAddr, right);
      guest.call(call('strcmp'), leftAddr, rightAddr);
      expect(guest.ar[2]).toBe(difference(left, right, Infinity));
      const limit = random.below(16);
      guest.call(call('strncmp'), leftAddr, rightAddr, limit);
      expect(guest.ar[2]).toBe(difference(left, right, limit));
    }
  });

  it('strncmp with the largest limit is strcmp, and with 0 is always equal', () => {
    guest.pokeString(DRAM, 'boot');
    guest.pokeString(DRAM + 16, 'loot');
    guest.call(call('strncmp'), DRAM, DRAM + 16, -1);
    expect(guest.ar[2]).toBe('b'.charCodeAt(0) - 'l'.charCodeAt(0));
    guest.call(call('strncmp'), DRAM, DRAM + 16, 0);
    expect(guest.ar[2]).toBe(0);
  });

  it('strcpy copies up to and with the NUL, no byte more, and returns the destination', () => {
    for (let length = 0; length < 24; length++) {
      for (let alignments = 0; alignments < 16; alignments++) {
        const text = 'esprig boots from flash!'.slice(0, length);
        const dst = DRAM + 0x40 + (alignments & 3);
        const src = DRAM + 0x80 + (alignments >>> 2);
        const image = new Uint8Array(0x40).fill(0xee);
        guest.poke(DRAM + 0x40, image);
        guest.pokeString(src, text);
        guest.call(call('strcpy'), dst, src);
        image.set(guest.peek(src, length + 1), dst - (DRAM + 0x40));
        expect(firstDifference(guest.peek(DRAM + 0x40, 0x40), image)).toBeUndefined();
        expect(guest.ar[2]! >>> 0).toBe(dst);
      }
    }
  });

  it('strncpy cuts without a NUL and pads with NULs to the full length', () => {
    const random = new RandomWords(22);
    for (let round = 0; round < 3000; round++) {
      const text = randomText(random, 14);
      const limit = random.below(24);
      const dst = DRAM + 0x40 + random.below(4);
      const src = DRAM + 0x80 + random.below(4);
      const image = random.bytes(0x40);
      guest.poke(DRAM + 0x40, image);
      guest.poke(DRAM + 0x80, random.bytes(0x20));
      guest.pokeString(src, text);
      guest.call(call('strncpy'), dst, src, limit);
      for (let index = 0; index < limit; index++) {
        image[dst - (DRAM + 0x40) + index] = index < text.length ? text.charCodeAt(index) : 0;
      }
      expect(firstDifference(guest.peek(DRAM + 0x40, 0x40), image)).toBeUndefined();
      expect(guest.ar[2]! >>> 0).toBe(dst);
    }
  });

  it('strstr finds the first match like the host, and nothing as 0', () => {
    const random = new RandomWords(23);
    for (let round = 0; round < 4000; round++) {
      const text = randomText(random, 20);
      const wanted = randomText(random, 4);
      guest.pokeString(DRAM + 1, text);
      guest.pokeString(DRAM + 0x80, wanted);
      guest.call(call('strstr'), DRAM + 1, DRAM + 0x80);
      const at = text.indexOf(wanted);
      expect(guest.ar[2]! >>> 0).toBe(at < 0 ? 0 : DRAM + 1 + at);
    }
  });

  it('aligned strings in flash are read by words: no trap', () => {
    guest.pokeString(FLASH, 'partition');
    guest.pokeString(DRAM, 'partition');
    guest.call(call('strlen'), FLASH);
    expect(guest.ar[2]).toBe(9);
    guest.call(call('strcmp'), FLASH, DRAM);
    expect(guest.ar[2]).toBe(0);
    guest.call(call('strcpy'), DRAM + 0x20, FLASH);
    expect(guest.peek(DRAM + 0x20, 10)).toEqual(guest.peek(FLASH, 10));
    expect(guest.raised).toBeUndefined();
  });

  it('an unaligned string in flash traps with cause 3 until the traps are handled', () => {
    guest.pokeString(FLASH + 1, 'ota_0');
    expect(guest.call(call('strlen'), FLASH + 1)).toBe('jumped');
    expect(guest.raised).toEqual({ cause: EXCCAUSE.LOAD_STORE_ERROR, excvaddr: FLASH + 1 });
    guest.trapsHandled = true;
    expect(guest.call(call('strlen'), FLASH + 1)).toBeUndefined();
    expect(guest.ar[2]).toBe(5);
  });

  it('wrappers stand at their own addresses with the same bodies', () => {
    for (const name of ['strcpy', 'strncpy', 'strcmp', 'strncmp', 'strlen', 'strstr']) {
      expect(call(`ets_${name}`).run).toBe(call(name).run);
      expect(call(`ets_${name}`).addr).not.toBe(call(name).addr);
    }
  });
});
