import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bytesOfHex, framePacket, GdbDeframer, hexOf, type GdbInput } from './gdb-packets';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** What comes out, packets as text. */
function shown(inputs: readonly GdbInput[]): string[] {
  return inputs.map((input) =>
    input.kind === 'packet' ? String.fromCharCode(...input.payload) : `<${input.kind}>`,
  );
}

const feed = (text: string): string[] => shown(new GdbDeframer(64).feed(ascii(text)));

describe('packets', () => {
  it.each([
    ['$g#67', ['g']],
    ['+$?#3f-', ['<ack>', '?', '<nak>']],
    ['\x03$c#63', ['<interrupt>', 'c']],
    ['$m0,4#fe', ['<bad-checksum>']],
    ['$g#zz', ['<bad-checksum>']],
    ['$broken$g#67', ['g']],
    ['noise $g#67 noise', ['g']],
    // `}` makes the byte behind it itself XOR 0x20; the checksum covers both as sent.
    ['$X0,1:}\x03#9f', ['X0,1:#']],
    [`$${'a'.repeat(65)}#a1`, ['<too-long>']],
    ['$' + 'a'.repeat(64) + '#40', ['a'.repeat(64)]],
  ])('%j holds %j', (text, inputs) => {
    expect(feed(text)).toEqual(inputs);
  });

  it('are the same in any slices', () => {
    const stream = ascii('+$qSupported:swbreak+#00\x03$m3ffe8000,4#f2$g#67-$X0,1:}\x03#9f');
    const whole = shown(new GdbDeframer(64).feed(stream));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 60, maxLength: 80 }), (sizes) => {
        const deframer = new GdbDeframer(64);
        const seen: string[] = [];
        let at = 0;
        for (const size of sizes) {
          seen.push(...shown(deframer.feed(stream.subarray(at, at + size))));
          at += size;
        }
        seen.push(...shown(deframer.feed(stream.subarray(at))));
        expect(seen).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  it('come back as they were framed', () => {
    expect(feed(String.fromCharCode(...framePacket('T05thread:01;')))).toEqual(['T05thread:01;']);
  });
});

describe('hexadecimal', () => {
  it('goes both ways', () => {
    expect(hexOf(Uint8Array.of(0, 0x0f, 0xa0, 255))).toBe('000fa0ff');
    expect(bytesOfHex('000fA0ff')).toEqual(Uint8Array.of(0, 0x0f, 0xa0, 255));
  });

  it.each(['0', '0g', ' 00', '00 '])('refuses %j', (text) => {
    expect(bytesOfHex(text)).toBeUndefined();
  });
});
