import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeRomGuest, romCallNamed } from '../testkit/fake-rom-guest';
import { RAND_STATE_ADDR, miscCalls } from './misc-calls';

const DESCRIPTORS = 0x3ffe8000;
const BUFFER = 0x3ffe9000;
const STACK = 0x3fffb000;
const HEAD = 0x3ffea000;
const TAIL = 0x3ffea004;

let guest: FakeRomGuest;
beforeEach(() => {
  guest = new FakeRomGuest();
  guest.ar[1] = STACK;
  guest.store32(STACK, HEAD);
  guest.store32(STACK + 4, TAIL);
  guest.poke(DESCRIPTORS, new Uint8Array(0x100).fill(0xee));
});

function build(descriptorBytes: number, bufferBytes: number, blockBytes: number, owner: number): void {
  const call = romCallNamed(miscCalls, 'lldesc_build_chain');
  guest.call(call, DESCRIPTORS, descriptorBytes, BUFFER, bufferBytes, blockBytes, owner);
}

function descriptor(index: number): readonly number[] {
  const at = DESCRIPTORS + index * 12;
  return [guest.peek32(at), guest.peek32(at + 4), guest.peek32(at + 8)];
}

describe('descriptor chains', () => {
  it('gives consecutive buffers and links to as many descriptors as there are', () => {
    build(3 * 12, 3 * 0x40, 0x40, 1);
    expect(descriptor(0)).toEqual([0x80040040, BUFFER, DESCRIPTORS + 12]);
    expect(descriptor(1)).toEqual([0x80040040, BUFFER + 0x40, DESCRIPTORS + 24]);
    expect(descriptor(2)).toEqual([0x80040040, BUFFER + 0x80, 0]);
    expect(guest.peek32(HEAD)).toBe(DESCRIPTORS);
    expect(guest.peek32(TAIL)).toBe(DESCRIPTORS + 24);
    expect(descriptor(3)).toEqual([0xeeeeeeee, 0xeeeeeeee, 0xeeeeeeee]);
  });

  it('owner 0 and one descriptor: head and tail are the same', () => {
    build(12, 1600, 1600, 0);
    expect(descriptor(0)).toEqual([(1600 << 12) | 1600, BUFFER, 0]);
    expect(guest.peek32(HEAD)).toBe(guest.peek32(TAIL));
  });

  it('stops at the end of the buffer when descriptors are left over', () => {
    build(10 * 12, 100, 40, 1);
    expect(guest.peek32(TAIL)).toBe(DESCRIPTORS + 12);
    expect(descriptor(2)[0]).toBe(0xeeeeeeee);
  });

  it('an empty chain has neither head nor tail', () => {
    build(0, 100, 40, 1);
    expect([guest.peek32(HEAD), guest.peek32(TAIL)]).toEqual([0, 0]);
    build(120, 100, 0, 1);
    expect([guest.peek32(HEAD), guest.peek32(TAIL)]).toEqual([0, 0]);
  });

  it('lldesc_num2link finds the n-th, lldesc_set_owner changes n owners and nothing else', () => {
    build(4 * 12, 4 * 16, 16, 1);
    const link = romCallNamed(miscCalls, 'lldesc_num2link');
    guest.call(link, DESCRIPTORS, 1);
    expect(guest.ar[2]! >>> 0).toBe(DESCRIPTORS);
    guest.call(link, DESCRIPTORS, 3);
    expect(guest.ar[2]! >>> 0).toBe(DESCRIPTORS + 24);
    guest.call(link, DESCRIPTORS, 9);
    expect(guest.ar[2]! >>> 0).toBe(DESCRIPTORS + 36);
    guest.call(romCallNamed(miscCalls, 'lldesc_set_owner'), DESCRIPTORS, 2, 0);
    expect(guest.ar[2]! >>> 0).toBe(DESCRIPTORS + 12);
    expect([0, 1, 2, 3].map((index) => descriptor(index)[0]! >>> 31)).toEqual([0, 0, 1, 1]);
    expect(descriptor(0)[0]).toBe(0x00010010);
  });
});

describe('rand and srand', () => {
  const random = (): number => {
    guest.call(romCallNamed(miscCalls, 'rand'));
    return guest.ar[2]!;
  };

  it('follows the 64-bit generator, starting from srand(1) on cleared memory', () => {
    guest.poke(RAND_STATE_ADDR, new Uint8Array(8));
    let state = 1n;
    for (let round = 0; round < 1000; round++) {
      state = BigInt.asUintN(64, state * 6364136223846793005n + 1n);
      expect(random()).toBe(Number((state >> 32n) & 0x7fffffffn));
    }
  });

  it('the same seed gives the same numbers, another seed others', () => {
    const series = (seed: number): number[] => {
      guest.call(romCallNamed(miscCalls, 'srand'), seed);
      return [random(), random(), random()];
    };
    const first = series(7);
    expect(series(8)).not.toEqual(first);
    expect(series(7)).toEqual(first);
    expect(series(1)).toEqual(
      (guest.poke(RAND_STATE_ADDR, new Uint8Array(8)), [random(), random(), random()]),
    );
  });
});
