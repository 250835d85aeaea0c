import { describe, expect, test } from '@jest/globals';
import { concatBytes } from '../core/bytes';
import { SeededRandom } from './image-lab/random';
import { encodeSlip, SlipDecoder, type SlipEvent } from './slip';
import { fromHex, runSeed, slices } from './testkit/slices';

const frame = (hex: string): SlipEvent => ({ kind: 'frame', payload: fromHex(hex) });
const noise = (hex: string): SlipEvent => ({ kind: 'noise', bytes: fromHex(hex) });

describe('SLIP', () => {
  test('escapes the delimiter and the escape, and nothing else', () => {
    expect(encodeSlip(fromHex('01c002db03dcdd'))).toEqual(fromHex('c001dbdc02dbdd03dcddc0'));
    expect(encodeSlip(new Uint8Array(0))).toEqual(fromHex('c0c0'));
  });

  test('tells noise, frames and noise apart', () => {
    expect(new SlipDecoder().feed(fromHex('4142c001dbdcdbddc043c0ffc0'))).toEqual([
      noise('4142'),
      frame('01c0db'),
      noise('43'),
      frame('ff'),
    ]);
  });

  test('hands over noise that nothing has ended yet', () => {
    const decoder = new SlipDecoder();
    expect(decoder.feed(fromHex('41'))).toEqual([noise('41')]);
    expect(decoder.feed(fromHex('c001c04243'))).toEqual([frame('01'), noise('4243')]);
    expect(decoder.feed(fromHex('c001c0'))).toEqual([frame('01')]);
  });

  test('swallows empty frames, so that a doubled delimiter costs nothing', () => {
    expect(new SlipDecoder().feed(fromHex('c0c0c001c0c0c002c0'))).toEqual([frame('01'), frame('02')]);
  });

  test('finds its feet again after a lost delimiter', () => {
    expect(new SlipDecoder().feed(fromHex('01c0 c002c0'))).toEqual([noise('01'), frame('02')]);
  });

  test('reports a bad escape once and skips to the next delimiter', () => {
    expect(new SlipDecoder().feed(fromHex('c001db0203c0c004c0'))).toEqual([
      { kind: 'error', reason: 'bad-escape', bytes: fromHex('01') },
      frame('04'),
    ]);
  });

  test('takes a delimiter behind an escape as the start of the next frame', () => {
    expect(new SlipDecoder().feed(fromHex('c001dbc004c0'))).toEqual([
      { kind: 'error', reason: 'bad-escape', bytes: fromHex('01') },
      frame('04'),
    ]);
  });

  test('throws a frame over the limit away and goes on with the next', () => {
    const decoder = new SlipDecoder({ maxFrameBytes: 3 });
    expect(decoder.feed(fromHex('c0010203c0c001020304050607c0c008c0'))).toEqual([
      frame('010203'),
      { kind: 'error', reason: 'too-long', bytes: fromHex('010203') },
      frame('08'),
    ]);
  });

  test('knows whether it waits for more, and forgets on reset', () => {
    const decoder = new SlipDecoder();
    decoder.feed(fromHex('c0'));
    expect(decoder.isInsideFrame).toBe(false);
    decoder.feed(fromHex('01'));
    expect(decoder.isInsideFrame).toBe(true);
    decoder.reset();
    expect(decoder.isInsideFrame).toBe(false);
    expect(decoder.feed(fromHex('02c003c0'))).toEqual([noise('02'), frame('03')]);
  });

  test('gives back what was encoded, whatever the bytes and wherever the stream is cut', () => {
    const seed = runSeed();
    const random = new SeededRandom(seed);
    const payloads = Array.from({ length: 200 }, () => {
      const payload = random.bytes(1 + random.below(60));
      // Make the special bytes common.
      return payload.map((byte) => (byte < 64 ? [0xc0, 0xdb, 0xdc, 0xdd][byte & 3]! : byte));
    });
    const decoder = new SlipDecoder();
    const events = slices(concatBytes(payloads.map(encodeSlip)), seed).flatMap((slice) =>
      decoder.feed(slice),
    );
    expect({ seed, events }).toEqual({
      seed,
      events: payloads.map((payload) => ({ kind: 'frame', payload })),
    });
  });
});
