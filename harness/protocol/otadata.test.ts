import { describe, expect, test } from '@jest/globals';
import { layoutByName } from './layouts';
import {
  bootTargetsOf,
  chooseBootSlot,
  encodeOtaData,
  encodeOtaRecord,
  nextUpdateSlot,
  otaDataFor,
  otaRecordCrc,
  parseOtaData,
  planBootSlot,
  type BootTargets,
} from './otadata';

const TWO_SLOTS: BootTargets = { slotCount: 2, hasFactory: false, hasTest: false, otaDataBytes: 0x2000 };
const WITH_FACTORY: BootTargets = { ...TWO_SLOTS, hasFactory: true };
const read = (first?: number, second?: number) => parseOtaData(encodeOtaData(first, second));

function withBadCrc(first: number): ReturnType<typeof parseOtaData> {
  const bytes = new Uint8Array(0x2000).fill(0xff);
  bytes.set(encodeOtaRecord(first, 0x12345678));
  return parseOtaData(bytes);
}

describe('a record', () => {
  test.each([
    [1, 0x4743989a],
    [2, 0x55f63774],
    [3, 0xed4a5011],
    [4, 0x709d68a8],
  ])('with sequence %i has the CRC that was measured', (sequence, crc) => {
    expect(otaRecordCrc(sequence)).toBe(crc);
    expect(read(sequence).records[0]).toEqual({ sequence, crc, isBlank: false, isValid: true });
  });

  test('erased is blank and not valid; with a wrong CRC it is neither', () => {
    expect(read().records[1]).toMatchObject({ isBlank: true, isValid: false });
    expect(withBadCrc(1).records[0]).toMatchObject({ isBlank: false, isValid: false });
  });

  test('with sequence 0 is valid when all behind it is erased: the CRC of 0 is 0xffffffff', () => {
    const bytes = new Uint8Array(0x2000).fill(0xff);
    bytes.fill(0, 0, 4);
    expect(parseOtaData(bytes).records[0]).toEqual({
      sequence: 0,
      crc: 0xffffffff,
      isBlank: false,
      isValid: true,
    });
  });

  test('needs both sectors', () => {
    expect(() => parseOtaData(new Uint8Array(0x1fff))).toThrow(
      expect.objectContaining({ code: 'ESPRIG_OTADATA_BAD' }),
    );
  });
});

describe('what boots', () => {
  test.each([
    ['blank, no factory', read(), TWO_SLOTS, 0, 'No factory image, trying OTA 0', [0, 1]],
    ['blank, factory', read(), WITH_FACTORY, -1, 'Defaulting to factory image', [-1, 0, 1]],
    ['sequence 1', read(1), TWO_SLOTS, 0, undefined, [0, 1]],
    ['sequence 2 in the first sector', read(2), TWO_SLOTS, 1, undefined, [1, 0]],
    ['the larger of two', read(3, 2), TWO_SLOTS, 0, undefined, [0, 1]],
    ['the larger of two, second sector', read(3, 4), WITH_FACTORY, 1, undefined, [1, 0, -1]],
    [
      'invalid, factory',
      withBadCrc(2),
      WITH_FACTORY,
      -1,
      'ota data partition invalid, falling back to factory',
      [-1, 0, 1],
    ],
    [
      'invalid, no factory',
      withBadCrc(2),
      TWO_SLOTS,
      -1,
      'ota data partition invalid and no factory, will try all partitions',
      [0, 1],
    ],
    ['no otadata partition', read(2), { ...TWO_SLOTS, otaDataBytes: undefined }, -1, undefined, [0, 1]],
    ['a test app comes last', read(2), { ...WITH_FACTORY, hasTest: true }, 1, undefined, [1, 0, -1, -2]],
    [
      'otadata of one sector',
      read(2),
      { ...WITH_FACTORY, hasTest: true, otaDataBytes: 0x1000 },
      -99,
      'ota_info partition size 4096 is too small (minimum 32 bytes)',
      [],
    ],
    ['three slots', read(6), { ...TWO_SLOTS, slotCount: 3 }, 2, undefined, [2, 1, 0]],
    // Words without a sign: what precedes 0 is 0xffffffff, and nothing beyond 2^31 is before the slots.
    ['sequence 0', read(0), TWO_SLOTS, 1, undefined, [1, 0]],
    ['sequence 0 of three', read(0), { ...TWO_SLOTS, slotCount: 3 }, 0, undefined, [0, 1, 2]],
    ['a sequence beyond 2^31', read(0x80000002), WITH_FACTORY, 1, undefined, [1, 0, -1]],
    ['the last sequence', read(0xfffffffe), TWO_SLOTS, 1, undefined, [1, 0]],
    ['2^31 is larger than 1', read(1, 0x80000000), TWO_SLOTS, 1, undefined, [1, 0]],
  ] as const)('%s', (_what, otaData, targets, index, logged, order) => {
    expect(chooseBootSlot(otaData, targets)).toEqual({ index, logged, order: [...order] });
  });

  test('follows from the table', () => {
    expect(bootTargetsOf(layoutByName('one-mb').partitions)).toEqual(TWO_SLOTS);
    expect(bootTargetsOf(layoutByName('sdk-singleapp').partitions)).toEqual({
      slotCount: 0,
      hasFactory: true,
      hasTest: false,
      otaDataBytes: undefined,
    });
    const test = { ...layoutByName('sdk-singleapp').partitions.at(-1)!, subtype: 0x20 };
    expect(bootTargetsOf([test])).toMatchObject({ hasFactory: false, hasTest: true });
  });
});

describe('making a slot boot', () => {
  test.each([
    ['nothing valid', read(), 1, { sector: 0, sequence: 2 }],
    ['nothing valid', read(), 0, { sector: 0, sequence: 1 }],
    ['only the first, other slot', read(1), 1, { sector: 1, sequence: 2 }],
    ['only the first, same slot', read(1), 0, { sector: 1, sequence: 1 }],
    ['only the second', read(undefined, 2), 0, { sector: 0, sequence: 3 }],
    ['both, larger first', read(3, 2), 1, { sector: 1, sequence: 4 }],
    ['both, larger second', read(3, 4), 0, { sector: 0, sequence: 5 }],
    ['both equal', read(4, 4), 0, { sector: 1, sequence: 5 }],
  ] as const)('%s', (_what, otaData, slot, write) => {
    expect(planBootSlot(otaData, slot, 2)).toEqual(write);
  });

  test('always leads to the slot, from any state', () => {
    for (const first of [undefined, 1, 2, 3, 7, 8]) {
      for (const second of [undefined, 1, 2, 5, 6, 0x80000000]) {
        for (const slotCount of [2, 3]) {
          for (let slot = 0; slot < slotCount; slot += 1) {
            const { sector, sequence } = planBootSlot(read(first, second), slot, slotCount);
            const after = sector === 0 ? read(sequence, second) : read(first, sequence);
            expect(chooseBootSlot(after, { ...TWO_SLOTS, slotCount }).index).toBe(slot);
          }
        }
      }
    }
  });

  test('refuses a slot that is not there', () => {
    expect(() => planBootSlot(read(), 2, 2)).toThrow(expect.objectContaining({ code: 'ESPRIG_USAGE' }));
  });

  test('as a flashing tool does it', () => {
    expect(chooseBootSlot(parseOtaData(otaDataFor(1)), TWO_SLOTS).index).toBe(1);
  });
});

describe('the next update', () => {
  test('goes to the slot that does not run', () => {
    const { partitions } = layoutByName('one-mb');
    expect(nextUpdateSlot(partitions, 'ota_0').label).toBe('ota_1');
    expect(nextUpdateSlot(partitions, 'ota_1').label).toBe('ota_0');
  });

  test('goes nowhere without a second slot', () => {
    expect(() => nextUpdateSlot(layoutByName('sdk-singleapp').partitions, 'factory')).toThrow(
      /no slot to update/,
    );
  });
});
