import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { FakeRomGuest, romCallNamed } from '../testkit/fake-rom-guest';
import { RandomWords } from '../testkit/random-words';
import { hashCalls } from './hash-calls';

const CONTEXT = 0x3ffe8000;
const DIGEST = 0x3ffe8100;
const DATA = 0x3ffe9000;

const hashes = [
  { name: 'MD5', algorithm: 'md5', digestBytes: 16, contextBytes: 88, countOffset: 16, bufferOffset: 24 },
  { name: 'SHA1', algorithm: 'sha1', digestBytes: 20, contextBytes: 92, countOffset: 20, bufferOffset: 28 },
];

describe.each(hashes)(
  '$name',
  ({ name, algorithm, digestBytes, contextBytes, countOffset, bufferOffset }) => {
    const guest = new FakeRomGuest();
    const init = romCallNamed(hashCalls, `${name}Init`);
    const update = romCallNamed(hashCalls, `${name}Update`);
    const final = romCallNamed(hashCalls, `${name}Final`);

    function expected(bytes: Uint8Array): string {
      return createHash(algorithm).update(bytes).digest('hex');
    }

    function digest(): string {
      expect(guest.call(final, DIGEST, CONTEXT)).toBeUndefined();
      return Array.from(guest.peek(DIGEST, digestBytes), (byte) => byte.toString(16).padStart(2, '0')).join(
        '',
      );
    }

    it('agrees with the host for every length up to 200 and around a slice', () => {
      const bytes = new RandomWords(61).bytes(5000);
      guest.poke(DATA, bytes);
      const lengths = Array.from({ length: 201 }, (_, length) => length);
      for (const length of [...lengths, 1023, 1024, 1025, 2048, 3000, 4096, 5000]) {
        guest.call(init, CONTEXT);
        guest.call(update, CONTEXT, DATA, length);
        expect(digest()).toBe(expected(bytes.slice(0, length)));
      }
    });

    it('does not depend on how the message is cut or where its pieces lie', () => {
      const random = new RandomWords(62);
      for (let round = 0; round < 150; round++) {
        const bytes = random.bytes(random.below(1500));
        guest.call(init, CONTEXT);
        for (let at = 0; at < bytes.length;) {
          const piece = bytes.slice(at, at + random.below(random.pick([3, 70, 700])));
          const addr = DATA + random.below(4);
          guest.poke(addr, piece);
          guest.call(update, CONTEXT, addr, piece.length);
          at += piece.length;
        }
        expect(digest()).toBe(expected(bytes));
      }
    });

    it('keeps everything in the context: two messages may interleave, and a copied context goes on', () => {
      guest.poke(DATA, [1, 2, 3, 4, 5, 6, 7, 8]);
      const other = CONTEXT + 0x200;
      guest.call(init, CONTEXT);
      guest.call(init, other);
      guest.call(update, CONTEXT, DATA, 3);
      guest.call(update, other, DATA + 1, 5);
      guest.poke(CONTEXT + 0x400, guest.peek(CONTEXT, contextBytes));
      guest.call(update, CONTEXT, DATA + 3, 5);
      expect(digest()).toBe(expected(guest.peek(DATA, 8)));
      guest.poke(CONTEXT, guest.peek(other, contextBytes));
      expect(digest()).toBe(expected(guest.peek(DATA + 1, 5)));
      guest.poke(CONTEXT, guest.peek(CONTEXT + 0x400, contextBytes));
      expect(digest()).toBe(expected(guest.peek(DATA, 3)));
    });

    it('lays the context out as the headers say: bits in the count, the rest of the message in the buffer', () => {
      guest.poke(DATA, new Uint8Array(200).fill(0x5a));
      guest.call(init, CONTEXT);
      guest.call(update, CONTEXT, DATA, 70);
      expect(guest.peek32(CONTEXT + countOffset)).toBe(560);
      expect(guest.peek32(CONTEXT + countOffset + 4)).toBe(0);
      expect([...guest.peek(CONTEXT + bufferOffset, 6)]).toEqual([0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a]);
    });

    it('counts past 2^32 bits', () => {
      guest.call(init, CONTEXT);
      guest.poke(CONTEXT + countOffset, [0x00, 0xfe, 0xff, 0xff, 7, 0, 0, 0]);
      guest.poke(DATA, new Uint8Array(128));
      guest.call(update, CONTEXT, DATA, 128);
      expect(guest.peek32(CONTEXT + countOffset)).toBe(0x200);
      expect(guest.peek32(CONTEXT + countOffset + 4)).toBe(8);
    });

    it('lets interrupts in during a long update', () => {
      guest.call(init, CONTEXT);
      guest.ar.set([CONTEXT, DATA, 4096], 2);
      const before = guest.cycles;
      expect(update.run(guest)).toBe('again');
      expect(guest.cycles - before).toBeLessThan(40_000);
      expect(guest.ar[3]! >>> 0).toBe(DATA + 1024);
      expect(guest.ar[4]).toBe(3072);
    });
  },
);

describe('what remains of a context', () => {
  it('MD5Final clears its first word only', () => {
    const guest = new FakeRomGuest();
    guest.poke(DATA, [1, 2, 3, 4]);
    guest.call(romCallNamed(hashCalls, 'MD5Init'), CONTEXT);
    guest.call(romCallNamed(hashCalls, 'MD5Update'), CONTEXT, DATA, 4);
    guest.call(romCallNamed(hashCalls, 'MD5Final'), DIGEST, CONTEXT);
    expect(guest.peek32(CONTEXT)).toBe(0);
    expect(guest.peek32(CONTEXT + 4)).not.toBe(0);
    expect(guest.peek32(CONTEXT + 16)).toBe(32);
  });

  it('SHA1Final clears all of it, and no more', () => {
    const guest = new FakeRomGuest();
    guest.poke(CONTEXT, new Uint8Array(96).fill(0xff));
    guest.call(romCallNamed(hashCalls, 'SHA1Init'), CONTEXT);
    guest.call(romCallNamed(hashCalls, 'SHA1Update'), CONTEXT, DATA, 4);
    guest.call(romCallNamed(hashCalls, 'SHA1Final'), DIGEST, CONTEXT);
    expect(guest.peek(CONTEXT, 92).every((byte) => byte === 0)).toBe(true);
    expect(guest.peek32(CONTEXT + 92)).toBe(0xffffffff);
  });

  it('SHA1Transform folds one block into five words', () => {
    const guest = new FakeRomGuest();
    guest.call(romCallNamed(hashCalls, 'SHA1Init'), CONTEXT);
    // The message "abc", padded by hand.
    guest.poke(DATA, [0x61, 0x62, 0x63, 0x80, ...new Uint8Array(59), 24]);
    guest.call(romCallNamed(hashCalls, 'SHA1Transform'), CONTEXT, DATA);
    expect(guest.peek32(CONTEXT)).toBe(0xa9993e36);
    expect(guest.peek32(CONTEXT + 16)).toBe(0x9cd0d89d);
  });
});
