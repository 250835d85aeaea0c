import { describe, expect, test } from '@jest/globals';
import { inspectFlashDump, type FlashDump } from './flash-dump';
import { explainDump } from './image-explain';
import { buildSyntheticApp, buildSyntheticBootloader } from './image-lab/encode';
import { layoutByName, partitionOf } from './layouts';
import { encodeOtaData } from './otadata';
import { encodePartitionTable, type Partition } from './partition-table';
import { recognise } from './looks-like';

const layout = layoutByName('one-mb');
const ota0 = partitionOf(layout, 'ota_0');
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

  test('has the size of its chip: a table that reaches beyond its end is refused, as the bootloader refuses it', () => {
    const dump = inspectFlashDump(flash().slice(0, 0x9000));
    expect(dump.apps.every(({ image }) => image === undefined)).toBe(true);
    expect(dump.boot).toBeUndefined();
    expect(dump.bootPartition).toBeUndefined();
    const first = 'partition 0 invalid - offset 0x9000 size 0x4000 exceeds flash chip size 0x9000';
    expect(dump.tableProblem).toBe(first);
    expect(dump.bootProblem).toBe(first);
    expect(dump.tableComplaints).toHaveLength(5);
    const large = flash();
    large.set(encodePartitionTable(layoutByName('two-ota-2mb').partitions), 0x8000);
    expect(inspectFlashDump(large)).toMatchObject({
      partitions: layoutByName('two-ota-2mb').partitions,
      tableProblem: 'partition 4 invalid - offset 0x110000 size 0xf0000 exceeds flash chip size 0x100000',
      bootPartition: undefined,
    });
  });

  const row = { label: 'row', type: 0, subtype: 0, offset: 0x10000, sizeBytes: 0x10000, isEncrypted: false };
  const otadata = { ...row, label: 'otadata', type: 1, offset: 0xd000, sizeBytes: 0x2000 };

  /** The dump of a board with other partitions and a good app in each that can hold one. */
  function dumpWith(...partitions: readonly Partition[]): FlashDump {
    const bytes = new Uint8Array(0x100000).fill(0xff);
    bytes.set(buildSyntheticBootloader());
    bytes.set(encodePartitionTable(partitions), 0x8000);
    bytes.set(encodeOtaData(2, undefined), 0xd000);
    for (const slot of partitions) if (slot.type === 0) bytes.set(buildSyntheticApp({ slot }), slot.offset);
    return inspectFlashDump(bytes);
  }

  test('without otadata boots the factory app, whatever lies before it', () => {
    const dump = dumpWith(
      { ...row, label: 'mine', type: 0x40 },
      { ...row, label: 'ota_0', subtype: 0x10, offset: 0x20000 },
      { ...row, label: 'factory', offset: 0x30000 },
    );
    expect(dump.otaData).toBeUndefined();
    expect(dump.bootPartition?.label).toBe('factory');
  });

  test('with a data partition in front reads otadata from its own', () => {
    const nvs = { ...row, label: 'nvs', type: 1, subtype: 2, offset: 0x20000 };
    const dump = dumpWith(nvs, otadata, { ...row, subtype: 0x10 });
    expect(dump.otaData?.records[0]?.sequence).toBe(2);
    expect(dump.bootPartition?.label).toBe('row');
  });

  test('with an otadata partition too small for two sectors has none, and boots nothing', () => {
    const dump = dumpWith({ ...otadata, sizeBytes: 0x1000 }, { ...row, label: 'factory' });
    expect(dump.otaData).toBeUndefined();
    expect(dump.bootPartition).toBeUndefined();
    expect(dump.bootProblem).toBe('ota_info partition size 4096 is too small (minimum 32 bytes)');
  });

  test('with nothing to boot names nothing', () => {
    const dump = dumpWith(otadata);
    expect(dump.apps).toEqual([]);
    expect(dump.bootPartition).toBeUndefined();
    expect(dump.bootProblem).toBe('No bootable app partitions in the partition table');
  });

  test('with slots that leave out a number never boots those beyond their count, and complains of them', () => {
    const dump = dumpWith(
      otadata,
      { ...row, label: 'ota_0', subtype: 0x10 },
      { ...row, label: 'ota_2', subtype: 0x12, offset: 0x20000 },
    );
    expect(dump.bootPartition?.label).toBe('ota_0');
    expect(dump.tableComplaints).toEqual([expect.stringMatching(/^ota_2: OTA slot 2 of 2/)]);
  });

  test('boots what the bootloader comes to, not what otadata names', () => {
    const bytes = flash();
    bytes.fill(0xff, ota1.offset, ota1.offset + 0x1000);
    bytes.set(buildSyntheticApp({ slot: ota0 }), ota0.offset);
    const dump = inspectFlashDump(bytes);
    expect(dump.boot?.first?.label).toBe('ota_1');
    expect(dump.bootPartition?.label).toBe('ota_0');
    expect(dump.bootProblem).toBeUndefined();
    expect(explainDump(dump)).toContain(
      '\ntries ota_1 first, boots ota_0\n  not ota_1: image at 0x80000 has invalid magic byte\n',
    );
  });

  test('boots nothing when all slots are erased', () => {
    const bytes = flash().fill(0xff, ota1.offset);
    const dump = inspectFlashDump(bytes);
    expect(dump.bootPartition).toBeUndefined();
    expect(explainDump(dump)).toContain(`
boots: nothing ("No bootable app partitions in the partition table")
  not ota_1: image at 0x80000 has invalid magic byte
  not ota_0: image at 0x10000 has invalid magic byte
`);
  });

  test('boots a test app when it is alone', () => {
    const dump = dumpWith({ ...row, label: 'test', subtype: 0x20 });
    expect(dump.bootPartition?.label).toBe('test');
    expect(explainDump(dump)).toContain(
      '\nboots: test ("Falling back to test app as only bootable partition")\n',
    );
  });

  test('boots nothing without a bootloader that the boot ROM starts', () => {
    const damaged = flash();
    damaged[0x100]! ^= 1;
    const foreign = flash();
    foreign.set(buildSyntheticApp({ slot: ota1 }));
    for (const bytes of [damaged, foreign]) {
      const dump = inspectFlashDump(bytes);
      expect(dump.boot?.started?.label).toBe('ota_1');
      expect(dump.bootPartition).toBeUndefined();
      expect(dump.bootProblem).toBe('the boot ROM starts no bootloader from 0x0');
      expect(explainDump(dump)).toContain('\nboots: nothing (the boot ROM starts no bootloader from 0x0)\n');
    }
  });

  test('complains of an app that is linked for another slot, or for none', () => {
    const bytes = flash();
    bytes.set(buildSyntheticApp({ slot: ota1 }), ota0.offset);
    bytes.set(buildSyntheticBootloader(), ota1.offset);
    const dump = inspectFlashDump(bytes);
    expect(dump.apps.map(({ complaint }) => complaint)).toEqual([
      'linked for a slot at 0x80000, not for 0x10000: it crashes when it is started',
      'nothing of it is linked for flash: it is no app',
    ]);
    const text = explainDump(dump);
    expect(text).toMatch(/\nComplaints\n {2}linked for a slot at 0x80000, not for 0x10000: it crashes/);
    expect(text).toContain('\nboots: ota_1, but: nothing of it is linked for flash: it is no app\n');
  });

  test('takes an app for the same place of another MiB', () => {
    const { partitions } = layoutByName('two-ota-2mb');
    const bytes = new Uint8Array(0x200000).fill(0xff);
    bytes.set(buildSyntheticBootloader());
    bytes.set(encodePartitionTable(partitions), 0x8000);
    bytes.set(buildSyntheticApp({ slot: partitions[3]! }), 0x110000);
    expect(inspectFlashDump(bytes)).toMatchObject({
      tableComplaints: [],
      bootPartition: { label: 'ota_1' },
      apps: [{ image: undefined, complaint: undefined }, { complaint: undefined }],
    });
  });

  test('with an unusable table says why', () => {
    const bytes = flash();
    bytes[0x8020] = 0;
    expect(inspectFlashDump(bytes)).toMatchObject({
      partitions: undefined,
      apps: [],
      tableProblem: expect.stringMatching(/partition 1/),
      bootProblem: expect.stringMatching(/partition 1/),
    });
    expect(inspectFlashDump(bytes).tableComplaints).toEqual([]);
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
      'tries ota_0 first, boots ota_1 ("No factory image, trying OTA 0")',
    );
  });

  test('is explained with the complaints about its table', () => {
    const large = flash();
    large.set(encodePartitionTable(layoutByName('two-ota-2mb').partitions), 0x8000);
    const text = explainDump(inspectFlashDump(large));
    const complaint = 'partition 4 invalid - offset 0x110000 size 0xf0000 exceeds flash chip size 0x100000';
    expect(text).toContain(`0x00110000 0x000f0000\nComplaints\n  ${complaint}\n`);
    expect(text).toContain(`\nboots: nothing ("${complaint}")\n`);
  });
});
