import { describe, expect, test } from '@jest/globals';
import { otaDataIn, searchBoot, type BootSearch } from './boot-search';
import { buildSyntheticApp } from './image-lab/encode';
import { encodeOtaData } from './otadata';
import { APP_SUBTYPE, DATA_SUBTYPE, PARTITION_TYPE, type Partition } from './partition-table';

const FLASH_BYTES = 0x100000;
const row = (label: string, type: number, subtype: number, offset: number, sizeBytes: number): Partition => ({
  label,
  type,
  subtype,
  offset,
  sizeBytes,
  isEncrypted: false,
});
const app = (label: string, subtype: number, offset: number, sizeBytes = 0x20000): Partition =>
  row(label, PARTITION_TYPE.APP, subtype, offset, sizeBytes);
const otadata = row('otadata', PARTITION_TYPE.DATA, DATA_SUBTYPE.OTA, 0xd000, 0x2000);
const factory = app('factory', APP_SUBTYPE.FACTORY, 0x10000);
const ota0 = app('ota_0', 0x10, 0x30000);
const ota1 = app('ota_1', 0x11, 0x50000);
const ota2 = app('ota_2', 0x12, 0x70000);
const testApp = app('test', APP_SUBTYPE.TEST, 0x90000);

/** A flash of 1 MiB with a good app in each of these. */
function flashWith(good: readonly Partition[], records = encodeOtaData(undefined, undefined)): Uint8Array {
  const flash = new Uint8Array(FLASH_BYTES).fill(0xff);
  flash.set(records, otadata.offset);
  for (const slot of good) flash.set(buildSyntheticApp({ slot }), slot.offset);
  return flash;
}

/** In one line: what is started, what was tried before it. */
const told = ({ started, refused }: BootSearch): string =>
  [started?.label ?? 'nothing', ...refused.map(({ partition }) => `not ${partition.label}`)].join(', ');

describe('the search for an app that boots', () => {
  const all = [otadata, factory, ota0, ota1, ota2, testApp];

  test.each([
    ['the chosen one', all, all.slice(1), 2, 'ota_1'],
    ['the one before it', all, [factory, ota0, ota2, testApp], 2, 'ota_0, not ota_1'],
    ['the factory app before later slots', all, [factory, ota2, testApp], 2, 'factory, not ota_1, not ota_0'],
    [
      'later slots when all before are bad',
      all,
      [ota2, testApp],
      2,
      'ota_2, not ota_1, not ota_0, not factory',
    ],
    [
      'the test app when nothing else is left',
      all,
      [testApp],
      2,
      'test, not ota_1, not ota_0, not factory, not ota_2',
    ],
    [
      'nothing when that is bad, too',
      all,
      [],
      1,
      'nothing, not ota_0, not factory, not ota_1, not ota_2, not test',
    ],
    ['a test app that is alone', [testApp], [testApp], undefined, 'test'],
    ['nothing without a single app', [otadata], [], 1, 'nothing'],
    ['the first slot where the second has no row', [otadata, ota0, ota2], [ota0, ota2], 2, 'ota_0'],
    ['no slot beyond their count', [otadata, ota0, ota2], [ota2], 1, 'nothing, not ota_0'],
    ['the last of two rows of one number', [otadata, { ...ota0, label: 'old' }, ota0], [ota0], 1, 'ota_0'],
    ['what comes behind a row of size 0', [otadata, { ...ota0, sizeBytes: 0 }, ota1], [ota1], 1, 'ota_1'],
  ] as const)('takes %s', (_what, partitions, good, sequence, expected) => {
    expect(told(searchBoot(flashWith(good, encodeOtaData(sequence, undefined)), partitions))).toBe(expected);
  });

  test('tells what comes first, why each is refused, and what the bootloader says', () => {
    const search = searchBoot(flashWith([testApp]), [otadata, ota0, testApp]);
    expect(search).toMatchObject({ first: ota0, started: testApp });
    expect(search.refused).toEqual([{ partition: ota0, why: 'image at 0x30000 has invalid magic byte' }]);
    expect(search.logged).toEqual([
      'No factory image, trying OTA 0',
      'Falling back to test app as only bootable partition',
    ]);
    expect(searchBoot(flashWith([]), [otadata, factory]).logged).toEqual([
      'Defaulting to factory image',
      'No bootable app partitions in the partition table',
    ]);
    const plain = searchBoot(flashWith([ota0], encodeOtaData(1, undefined)), [otadata, ota0]);
    expect(plain).toMatchObject({ first: ota0, started: ota0 });
    expect([plain.refused, plain.logged]).toEqual([[], []]);
  });

  test('ends before it begins where otadata has no two sectors', () => {
    const short = { ...otadata, sizeBytes: 0x1fff };
    expect(searchBoot(flashWith([factory]), [short, factory])).toMatchObject({
      first: undefined,
      started: undefined,
      refused: [],
      logged: ['ota_info partition size 8191 is too small (minimum 32 bytes)'],
    });
  });

  test('takes no app that reaches beyond the flash', () => {
    const slot = app('ota_0', 0x10, 0xfe000, 0x8000);
    const flash = flashWith([]);
    flash.set(buildSyntheticApp({ slot }).subarray(0, 0x2000), slot.offset);
    expect(searchBoot(flash, [otadata, slot]).refused[0]?.why).toBe('bootloader read flash error');
  });
});

describe('otadata in a flash', () => {
  test('is read from its partition, the last of several; what lies beyond the end is erased', () => {
    const flash = flashWith([], encodeOtaData(3, 4));
    const elsewhere = { ...otadata, offset: 0x20000 };
    const read = (bytes: Uint8Array, ...partitions: readonly Partition[]) =>
      otaDataIn(bytes, partitions)?.records.map(({ sequence }) => sequence);
    expect(read(flash, ota0, otadata)).toEqual([3, 4]);
    expect(read(flash, elsewhere, otadata)).toEqual([3, 4]);
    expect(read(flash, otadata, elsewhere)).toEqual([0xffffffff, 0xffffffff]);
    expect(read(flash.subarray(0, 0xe000), otadata)).toEqual([3, 0xffffffff]);
  });

  test('is none without a partition of two sectors', () => {
    expect(otaDataIn(flashWith([]), [ota0])).toBeUndefined();
    expect(otaDataIn(flashWith([]), [{ ...otadata, sizeBytes: 0x1000 }])).toBeUndefined();
  });
});
