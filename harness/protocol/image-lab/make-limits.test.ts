/** What the laboratory refuses to make, and in which words. */
import { describe, expect, test } from '@jest/globals';
import { buildSyntheticApp } from './encode';
import { labSlots, makeImage } from './make';
import { APP, SLOTS, made } from './testkit/sample';

describe('what cannot be made', () => {
  const refusal = (message: string): object =>
    expect.objectContaining({ code: 'ESPRIG_USAGE', message: `this kind cannot be made here: ${message}` });
  const from = (name: string, app: Partial<Parameters<typeof buildSyntheticApp>[0]>, more = {}): Uint8Array =>
    makeImage(name, { good: buildSyntheticApp({ slot: SLOTS.slot, ...app }), ...SLOTS, ...more }).bytes;

  test.each<[string, Partial<Parameters<typeof buildSyntheticApp>[0]>, string]>([
    [
      'first-sector',
      { textBytes: 0x170, rodataBytes: 0x10, iramBytes: 0x10, dramBytes: 0x10 },
      'the image has only 640 bytes',
    ],
    ['descriptor-missing', { descriptor: 'none' }, 'the image has no descriptor'],
    ['segment-ram-first', { descriptor: 'rodata' }, 'the image does not begin with its descriptor'],
    ['sector-erased', { textBytes: 0x1fec }, 'the code has no whole sector'],
    ['sectors-swapped', { textBytes: 0x2fec }, 'the code has less than two whole sectors'],
    ['segment-16-shorter', { iramBytes: 12 }, 'the last segment has less than 16 bytes'],
  ])('%s of an image that has no place for it', (name, app, message) => {
    expect(() => from(name, app)).toThrow(refusal(message));
  });

  test('sectors end with the code', () => {
    expect(
      from('sector-erased', { textBytes: 0x1ff0 })
        .subarray(0x1000, 0x2000)
        .every((byte) => byte === 0xff),
    ).toBe(true);
    expect(from('sectors-swapped', { textBytes: 0x2ff0 })).toBeInstanceOf(Uint8Array);
    expect(from('segment-16-shorter', { iramBytes: 16 })).toBeInstanceOf(Uint8Array);
  });

  test('another slot where there is none', () => {
    const alone = { good: APP, slot: SLOTS.slot };
    expect(() => makeImage('other-slot', alone)).toThrow(refusal('the layout has no other slot'));
    expect(() => labSlots('sdk-singleapp')).toThrow('layout sdk-singleapp has no OTA slot');
    expect(() => labSlots('one-mb', 'ota_2')).toThrow('layout one-mb has no OTA slot "ota_2"');
    expect(labSlots('one-mb')).toEqual(SLOTS);
    expect(labSlots('one-mb', 'ota_1')).toEqual({ slot: SLOTS.otherSlot, otherSlot: SLOTS.slot });
  });

  test('an unknown kind is told with those of a like name, and how to see all', () => {
    const hintOf = (name: string): string => {
      try {
        made(name);
      } catch (error) {
        expect((error as Error).message).toBe(`no kind of image "${name}"`);
        return (error as { hint?: string }).hint ?? '';
      }
      return '';
    };
    expect(hintOf('magic-three')).toMatch(
      /^Perhaps: magic-zero, magic-one-bit, magic-v2\. `esprig image kinds` lists all \d+\.$/,
    );
    expect(hintOf('xyz-magic')).toMatch(/^`esprig image kinds` lists all \d+\.$/);
    expect(hintOf('')).toMatch(/^`esprig image kinds` lists all \d+\.$/);
  });
});
