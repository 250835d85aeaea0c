import { Aes } from './aes';

/** AES key wrap, RFC 3394: how message 3 of the handshake carries the group key. */
const INITIAL_VALUE = 0xa6;

/** @throws RangeError when the data is not two or more whole blocks of 8 bytes */
export function aesKeyWrap(kek: Uint8Array, data: Uint8Array): Uint8Array {
  if (data.length < 16 || data.length % 8 !== 0) throw new RangeError(`cannot wrap ${data.length} bytes`);
  const aes = new Aes(kek);
  const blocks = data.length / 8;
  const out = new Uint8Array(data.length + 8);
  out.fill(INITIAL_VALUE, 0, 8);
  out.set(data, 8);
  const block = new Uint8Array(16);
  for (let step = 0; step < 6; step++) {
    for (let index = 1; index <= blocks; index++) {
      block.set(out.subarray(0, 8));
      block.set(out.subarray(index * 8, index * 8 + 8), 8);
      aes.encrypt(block);
      xorCounter(block, step * blocks + index);
      out.set(block.subarray(0, 8));
      out.set(block.subarray(8), index * 8);
    }
  }
  return out;
}

/** The wrapped data; null when the key is wrong or the bytes were changed. */
export function aesKeyUnwrap(kek: Uint8Array, wrapped: Uint8Array): Uint8Array | null {
  if (wrapped.length < 24 || wrapped.length % 8 !== 0) return null;
  const aes = new Aes(kek);
  const blocks = wrapped.length / 8 - 1;
  const work = wrapped.slice();
  const block = new Uint8Array(16);
  for (let step = 5; step >= 0; step--) {
    for (let index = blocks; index >= 1; index--) {
      block.set(work.subarray(0, 8));
      xorCounter(block, step * blocks + index);
      block.set(work.subarray(index * 8, index * 8 + 8), 8);
      aes.decrypt(block);
      work.set(block.subarray(0, 8));
      work.set(block.subarray(8), index * 8);
    }
  }
  if (!work.subarray(0, 8).every((value) => value === INITIAL_VALUE)) return null;
  return work.slice(8);
}

function xorCounter(block: Uint8Array, counter: number): void {
  for (let at = 7, rest = counter; rest > 0; at--, rest = Math.floor(rest / 256)) block[at]! ^= rest & 0xff;
}
