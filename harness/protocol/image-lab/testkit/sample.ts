/**
 * The good image that tests make the kinds of, and a reader of images that shares no code with the laboratory: numbers of
 * the format, Node's own crypto.
 */
import { expect } from '@jest/globals';
import { createHash } from 'node:crypto';
import { buildSyntheticApp } from '../encode';
import { labSlots, makeImage, type MadeImage } from '../make';

/** ota_0 of one-mb: 448 KiB at 0x10000, mapped at 0x40210000; ota_1 is 0x70000 further on. */
export const SLOTS = labSlots('one-mb', 'ota_0');
export const SLOT_BYTES = 0x70000;
export const APP = buildSyntheticApp({ slot: SLOTS.slot, seed: 7 });
/** Where its five segments' headers lie, and what they say: load address, size. */
export const SEGMENTS = [
  [0x0008, 0x40210010, 0x3400],
  [0x3410, 0x40213410, 0x900],
  [0x3d18, 0x3ffe8000, 0x204],
  [0x3f24, 0x40100000, 0x80],
  [0x3fac, 0x40100080, 0x510],
] as const;
export const DATA_END = 0x44c4;
export const CHECKSUM_AT = 0x44cf;
export const APP_BYTES = 0x44f0;

export const makeOf = (
  name: string,
  more: { readonly at?: number; readonly seed?: number } = {},
): MadeImage => makeImage(name, { good: APP, ...SLOTS, seed: 3, ...more });
export const made = (name: string, more = {}): Uint8Array => makeOf(name, more).bytes;
export const word = (bytes: Uint8Array, at: number): number => Buffer.from(bytes).readUInt32LE(at);
export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
export const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** The checksum byte over segments at these places. */
export function checksumOf(
  bytes: Uint8Array,
  segments: readonly (readonly [number, number, number])[],
): number {
  let sum = 0xef;
  for (const [at, , size] of segments) for (const byte of bytes.subarray(at + 8, at + 8 + size)) sum ^= byte;
  return sum;
}

/** Segments as the headers chain them. */
export function chainOf(bytes: Uint8Array, from = 8, count = bytes[1]!): readonly [number, number, number][] {
  const out: [number, number, number][] = [];
  for (let at = from; out.length < count; at += 8 + out.at(-1)![2])
    out.push([at, word(bytes, at), word(bytes, at + 4)]);
  return out;
}

export function hasRightDigest(bytes: Uint8Array): boolean {
  const digest = createHash('sha256').update(bytes.subarray(0, -32)).digest();
  return same(digest, bytes.subarray(-32));
}

/** Where it differs from the good image, checksum byte and digest left aside. */
export function changesIn(bytes: Uint8Array): readonly number[] {
  return [...APP.subarray(0, CHECKSUM_AT).keys()].filter((at) => bytes[at] !== APP[at]);
}

/** A whole image that is right in itself: chain, checksum at the end of its block, digest. */
export function expectWhole(bytes: Uint8Array): void {
  const chain = chainOf(bytes);
  const [at, , size] = chain.at(-1)!;
  const blockEnd = Math.floor((at + 8 + size) / 16) * 16 + 16;
  expect({ bytes: bytes.length, sum: bytes[blockEnd - 1], digest: hasRightDigest(bytes) }).toEqual({
    ...{ bytes: blockEnd + 32, sum: checksumOf(bytes, chain), digest: true },
  });
}
