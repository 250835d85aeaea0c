import { describe, expect, test } from '@jest/globals';
import { Masker } from './mask';
import { PacketMask, type MaskedFrame } from './packet-mask';
import { tcpSegmentIn } from './tcp-segment';
import { rightChecksum, tcpFrame, udpFrame, type TcpFacts } from './testkit/air-packets';

const TOKEN = 'open-sesame-4711';
const REQUEST = `POST /send HTTP/1.1\r\nHost: x\r\nX-Key: ${TOKEN}\r\nLength: 3\r\n\r\nabc`;
const SECRETS = new Masker([TOKEN]);

interface Air {
  readonly add: (facts: TcpFacts) => Buffer;
  /** Frames that were said to have changed after they had been added. */
  readonly changed: Set<Buffer>;
}

function air(masker = SECRETS): Air {
  const mask = new PacketMask();
  const changed = new Set<Buffer>();
  return {
    changed,
    add: (facts) => {
      const bytes = tcpFrame(facts);
      const frame: MaskedFrame = { bytes, changed: () => void changed.add(bytes) };
      mask.add(frame, masker);
      return bytes;
    },
  };
}

const payloadOf = (frame: Buffer): string => {
  const { payloadAt = 0, payloadBytes = 0 } = tcpSegmentIn(frame) ?? {};
  return frame.toString('latin1', payloadAt, payloadAt + payloadBytes);
};

/** `text` in pieces that end at `cuts`, each with its number. */
function pieces(text: string, cuts: readonly number[], firstSeq = 1000): readonly TcpFacts[] {
  return [...cuts, text.length].map((end, index) => {
    const from = index === 0 ? 0 : (cuts[index - 1] ?? 0);
    return { payload: text.slice(from, end), seq: firstSeq + from };
  });
}

const MASKED_REQUEST = REQUEST.replace(TOKEN, '*'.repeat(TOKEN.length));

describe('a token in a captured packet', () => {
  test.each([false, true])('becomes as many asterisks, and the checksum fits (QoS: %s)', (isQos) => {
    const frame = air().add({ payload: REQUEST, isQos });
    expect(payloadOf(frame)).toBe(MASKED_REQUEST);
    const { is, should } = rightChecksum(frame, isQos);
    expect(is).toBe(should);
    expect(frame).toHaveLength(tcpFrame({ payload: REQUEST, isQos }).length);
  });

  test('is found wherever the packets cut it, also byte by byte', () => {
    const begin = REQUEST.indexOf(TOKEN);
    const everyByte = Array.from({ length: REQUEST.length - 1 }, (_, index) => index + 1);
    for (const cuts of [...everyByte.map((cut) => [cut]), [begin + 3, begin + 6], everyByte]) {
      const { add } = air();
      const frames = pieces(REQUEST, cuts).map(add);
      expect(frames.map(payloadOf).join('')).toBe(MASKED_REQUEST);
      for (const frame of frames) {
        const { is, should } = rightChecksum(frame);
        expect(is).toBe(should);
      }
    }
  });

  test('is found out of order, in repetitions that are cut otherwise, and where numbers begin anew at 0', () => {
    const cut = REQUEST.indexOf(TOKEN) + 2;
    const { add, changed } = air();
    const [first, second] = pieces(REQUEST, [cut], 0xffff_fff0);
    const late = add(second!);
    expect(payloadOf(late)).toContain('en-sesame-4711');
    expect(payloadOf(add(first!)) + payloadOf(late)).toBe(MASKED_REQUEST);
    expect([...changed]).toEqual([late]);
    const [again] = pieces(REQUEST, [cut + 5], 0xffff_fff0);
    expect(payloadOf(add(again!))).toBe(MASKED_REQUEST.slice(0, cut + 5));
  });

  test('tells that an earlier frame has changed, and no other', () => {
    const { add, changed } = air();
    const begin = REQUEST.indexOf(TOKEN);
    // So little of a word proves nothing.
    const [head, start, rest] = pieces(REQUEST, [begin, begin + 3]).map(add);
    expect([...changed]).toEqual([start]);
    expect(payloadOf(start!)).toBe('***');
    expect(payloadOf(head!) + payloadOf(start!) + payloadOf(rest!)).toBe(MASKED_REQUEST);
  });

  test('is masked as far as it came when nothing follows', () => {
    const [half] = pieces(REQUEST, [REQUEST.indexOf(TOKEN) + 9]);
    expect(payloadOf(air().add(half!))).toBe(MASKED_REQUEST.slice(0, REQUEST.indexOf(TOKEN) + 9));
  });

  test('of another connection does not complete one', () => {
    const { add } = air();
    add({ payload: 'open-se', seq: 1 });
    expect(payloadOf(add({ payload: 'same-4711', seq: 8, fromPort: 50_000 }))).toBe('same-4711');
    add({ payload: '', seq: 7, isOpening: true });
    expect(payloadOf(add({ payload: 'same-4711', seq: 8 }))).toBe('same-4711');
  });

  test('is masked in what is no TCP, too', () => {
    const bytes = udpFrame(`key=${TOKEN};`);
    new PacketMask().add({ bytes, changed: () => undefined }, SECRETS);
    expect(bytes.toString('latin1')).toContain(`key=${'*'.repeat(TOKEN.length)};`);
  });
});

describe('what stands behind Authorization', () => {
  const none = new Masker([]);
  test.each([
    ['Authorization: Bearer never-heard-of\r\n', 'Authorization: Bearer **************\r\n'],
    ['authorization:Basic dXNlcjpwdw==\r\nA: b', 'authorization:Basic ************\r\nA: b'],
    ['Authorization: odd thing\r\n', 'Authorization: *********\r\n'],
    ['Authorization: Bearer half', 'Authorization: Bearer ****'],
    ['Authorization: Bear', 'Authorization: Bear'],
  ])('is masked whether the token is known or not: %j', (line, masked) => {
    expect(payloadOf(air(none).add({ payload: line }))).toBe(masked);
    const { add } = air(none);
    const cuts = Array.from({ length: line.length - 1 }, (_, index) => index + 1);
    expect(pieces(line, cuts).map(add).map(payloadOf).join('')).toBe(masked);
  });
});

describe('a packet without a secret', () => {
  test('stays as it was, whatever it is', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index)).toString('latin1');
    for (const frame of [
      tcpFrame({ payload: bytes }),
      udpFrame(bytes),
      Buffer.from([0, 0]),
      Buffer.alloc(0),
    ]) {
      const copy = Buffer.from(frame);
      new PacketMask().add({ bytes: copy, changed: () => undefined }, SECRETS);
      expect(copy.equals(frame)).toBe(true);
    }
  });

  test('cut short anywhere is no reason to stop', () => {
    const whole = tcpFrame({ payload: REQUEST, isQos: true });
    for (let length = 0; length < whole.length; length++) {
      const bytes = Buffer.from(whole.subarray(0, length));
      expect(() => new PacketMask().add({ bytes, changed: () => undefined }, SECRETS)).not.toThrow();
      expect(bytes.toString('latin1')).not.toContain('open-sesame');
    }
  });

  test('keeps a checksum that is wrong wrong', () => {
    const bytes = tcpFrame({ payload: REQUEST });
    const { tcpAt } = tcpSegmentIn(bytes)!;
    bytes.writeUInt16BE(bytes.readUInt16BE(tcpAt + 16) ^ 0x0101, tcpAt + 16);
    new PacketMask().add({ bytes, changed: () => undefined }, SECRETS);
    expect(payloadOf(bytes)).toBe(MASKED_REQUEST);
    const { is, should } = rightChecksum(bytes);
    expect(is).not.toBe(should);
  });
});
