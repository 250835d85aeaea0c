import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectImage } from '../../protocol/image';
import { buildSyntheticApp, buildSyntheticBootloader } from '../../protocol/image-lab/encode';
import { IMAGE_KINDS } from '../../protocol/image-lab/kinds';
import { layoutByName, partitionOf } from '../../protocol/layouts';
import { encodeOtaData } from '../../protocol/otadata';
import { encodePartitionTable } from '../../protocol/partition-table';
import type { CommandRow } from '../commands';
import { runCommand } from '../testkit/run-command';
import * as image from './image';

const ROWS: readonly CommandRow[] = [{ name: 'image', summary: '', load: () => Promise.resolve(image) }];
const ota1 = partitionOf(layoutByName('one-mb'), 'ota_1');
let folder = '';
const path = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-image-'));
  writeFileSync(path('app.bin'), buildSyntheticApp({ slot: ota1 }));
  writeFileSync(path('page.bin'), '<!DOCTYPE html><html></html>');
  writeFileSync(path('dump.bin'), dumpWith());
});

const ERASED = new Uint8Array(0x10000).fill(0xff);

/** The flash of a board whose ota_1 is good and whose ota_0 is erased; or with something else in places of it. */
function dumpWith(...parts: readonly (readonly [number, Uint8Array])[]): Uint8Array {
  const { partitions } = layoutByName('one-mb');
  const dump = new Uint8Array(0x100000).fill(0xff);
  dump.set(buildSyntheticBootloader());
  dump.set(encodePartitionTable(partitions), 0x8000);
  dump.set(encodeOtaData(2, undefined), 0xd000);
  dump.set(buildSyntheticApp({ slot: ota1 }), ota1.offset);
  for (const [offset, bytes] of parts) dump.set(bytes, offset);
  return dump;
}

afterAll(() => rmSync(folder, { recursive: true }));

const esprig = (...args: readonly string[]) => runCommand(ROWS, ['image', ...args]);

describe('image info', () => {
  test('explains a good image and exits 0', async () => {
    const { exitCode, stdout } = await esprig('info', path('app.bin'));
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^App image \(V3\)/);
    expect(stdout).toMatch(/No complaints\.\n\nMay serve in: ota_1 of one-mb\.\n$/);
  });

  test('tells the slots of a layout, and exits 1 when none takes the image', async () => {
    expect(await esprig('info', path('app.bin'), '--layout', 'one-mb')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/yes ota_1 at 0x80000/),
    });
    // Its entry lies inside the larger slot, its code would not.
    expect(await esprig('info', path('app.bin'), '--layout', 'sdk-singleapp')).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/no {2}factory.*bad_header, segment 0.*factory maps it at 0x40210010/),
    });
    writeFileSync(
      path('odd.bin'),
      buildSyntheticApp({ slot: { label: 'x', offset: 0xf8000, sizeBytes: 0x8000 } }),
    );
    expect(await esprig('info', path('odd.bin'), '--layout', 'one-mb')).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/no {2}ota_0.*wrong_slot/),
    });
  });

  test('exits 1 for an image with a fault and names the place', async () => {
    const bytes = new Uint8Array(readFileSync(path('app.bin')));
    bytes[0x100] = bytes[0x100]! ^ 1;
    writeFileSync(path('bad.bin'), bytes);
    const { exitCode, stdout } = await esprig('info', path('bad.bin'));
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/Complaints\n {2}at 0x[0-9a-f]+: checksum byte is 0x/);
  });

  test('exits 2 for what is no image, and says what it looks like', async () => {
    const { exitCode, stderr } = await esprig('info', path('page.bin'));
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/page\.bin is no ESP8266 image: first byte is 0x3c, not 0xe9/);
    expect(stderr).toMatch(/hint: It looks like an HTML page/);
    expect(stderr).toMatch(/ESPRIG_IMAGE_BAD/);
    writeFileSync(path('start.bin'), readFileSync(path('app.bin')).subarray(0, 6));
    const start = await esprig('info', path('start.bin'));
    expect(start.exitCode).toBe(2);
    expect(start.stderr).toMatch(/start\.bin is no ESP8266 image: 6 bytes, a header has 8/);
    expect(start.stderr).toMatch(/hint: It looks like the beginning of an ESP8266 image\./);
  });

  test('exits 2 for a file that is not there and for a folder', async () => {
    expect(await esprig('info', path('none.bin'))).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/none\.bin cannot be read: there is no such file/),
    });
    expect(await esprig('info', folder)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/it is a folder/),
    });
    expect(await esprig('info', path('app.bin'), '--layout', 'huge')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/no layout "huge"[\s\S]*one-mb/),
    });
  });

  test('takes a dump of a whole flash apart', async () => {
    const { exitCode, stdout } = await esprig('info', path('dump.bin'));
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Dump of a whole flash/);
    expect(stdout).toMatch(/\nboots: ota_1\n/);
    expect(stdout).toMatch(/ota_0 at 0x10000\n {2}erased/);
  });

  test.each([
    [
      'nothing boots',
      () => dumpWith([ota1.offset, ERASED]),
      /boots: nothing \("No bootable app partitions/,
      { bootProblem: 'No bootable app partitions in the partition table' },
    ],
    [
      'its table is for a larger chip',
      () =>
        dumpWith(
          [0x8000, encodePartitionTable(layoutByName('two-ota-2mb').partitions)],
          [ota1.offset, ERASED],
        ),
      /Complaints\n {2}partition 4 invalid[\s\S]*boots: nothing \("partition 4 invalid/,
      { tableComplaints: [expect.stringMatching(/^partition 4 invalid/)], apps: [{}, {}] },
    ],
    [
      'its table has something that a build refuses',
      () =>
        dumpWith([
          0x8000,
          encodePartitionTable([
            ...layoutByName('one-mb').partitions,
            { ...ota1, offset: 0xf0000, sizeBytes: 0x10000, subtype: 0x12 },
          ]),
        ]),
      /Complaints\n {2}ota_1: the label of 2 partitions[\s\S]*boots: ota_1\n/,
      { bootPartition: { label: 'ota_1' } },
    ],
    [
      'an app is linked for another slot',
      () => dumpWith([0x10000, buildSyntheticApp({ slot: ota1 })]),
      /boots: ota_1\n[\s\S]*linked for a slot at 0x80000, not for 0x10000/,
      { apps: [{ complaint: expect.stringMatching(/^linked for/) }, {}] },
    ],
  ])('exits 1 for a dump where %s', async (_what, dump, text, value) => {
    writeFileSync(path('bad-dump.bin'), dump());
    expect(await esprig('info', path('bad-dump.bin'))).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(text),
    });
    const { exitCode, stdout } = await esprig('info', path('bad-dump.bin'), '--json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject(value);
  });

  test('says what a dump tries first where that is not what boots', async () => {
    writeFileSync(path('other.bin'), dumpWith([0xd000, encodeOtaData(1, undefined)]));
    expect(await esprig('info', path('other.bin'))).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(
        /\ntries ota_0 first, boots ota_1\n {2}not ota_0: image at 0x10000 has invalid magic byte\n/,
      ),
    });
    expect(JSON.parse((await esprig('info', path('other.bin'), '--json')).stdout)).toMatchObject({
      boot: { first: { label: 'ota_0' }, refused: [{ why: 'image at 0x10000 has invalid magic byte' }] },
      bootPartition: { label: 'ota_1' },
    });
  });

  test('gives one JSON value to scripts', async () => {
    const app = JSON.parse(
      (await esprig('info', path('app.bin'), '--json', '--layout', 'one-mb')).stdout,
    ) as {
      kind: string;
      linkedOffset: number;
      slots: { label: string; ok: boolean; error?: string }[];
    };
    expect(app).toMatchObject({ kind: 'app', linkedOffset: 0x80000, problems: [], sha256: { ok: true } });
    expect(app.slots).toMatchObject([
      { label: 'ota_0', ok: false, error: 'wrong_slot' },
      { label: 'ota_1', ok: true },
    ]);
    const page = await esprig('info', path('page.bin'), '--json');
    expect(page.exitCode).toBe(2);
    expect(JSON.parse(page.stdout)).toMatchObject({ kind: 'not-an-image', looksLike: { name: 'html' } });
    expect(JSON.parse((await esprig('info', path('dump.bin'), '--json')).stdout)).toMatchObject({
      kind: 'flash-dump',
    });
  });
});

describe('image make', () => {
  test('names layout and slot that it chose by itself, where the kind cannot be made for them', async () => {
    const ota0 = partitionOf(layoutByName('one-mb'), 'ota_0');
    writeFileSync(path('ota_0.bin'), buildSyntheticApp({ slot: ota0 }));
    const args = ['make', 'other-slot', path('ota_0.bin'), '--slot', 'ota_1', '-o', path('made.bin')];
    const { exitCode, stderr } = await esprig(...args);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/share one window/);
    expect(stderr).toMatch(/for ota_1 of two-ota-2mb, the first that takes .*; --layout names another/);
  });

  test('finds the slot of the image by itself, writes the file and says what to expect', async () => {
    const out = path('made.bin');
    const { exitCode, stdout } = await esprig('make', 'other-slot', path('app.bin'), '-o', out);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/for ota_1 of one-mb the device answers: wrong_slot, before anything is erased/);
    expect(inspectImage(new Uint8Array(readFileSync(out)))).toMatchObject({
      problems: [],
      linkedOffset: 0x10000,
    });
  });

  test('takes a place and a seed, and tells scripts all of it', async () => {
    const out = path('bit.bin');
    const place = await esprig('make', 'bit-at', path('app.bin'), '-o', out, '--at', '0x803', '--json');
    expect(JSON.parse(place.stdout)).toEqual({
      file: out,
      kind: 'bit-at',
      bytes: readFileSync(path('app.bin')).length,
      layout: 'one-mb',
      slot: 'ota_1',
      expected: { error: 'bad_checksum', moment: 'verification' },
      detail: expect.stringMatching(/checksum/),
      boot: 'refused',
      note: 'bit 3 of byte 0x100',
    });
    const noteOf = async (seed: string) => {
      const made = await esprig('make', 'bit-in-code', path('app.bin'), '-o', out, '--seed', seed, '--json');
      return (JSON.parse(made.stdout) as { note: string }).note;
    };
    expect(await noteOf('3')).toBe(await noteOf('3'));
    expect(await noteOf('3')).not.toBe(await noteOf('4'));
  });

  test.each([
    ['an unknown kind', ['make', 'nonsense', 'app.bin', '-o', 'x.bin'], /no kind of image "nonsense"/],
    [
      'a file that is no image',
      ['make', 'empty', 'page.bin', '-o', 'x.bin'],
      /page\.bin is good for no slot.*0x3c[\s\S]*HTML/,
    ],
    [
      'a slot the image is not for',
      ['make', 'empty', 'app.bin', '-o', 'x.bin', '--layout', 'one-mb', '--slot', 'ota_0'],
      /not good for ota_0 itself: wrong_slot/,
    ],
    [
      'a slot that is not there',
      ['make', 'empty', 'app.bin', '-o', 'x.bin', '--layout', 'one-mb', '--slot', 'app1'],
      /good for no slot of layout one-mb/,
    ],
    [
      'a place out of range',
      ['make', 'cut-at', 'app.bin', '-o', 'x.bin', '--at', '99999999'],
      /does not exist/,
    ],
    [
      'a place that is no number',
      ['make', 'cut-at', 'app.bin', '-o', 'x.bin', '--at', 'here'],
      /--at: 'here' is no whole number/,
    ],
    ['no output', ['make', 'empty', 'app.bin'], /--output/],
    [
      'a folder that is not there',
      ['make', 'empty', 'app.bin', '-o', 'no/such/x.bin'],
      /cannot be written: there is no such file or folder/,
    ],
  ])('exits 2 for %s', async (_what, args, message) => {
    const { exitCode, stderr } = await esprig(...args.map((arg) => (arg.endsWith('.bin') ? path(arg) : arg)));
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe('image kinds', () => {
  test('lists every kind with the answer to it', async () => {
    const { exitCode, stdout } = await esprig('kinds');
    expect(exitCode).toBe(0);
    for (const { name, text } of IMAGE_KINDS) {
      const line = stdout.split('\n').find((each) => each.startsWith(`  ${name} `));
      expect(line).toContain(text);
    }
    expect(stdout).toMatch(/magic-zero +bad_magic \(early\) +first byte 0x00/);
  });

  test('gives one JSON value a kind', async () => {
    const { stdout } = await esprig('kinds', '--json');
    const kinds = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(kinds).toEqual(JSON.parse(JSON.stringify(IMAGE_KINDS)));
  });
});
