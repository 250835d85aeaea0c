import { beforeAll, describe, expect, test } from '@jest/globals';
import type { NvsEntry } from '../../harness/protocol/nvs-format';
import { encodeNvs } from '../../harness/protocol/nvs-writer';
import {
  bootTargetsOf,
  chooseBootSlot,
  encodeOtaData,
  OTADATA_SECTOR_BYTES,
  parseOtaData,
  planBootSlot,
} from '../../harness/protocol/otadata';
import { parsePartitionTable } from '../../harness/protocol/partition-table';
import type { BootFiles } from './boot-board';
import { buildSystemProgram, partitionBytes, runSystemProgram, SYSTEM_DONE } from './system-programs';
import { toolsMissing } from './tool';

/* Partitions, boot slot, flash and NVS of the open runtime, on the emulated board; the harness's codecs say what is right. */
const missing = toolsMissing();
const suite = missing === undefined ? describe : describe.skip;
const reason = missing === undefined ? '' : ` (skipped: ${missing})`;
const NVS_BYTES = 0x4000;

suite.each(['one-mb', 'two-ota-2mb'])(`slots of layout %s${reason}`, (name) => {
  let files: BootFiles;
  beforeAll(async () => {
    files = await buildSystemProgram('slots', name);
  });

  /** Otadata that boots a slot, and others it may meet; each with what then runs. */
  const STATES: readonly (readonly [string, Uint8Array, number])[] = [
    ['blank', encodeOtaData(undefined, undefined), 0],
    ['sequence 1', encodeOtaData(1, undefined), 0],
    ['sequence 2', encodeOtaData(2, undefined), 1],
    ['sequence 0', encodeOtaData(0, undefined), 1],
    ['sequences 0 and 1', encodeOtaData(0, 1), 0],
    ['sequence 2 in the second sector', encodeOtaData(undefined, 2), 1],
    ['sequences 3 and 2', encodeOtaData(3, 2), 0],
    ['sequences 3 and 4', encodeOtaData(3, 4), 1],
    ['the same sequence twice', encodeOtaData(4, 4), 1],
    ['two sequences of the same slot', encodeOtaData(5, 3), 0],
    [
      'a damaged record',
      Uint8Array.from(encodeOtaData(6, 3), (byte, at) => (at === 29 ? byte ^ 1 : byte)),
      0,
    ],
    ['nothing valid', new Uint8Array(0x2000).fill(0x55), 0],
  ];

  test.each(STATES)(
    'otadata %s: the other slot is made the next to boot by the rule',
    (_what, otadata, runs) => {
      const run = runSystemProgram(files, { otadata });
      const slots = files.layout.slots;
      const text = (slot: (typeof slots)[number]): string =>
        `${slot.label} 0x${slot.flashOffset.toString(16)} 0x${slot.sizeBytes.toString(16)} 0/${slot.subtype}`;
      const [running, next] = [slots[runs]!, slots[1 - runs]!];
      expect(run.lines.filter((line) => !line.includes('esp_image'))).toEqual([
        `running ${text(running)}`,
        `next ${text(next)}`,
        `after next ${text(running)}`,
        `boot ${text(running)}`,
        `named ${text(slots[1]!)}`,
        'missing none',
        `chip 0x${files.layout.flashSizeBytes.toString(16)}`,
        'described esprig_app 1.0.0',
        'described esprig_app 1.0.0',
        'refused 0x102 0x102',
        'before set',
        'set 0x0',
        `now boots ${text(next)}`,
      ]);
      // The image was looked at, with the bootloader's lines.
      expect(run.lines.filter((line) => line.includes('esp_image: segment'))).toHaveLength(5);
      const plan = planBootSlot(parseOtaData(otadata), 1 - runs, slots.length);
      const expected = otadata.slice();
      expected.fill(0xff, plan.sector * OTADATA_SECTOR_BYTES, (plan.sector + 1) * OTADATA_SECTOR_BYTES);
      const label = otadata.slice(
        plan.sector * OTADATA_SECTOR_BYTES + 4,
        plan.sector * OTADATA_SECTOR_BYTES + 28,
      );
      expected.set(
        encodeOtaData(plan.sequence, undefined).subarray(0, 32),
        plan.sector * OTADATA_SECTOR_BYTES,
      );
      expected.set(label, plan.sector * OTADATA_SECTOR_BYTES + 4);
      expect(Buffer.from(partitionBytes(run, files, 'otadata')).equals(Buffer.from(expected))).toBe(true);
    },
  );

  test('an image that is damaged is not made the next to boot, and otadata stays', () => {
    const otadata = encodeOtaData(1, undefined);
    const damaged = files.images[1]!.slice();
    damaged[0x200]! ^= 4;
    const run = runSystemProgram({ ...files, images: [files.images[0]!, damaged] }, { otadata });
    expect(run.lines).toContain('set 0x1503');
    expect(run.lines.join('\n')).toMatch(/E \(\d+\) esp_image: Checksum failed/);
    expect(Buffer.from(partitionBytes(run, files, 'otadata')).equals(Buffer.from(otadata))).toBe(true);
  });

  test('a power cut in any of its flash operations leaves the old choice or the new one', () => {
    const { partitions } = parsePartitionTable(files.partitions);
    const targets = bootTargetsOf(partitions);
    const chosen: number[] = [];
    for (const otadata of [encodeOtaData(1, undefined), encodeOtaData(3, 2)]) {
      const run = runSystemProgram(files, { otadata }, 'before set');
      const { board } = run.board;
      const before = board.save();
      // The erase and the record, at many moments each; then one more, which never comes.
      for (const operation of [1, 2, 3]) {
        for (let seed = 1; seed <= (operation === 3 ? 1 : 24); seed += 1) {
          board.restore(before);
          board.armPowerCut({ operation, seed });
          board.runFor(1e9);
          expect(board.isPowered).toBe(operation === 3);
          const left = partitionBytes(run, files, 'otadata');
          chosen.push(chooseBootSlot(parseOtaData(left), targets).index);
        }
      }
    }
    // Never anything but the two, old where it was cut, new where nothing was left to cut.
    expect([...new Set(chosen)].sort()).toEqual([0, 1]);
    expect(chosen.filter((index) => index === 1).length).toBeGreaterThanOrEqual(2);
    expect(chosen.filter((index) => index === 0).length).toBeGreaterThanOrEqual(48);
  });
});

suite(`flash of the open runtime${reason}`, () => {
  test('is read and written at odd places and lengths, from RAM and from mapped flash, while others run', async () => {
    const files = await buildSystemProgram('flash', 'one-mb');
    const run = runSystemProgram(files);
    expect(run.lines).toEqual([
      'lengths done',
      'others ran every tick',
      'from flash 0x0',
      'beside 0x0',
      'limits 0x104 0x102 0x102 0x104 0x102',
      'chip limits 0x104 0x104 0x104',
    ]);
    const bytes = Buffer.from(partitionBytes(run, files, 'phy_init'));
    expect(bytes.subarray(0, 3).toString('hex')).toBe('ffffff');
    expect(bytes.subarray(3, 39).toString('latin1')).toBe('123456789abcdefghijklmnopqrstuvwxyzA');
    expect([...bytes.subarray(39, 46)]).toEqual([1, 8, 15, 22, 29, 0xff, 0xff]);
  });
});

suite(`the app's settings${reason}`, () => {
  test('a token that is not read for any other reason than that there is none is told apart from none', async () => {
    const files = await buildSystemProgram('app_settings', 'one-mb');
    const { lines } = runSystemProgram(files, { nvs: encodeNvs([], { sizeBytes: NVS_BYTES }) });
    expect(lines.filter((line) => /^(open|read)ing /.test(line))).toEqual([
      "opening 0x0: 1 0 'x'",
      "reading 0x0: 1 0 'x'",
      "opening 0x1102: 0 0 ''",
      "reading 0x1102: 0 0 ''",
      ...['0x110c', '0x1101', '0x10011'].flatMap((error) => [
        `opening ${error}: 0 1 ''`,
        `reading ${error}: 0 1 ''`,
      ]),
    ]);
  });
});

suite(`NVS of the open runtime${reason}`, () => {
  let files: BootFiles;
  beforeAll(async () => {
    files = await buildSystemProgram('settings', 'one-mb');
  });

  const text = (key: string, value: string, namespace = 'esprig'): NvsEntry => ({
    namespace,
    key,
    type: 'string',
    value,
  });
  const LONG = 'x'.repeat(3500);
  const ENTRIES: readonly NvsEntry[] = [
    text('ssid', 'not ours', 'other'),
    text('ssid', 'a network of 32 characters, yes!'),
    text('psk', ''),
    { namespace: 'esprig', key: 'number', type: 'u32', value: 7n },
    text('long', LONG),
    text('token', 'secret'),
  ];
  const FOUND = [
    'open 0x0',
    'others 0x1102 0x1106',
    'ssid 0x0 33 a network of 32 characters, yes! 32',
    'psk 0x0 1  0',
    'token 0x110c 7',
    'number 0x1102 33',
    `long 0x0 3501 ${'x'.repeat(40)} 3500`,
    ' 0x1102 33',
    'a key of more than 15 0x1109 33',
    'length 0x0 33',
  ];
  const run = (nvs: Uint8Array): readonly string[] => runSystemProgram(files, { nvs }, SYSTEM_DONE).lines;

  test.each([1, 2] as const)('strings of format %d are read, over several pages', (version) => {
    const nvs = encodeNvs(ENTRIES, { sizeBytes: NVS_BYTES, version });
    expect(run(nvs)).toEqual(['early 0x1101', 'init 0x0', ...FOUND]);
  });

  test('what was written later counts, and what was erased does not', () => {
    const nvs = encodeNvs([...ENTRIES, text('ssid', 'the newer one')], { sizeBytes: NVS_BYTES });
    expect(run(nvs)).toContain('ssid 0x0 14 the newer one 13');
    // The table's two bits of an entry at zero: erased. Namespace `other`, its string of two, then `esprig`, `ssid`.
    const erased = encodeNvs(ENTRIES, { sizeBytes: NVS_BYTES });
    for (const index of [4, 5, 6]) erased[32 + (index >>> 2)]! &= ~(3 << ((index & 3) * 2));
    expect(run(erased)).toContain('ssid 0x1102 33');
  });

  test('damaged entries and values are not there', () => {
    for (const at of [64 + 4 * 32 + 9, 64 + 5 * 32 + 1]) {
      const nvs = encodeNvs(ENTRIES, { sizeBytes: NVS_BYTES });
      nvs[at]! ^= 0x20;
      const lines = run(nvs);
      expect(lines.find((line) => line.startsWith('ssid'))).toMatch(/^ssid 0x1102 /);
      expect(lines).toContain('psk 0x0 1  0');
    }
  });

  test.each([
    ['erased', new Uint8Array(NVS_BYTES).fill(0xff), 'init 0x0'],
    ['filled with zeros', new Uint8Array(NVS_BYTES), 'init 0x0'],
  ])('a partition that is %s holds nothing', (_what, nvs, init) => {
    expect(run(nvs)).toEqual(['early 0x1101', init, 'open 0x1102', 'others 0x1102 0x1106']);
  });

  test('without a free page, and with a newer format, it is erased on request', () => {
    const one = encodeNvs(ENTRIES, { sizeBytes: NVS_BYTES }).subarray(0, 0x1000);
    const full = Buffer.concat([one, one, one, one]);
    const newer = encodeNvs([], { sizeBytes: NVS_BYTES });
    newer[8] = 0xfd;
    new DataView(newer.buffer).setUint32(28, crcOfHeader(newer), true);
    for (const [nvs, code] of [
      [full, '0x110d'],
      [newer, '0x1110'],
    ] as const) {
      const lines = run(nvs);
      expect(lines).toEqual([
        'early 0x1101',
        `init ${code}`,
        'erase 0x0',
        'init 0x0',
        'open 0x1102',
        'others 0x1102 0x1106',
      ]);
    }
  });
});

/** CRC of a page's header, bit by bit. */
function crcOfHeader(page: Uint8Array): number {
  let crc = 0;
  for (const byte of page.subarray(4, 28)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
