import { describe, expect, test } from '@jest/globals';
import { equalBytes } from '../../core/bytes';
import { checkAsBootloader } from '../bootloader-check';
import { inspectImage } from '../image';
import { checkForSlot, type SlotVerdict } from '../slots';
import { buildSyntheticApp } from './encode';
import { IMAGE_KINDS, type ExpectedRefusal } from './kinds';
import { labSlots, makeImage } from './make';

const ONE_MB_FIRST = { layout: 'one-mb', ...labSlots('one-mb', 'ota_0') };
const ONE_MB_SECOND = { layout: 'one-mb', ...labSlots('one-mb', 'ota_1') };
const REFERENCE_MAIN = { layout: 'reference-one-mb', ...labSlots('reference-one-mb', 'main') };
const TWO_MB = { layout: 'two-ota-2mb', ...labSlots('two-ota-2mb', 'ota_1') };
/** Cannot be made where both slots share one window. */
const NEEDS_OTHER_WINDOW = new Set([
  'other-slot',
  'other-slot-segments',
  'both-slots',
  'both-slots-other-first',
]);

function said(verdict: SlotVerdict): ExpectedRefusal | 'accepted' {
  return verdict.ok ? 'accepted' : { error: verdict.error, moment: verdict.moment };
}

describe('the table of kinds', () => {
  test('holds far more than thirty kinds, each name once, each with a text', () => {
    expect(IMAGE_KINDS.length).toBeGreaterThanOrEqual(90);
    expect(new Set(IMAGE_KINDS.map((kind) => kind.name)).size).toBe(IMAGE_KINDS.length);
    for (const kind of IMAGE_KINDS) expect(kind.text.length).toBeGreaterThan(4);
  });

  test('knows every refusal of the contract that speaks of an image', () => {
    const errors = IMAGE_KINDS.flatMap(({ refusal }) => (typeof refusal === 'string' ? [] : [refusal.error]));
    expect([...new Set(errors)].sort()).toEqual([
      'bad_checksum',
      'bad_header',
      'bad_magic',
      'too_large',
      'truncated',
      'wrong_slot',
    ]);
  });
});

describe.each([
  { where: 'one-mb ota_0', ...ONE_MB_FIRST },
  { where: 'one-mb ota_1', ...ONE_MB_SECOND },
  { where: 'reference-one-mb main', ...REFERENCE_MAIN },
  { where: 'two-ota-2mb ota_1', ...TWO_MB },
])('made for $where', ({ slot, otherSlot, layout }) => {
  const kinds = IMAGE_KINDS.filter((kind) => layout !== 'two-ota-2mb' || !NEEDS_OTHER_WINDOW.has(kind.name));

  test.each(kinds.map((kind) => [kind.name, kind] as const))(
    '%s gets the answer of the table',
    (name, kind) => {
      const good = buildSyntheticApp({ slot, seed: 5 });
      const made = makeImage(name, { good, slot, otherSlot, seed: 5 });
      if (kind.refusal !== 'depends' && kind.orTooLarge !== true) expect(made.expected).toEqual(kind.refusal);
      expect(said(checkForSlot(made.bytes, slot))).toEqual(made.expected);
      expect(checkAsBootloader(made.bytes, slot).ok).toBe(made.boot !== 'refused');

      // The reader knows no slot; everything wrong beyond that must have a complaint, and nothing else may.
      const { kind: readAs, problems } = inspectImage(made.bytes);
      const isFlawless = readAs === 'app' && problems.length === 0;
      if (made.expected === 'accepted') expect(problems).toEqual([]);
      else if (!isAboutTheSlot(name, made.expected.error)) expect(isFlawless).toBe(false);
    },
  );
});

/** Refused for what a slot allows, not for what the image says of itself. */
function isAboutTheSlot(name: string, error: string): boolean {
  const kinds = ['entry-window-last', 'entry-behind-code', 'other-slot-segments', 'linked-elsewhere'];
  return error === 'wrong_slot' || error === 'too_large' || kinds.includes(name);
}

describe('making', () => {
  const good = buildSyntheticApp({ slot: ONE_MB_FIRST.slot });
  const input = { good, ...ONE_MB_FIRST };

  test('gives the same bytes for the same seed and others for another', () => {
    const random = (seed: number) => makeImage('random', { ...input, seed }).bytes;
    expect(equalBytes(random(3), random(3))).toBe(true);
    expect(equalBytes(random(3), random(4))).toBe(false);
    expect(makeImage('bit-in-code', { ...input, seed: 3 }).note).not.toBe(
      makeImage('bit-in-code', { ...input, seed: 4 }).note,
    );
  });

  test('leaves the good image alone', () => {
    const before = good.slice();
    for (const kind of IMAGE_KINDS) makeImage(kind.name, input);
    expect(equalBytes(good, before)).toBe(true);
  });

  test('refuses an unknown kind and names similar ones', () => {
    expect(() => makeImage('segment-wrong', input)).toThrow(
      expect.objectContaining({ code: 'ESPRIG_USAGE', hint: expect.stringContaining('segment-addr-zero') }),
    );
  });

  test('refuses to start from an image that is bad itself', () => {
    const bad = makeImage('checksum-wrong', input).bytes;
    expect(() => makeImage('magic-zero', { ...input, good: bad })).toThrow(
      /not good for ota_0 itself: bad_checksum/,
    );
  });

  test('refuses the other slot where one image serves both', () => {
    const shared = buildSyntheticApp({ slot: TWO_MB.slot });
    expect(() => makeImage('other-slot', { good: shared, ...TWO_MB })).toThrow(/share one window/);
  });

  test('refuses a place that does not exist', () => {
    expect(() => makeImage('bit-at', { ...input, at: good.length * 8 })).toThrow(/does not exist/);
    expect(() => makeImage('cut-at', { ...input, at: good.length })).toThrow(/does not exist/);
    expect(() => makeImage('cut-at', { ...input, at: -1 })).toThrow(/does not exist/);
  });

  test('cuts exactly where it was told to', () => {
    const made = makeImage('cut-at', { ...input, at: 4321 });
    expect(equalBytes(made.bytes, good.subarray(0, 4321))).toBe(true);
    expect(made.expected).toEqual({ error: 'truncated', moment: 'verification' });
  });

  test('flips exactly the bit that was chosen', () => {
    const made = makeImage('bit-at', { ...input, at: 0x123 * 8 + 5 });
    const changed = [...made.bytes.keys()].filter((at) => made.bytes[at] !== good[at]);
    expect(changed).toEqual([0x123]);
    expect(made.bytes[0x123]! ^ good[0x123]!).toBe(0x20);
    expect(made.note).toBe('bit 5 of byte 0x123');
  });
});

describe('every place', () => {
  const { slot } = ONE_MB_FIRST;
  const good = buildSyntheticApp({
    slot,
    textBytes: 0x170,
    rodataBytes: 0x20,
    dramBytes: 0x10,
    iramBytes: 0x14,
  });

  test('cut at any length is refused, before the erase below eight bytes and at verification from there on', () => {
    const wrong: number[] = [];
    for (let at = 0; at < good.length; at += 1) {
      const verdict = checkForSlot(good.subarray(0, at), slot);
      const moment = at < 8 ? 'before-erase' : 'verification';
      const isRight = !verdict.ok && verdict.error === 'truncated' && verdict.moment === moment;
      if (!isRight) wrong.push(at);
    }
    expect(wrong).toEqual([]);
  });

  test('any single flipped bit is refused; the magic and a foreign entry before anything is erased', () => {
    const wrong: string[] = [];
    const early = new Map<string, number>();
    for (let at = 0; at < good.length * 8; at += 1) {
      const byte = at >>> 3;
      const bytes = good.slice();
      bytes[byte] = bytes[byte]! ^ (1 << (at & 7));
      const verdict = checkForSlot(bytes, slot);
      if (verdict.ok) {
        wrong.push(`${at} accepted`);
        continue;
      }
      const wanted =
        byte === 0 ? 'bad_magic' : byte >= 16 && byte < 16 + 0x170 ? 'bad_checksum' : verdict.error;
      if (verdict.error !== wanted || (byte >= 8 && verdict.moment !== 'verification')) {
        wrong.push(`${at} ${verdict.error}`);
      }
      if (verdict.moment === 'before-erase') early.set(verdict.error, (early.get(verdict.error) ?? 0) + 1);
    }
    expect(wrong).toEqual([]);
    // Magic: all eight. Count 5: the bits that make 21, 37, 69, 133. Entry 0x40210150: every bit from 2^19 on (the
    // window is 0x40210010 to 0x4027ffff), and 2^16, which leads below it.
    expect(Object.fromEntries(early)).toEqual({ bad_magic: 8, bad_header: 4, wrong_slot: 14 });
  });
});
