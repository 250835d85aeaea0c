import { describe, expect, test } from '@jest/globals';
import { buildSyntheticApp } from '../protocol/image-lab/encode';
import { labSlots } from '../protocol/image-lab/make';
import { foreseeRefusal, refusalsText } from './upload-forecast';

const forSlot = (layout: string, label: string): Uint8Array =>
  buildSyntheticApp({ slot: labSlots(layout, label).slot });

describe('what a device would say to an image', () => {
  test('is nothing with a layout whose slot takes it', () => {
    const image = forSlot('one-mb', 'ota_1');
    expect(foreseeRefusal(image, { layout: 'one-mb', slotLabel: 'ota_1' })).toEqual({
      refusals: [],
      fits: ['one-mb'],
    });
  });

  test('is wrong_slot first, where the layouts disagree, and each is named', () => {
    const { refusals, fits } = foreseeRefusal(forSlot('one-mb', 'ota_1'), { slotLabel: 'ota_0' });
    expect(fits).toEqual([]);
    expect(refusals[0]).toMatchObject({
      error: 'wrong_slot',
      detail: expect.stringMatching(/^entry 0x4028\w+ outside ota_0: /),
      layouts: ['one-mb'],
    });
    expect(refusals[1]).toMatchObject({ error: 'bad_header', layouts: ['two-ota-2mb', 'two-ota-4mb'] });
    expect(refusalsText(refusals)).toMatch(
      /^wrong_slot with layout one-mb \(entry .*\); bad_header with layout two-ota-2mb, two-ota-4mb \(.*\)$/,
    );
  });

  test('needs no layouts where they agree', () => {
    const { refusals } = foreseeRefusal(Buffer.from('<html>no image</html>'), {});
    expect(refusals).toEqual([expect.objectContaining({ error: 'bad_magic' })]);
    expect(refusalsText(refusals)).toBe('bad_magic (first byte 0x3c, not 0xe9)');
  });
});
