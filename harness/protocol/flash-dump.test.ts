import { describe, expect, test } from '@jest/globals';
import { inspectFlashDump, type FlashDump } from './flash-dump';
import { explainDump } from './image-explain';
import { buildSyntheticApp, buildSyntheticBootloader } from './image-lab/encode';
import { layoutByName, partitionOf } from './layouts';
import { encodeOtaData } from './otadata';
import { encodePartitionTable, type Partition } from './partition-table';
import { recognise } from './looks-like';

const layout = layoutByName('one-mb');
const ota1 = partitionOf(layout, 'ota_1');

function flash(otaData = encodeOtaData(2, undefined)): Uint8Array {
  const bytes = new Uint8Array(0x100000).fill(0xff);
  bytes.set(buildSyntheticBootloader());
  bytes.set(encodePartitionTable(layout.partitions), 0x8000);
  bytes.set(otaData, partitionOf(layout, 'otadata').offset);
  bytes.set(buildSyntheticApp({ slot: ota1 }), ota1.offset);
  return bytes;
}

describe('a dump of a whole flash', () => {
  test('is known as one and taken apart', () => {
    expect(recognise(flash()).name).toBe('flash-dump');
    const dump = inspectFlashDump(flash());
    expect(dump.bootloader.kind).toBe('ram');
    expect(dump.partitions).toEqual(layout.partitions);
    expect(dump.apps.map(({ partition, image }) => [partition.label, image?.kind])).toEqual([
      ['ota_0', undefined],
      ['ota_1', 'app'],
    ]);
    expect(dump.bootPartition?.label).toBe('ota_1');
  });

  test('may end early: what is not there counts as erased', () => {
    const dump = inspectFlashDump(flash().slice(0, 0x9000));
    expect(dump.apps.every(({ image }) => image === undefined)).toBe(true);
    expect(dump.bootPartition?.label).toBe('ota_0');
  });

  /** The dump of a board with other partitions and nothing in them. */
  function dumpWith(...partitions: readonly Partial<Partition>[]): FlashDump {
    const row = { label: 'row', type: 0, subtype: 0, offset: 0x10000, sizeBytes: 0x1000, isEncrypted: false };
    const bytes = new Uint8Array(0x20000).fill(0xff);
    bytes.set(encodePartitionTable(partitions.map((each) => ({ ...row, ...each }))), 0x8000);
    bytes.set(encodeOtaData(1, undefined), 0xd000);
    return inspectFlashDump(bytes);
  }
  const otadata = { label: 'otadata', type: 1, offset: 0xd000, sizeBytes: 0x2000 };

  test('without otadata boots the factory app, whatever lies before it', () => {
    const dump = dumpWith(
      { label: 'data', type: 1 },
      { label: 'ota_0', subtype: 0x10 },
      { label: 'factory' },
    );
    expect(dump.otaData).toBeUndefined();
    expect(dump.bootPartition?.label).toBe('factory');
  });

  test('with a data partition in front reads otadata from its own', () => {
    const dump = dumpWith({ label: 'nvs', type: 1, subtype: 2 }, otadata, { label: 'ota_0', subtype: 0x10 });
    expect(dump.otaData?.records[0]?.sequence).toBe(1);
    expect(dump.bootPartition?.label).toBe('ota_0');
  });

  test('with an otadata partition too small for two sectors has none', () => {
    const dump = dumpWith({ ...otadata, sizeBytes: 0x1000 }, { label: 'factory' });
    expect(dump.otaData).toBeUndefined();
  });

  test('with nothing to boot names nothing', () => {
    const dump = dumpWith(otadata);
    expect(dump.apps).toEqual([]);
    expect(dump.bootPartition).toBeUndefined();
  });

  test('with an unusable table says why', () => {
    const bytes = flash();
    bytes[0x8020] = 0;
    expect(inspectFlashDump(bytes)).toMatchObject({
      partitions: undefined,
      apps: [],
      tableProblem: expect.stringMatching(/partition 1/),
    });
    expect(explainDump(inspectFlashDump(bytes))).toMatch(
      /Partition table at 0x8000: partition 1 invalid magic number/,
    );
  });

  test('is explained part by part, with what would boot', () => {
    const text = explainDump(inspectFlashDump(flash()));
    expect(text).toMatch(/^Dump of a whole flash/);
    expect(text).toMatch(/otadata: sequence 2, blank\nboots: ota_1\n/);
    expect(text).toMatch(/ota_0 at 0x10000\n {2}erased/);
    expect(explainDump(inspectFlashDump(flash(encodeOtaData(undefined, undefined))))).toContain(
      'boots: ota_0 ("No factory image, trying OTA 0")',
    );
  });
});
