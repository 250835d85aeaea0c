import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseFlasherArgs } from '../../harness/protocol/flasher-args';
import { inspectImage } from '../../harness/protocol/image';
import { layoutByName } from '../../harness/protocol/layouts';
import { parseOtaData } from '../../harness/protocol/otadata';
import { otaSlots, parsePartitionTable } from '../../harness/protocol/partition-table';
import { checkForSlot, sdkAcceptsEntry, slotsServedBy } from '../../harness/protocol/slots';
import { buildFirmware, type BuiltFirmware } from './firmware';
import { LWIP, ROOT } from './paths';
import { toolsMissing } from './tool';

/* Images of the app, read with the harness's codecs, which share nothing with the build. */
const missing = toolsMissing() ?? (existsSync(LWIP) ? undefined : 'the source of lwIP is not there');
const suite = missing === undefined ? describe : describe.skip;
const reason = missing === undefined ? '' : ` (skipped: ${missing})`;
const BUILD_LIMIT_MS = 300_000;
const COMPONENT_TEXT_LIMIT_BYTES = 24 * 1024;

const temporary = mkdtempSync(join(tmpdir(), 'esprig-firmware-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

suite.each(['one-mb', 'two-ota-2mb', 'two-ota-4mb'])(`firmware of layout %s${reason}`, (name) => {
  let built: BuiltFirmware;
  beforeAll(async () => {
    built = await buildFirmware({ layout: name, folder: join(temporary, name) });
  }, BUILD_LIMIT_MS);

  const read = (file: string): Uint8Array => new Uint8Array(readFileSync(join(built.folder, file)));
  const layout = layoutByName(name);

  test('has the partition table that the harness knows under this name', () => {
    const { partitions, md5 } = parsePartitionTable(read('partitions.bin'));
    expect(partitions).toEqual(layout.partitions);
    expect(md5).toBeUndefined();
    expect(read('partitions.bin')).toHaveLength(0xc00);
    expect(built.manifest.flashSizeBytes).toBe(layout.flashBytes);
  });

  test('has an image for each slot that the rules of the contract and of the SDK accept there', () => {
    for (const slot of otaSlots(layout.partitions)) {
      const image = read(`${slot.label}.bin`);
      expect(checkForSlot(image, slot)).toEqual({ ok: true });
      expect(sdkAcceptsEntry(inspectImage(image).header!.entryAddr, slot)).toBe(true);
    }
  });

  test('serves both slots with one image where they share their place in a MiB, and else needs two', () => {
    const slots = otaSlots(layout.partitions);
    const [first, second] = slots.map((slot) => read(`${slot.label}.bin`));
    const isShared = name !== 'one-mb';
    expect(slotsServedBy(first!, slots)).toEqual(isShared ? slots : [slots[0]]);
    expect(slotsServedBy(second!, slots)).toEqual(isShared ? slots : [slots[1]]);
    expect(first!.length).toBe(second!.length);
    if (isShared) expect(second).toEqual(first);
  });

  test('has the shape of an SDK image: five segments, descriptor at 0x10, the quirk of rodata, checksum and SHA-256', () => {
    const image = read('ota_0.bin');
    const info = inspectImage(image);
    expect(info.problems).toEqual([]);
    expect(info.kind).toBe('app');
    expect(info.segments.map((segment) => segment.region)).toEqual([
      'flash',
      'flash',
      'dram',
      'iram',
      'iram',
    ]);
    expect(info.segments.map((segment) => segment.loadAddr).slice(2)).toEqual([
      0x3ffe8000, 0x40100000, 0x40100080,
    ]);
    expect(info.segments[0]!.dataOffset).toBe(0x10);
    expect(info.segments[1]!.virtualAddr).toBe(info.segments[1]!.loadAddr + 8);
    expect(info.segments[3]!.sizeBytes).toBe(0x80);
    expect(info.sha256?.ok).toBe(true);
    expect(info.header).toMatchObject({ spiMode: 2, spiSpeed: 0 });
    expect(info.descriptor).toMatchObject({
      offset: 0x10,
      placement: 'text',
      project: 'esprig_app',
      version: '1.0.0',
      idfVersion: 'v3.4-esprig-open',
      elfSha256: '00'.repeat(32),
    });
    // `g_esp_sys_info` of the SDK: its version, 3.4.0.
    const sysInfo = info.segments[3]!.dataOffset;
    expect(new DataView(image.buffer).getUint32(sysInfo, true)).toBe(0x00030400);
  });

  test('codes the size of the flash as the SDK does: one way in the bootloader, another in the app', () => {
    const codes = { 'one-mb': [2, 0], 'two-ota-2mb': [3, 1], 'two-ota-4mb': [4, 2] }[name];
    const nibbles = ['bootloader.bin', 'ota_0.bin'].map(
      (file) => inspectImage(read(file)).header!.sizeNibble,
    );
    expect(nibbles).toEqual(codes);
  });

  test('has a bootloader that is a plain RAM image in front of the table, and blank otadata', () => {
    const info = inspectImage(read('bootloader.bin'));
    expect(info).toMatchObject({ kind: 'ram', problems: [], sha256: undefined });
    expect(info.fileBytes).toBeLessThanOrEqual(0x8000);
    expect(parseOtaData(read('otadata.bin')).records.every((record) => record.isBlank)).toBe(true);
  });

  test('says what to flash where, alike in firmware.json and flasher_args.json', () => {
    const args = parseFlasherArgs(readFileSync(join(built.folder, 'flasher_args.json'), 'utf8'));
    const plan = built.manifest.flash.map(({ flashOffset, file }) => ({ offset: flashOffset, file }));
    expect(args.files).toEqual(plan);
    expect(plan.map((row) => row.offset)).toEqual([0, 0x8000, 0xd000, 0x10000]);
    expect(args).toMatchObject({
      flashMode: 'dio',
      flashSize: `${layout.flashBytes / 0x100000}MB`,
      flashFrequency: '40m',
    });
    for (const { file } of plan) expect(existsSync(join(built.folder, file))).toBe(true);
    const written: unknown = JSON.parse(readFileSync(join(built.folder, 'firmware.json'), 'utf8'));
    expect(written).toEqual(built.manifest);
  });

  test('keeps the component within 24 KB of text, and counts all that is in the image', () => {
    const { components, heapAtStartBytes, imageBytes } = built.manifest.sizes;
    const component = components.find((row) => row.component === 'sse_ota')!;
    expect(component.textBytes + component.rodataBytes).toBeLessThan(COMPONENT_TEXT_LIMIT_BYTES);
    expect(component.textBytes).toBeGreaterThan(8 * 1024);
    expect(components.map((row) => row.component)).toEqual(
      expect.arrayContaining(['app', 'kernel', 'libc', 'log', 'lwip', 'net', 'system', 'wifi']),
    );
    const counted = components.reduce((sum, row) => sum + row.textBytes + row.rodataBytes + row.dataBytes, 0);
    // The rest is alignment, headers and tail.
    expect(imageBytes - counted).toBeGreaterThan(0);
    expect(imageBytes - counted).toBeLessThan(4096);
    expect(heapAtStartBytes).toBeGreaterThan(40 * 1024);
  });
});

suite(`the build${reason}`, () => {
  test(
    'makes the same files to the byte in another folder, from nothing',
    async () => {
      const other = join(temporary, 'elsewhere');
      mkdirSync(join(other, 'build'), { recursive: true });
      mkdirSync(join(other, 'harness'));
      const isSource = (path: string): boolean => !/\/(testkit|test_\w+|[^/]*\.test\.ts)$/.test(path);
      for (const part of [
        'firmware',
        'tools/runtime',
        'tools/firmware',
        'package.json',
        'harness/register.cjs',
      ]) {
        cpSync(join(ROOT, part), join(other, part), { recursive: true, filter: isSource });
      }
      symlinkSync(join(ROOT, 'node_modules'), join(other, 'node_modules'));
      symlinkSync(join(ROOT, 'build/third-party'), join(other, 'build/third-party'));
      execFileSync(
        process.execPath,
        ['-r', './harness/register.cjs', 'tools/runtime/build.ts', '--layout', 'one-mb', '--quiet'],
        { cwd: other, timeout: BUILD_LIMIT_MS, stdio: 'pipe' },
      );
      const { folder } = await buildFirmware({ layout: 'one-mb', folder: join(temporary, 'one-mb') });
      const there = join(other, 'build/firmware/one-mb');
      const names = readdirSync(folder).sort();
      expect(readdirSync(there).sort()).toEqual(names);
      expect(names).toContain('ota_1.elf');
      for (const name of names) {
        expect({
          name,
          isSame: readFileSync(join(there, name)).equals(readFileSync(join(folder, name))),
        }).toEqual({
          name,
          isSame: true,
        });
      }
    },
    BUILD_LIMIT_MS,
  );

  test('puts a fault into its own folder, and into the image', async () => {
    const plain = await buildFirmware({ layout: 'one-mb', folder: join(temporary, 'one-mb') });
    const folder = join(temporary, 'faulty');
    const faulty = await buildFirmware({ layout: 'one-mb', fault: 'head-split-null', folder });
    expect(faulty.manifest.fault).toBe('head-split-null');
    expect(faulty.manifest.inputsSha256).not.toBe(plain.manifest.inputsSha256);
    const images = [plain, faulty].map((each) => readFileSync(join(each.folder, 'ota_0.bin')));
    expect(images[1]!.equals(images[0]!)).toBe(false);
    expect(inspectImage(images[1]!).problems).toEqual([]);
    // The tree is as it was: the plain build has nothing to compile again.
    const again = await buildFirmware({ layout: 'one-mb', folder: join(temporary, 'one-mb') });
    expect(again.manifest.inputsSha256).toBe(plain.manifest.inputsSha256);
  });

  test('names a fault that does not exist, and a layout that does not', async () => {
    await expect(buildFirmware({ layout: 'one-mb', fault: 'no-such' })).rejects.toThrow('no fault "no-such"');
    await expect(buildFirmware({ layout: 'no-such' })).rejects.toThrow('no-such.defaults');
  });
});
