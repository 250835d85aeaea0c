import { describe, expect, test } from '@jest/globals';
import { toHex } from '../core/bytes';
import { LAYOUTS, layoutByName, partitionOf } from './layouts';
import { formatPartitionCsv, parsePartitionCsv } from './partition-csv';
import {
  appSlots,
  encodePartitionTable,
  otaIndexOf,
  otaSlots,
  parsePartitionTable,
  partitionUsage,
  verifyPartitions,
  type Partition,
} from './partition-table';

const oneMb = layoutByName('one-mb').partitions;

describe('a table', () => {
  const bytes = encodePartitionTable(oneMb);

  test('is 0xC00 bytes, rows of 32, erased behind them', () => {
    expect(bytes).toHaveLength(0xc00);
    expect(toHex(bytes.subarray(0, 32))).toBe(
      'aa50010200900000004000006e767300000000000000000000000000' + '00000000',
    );
    expect(toHex(bytes.subarray(3 * 32, 3 * 32 + 12))).toBe('aa5000100000010000000700');
    expect(bytes.subarray(5 * 32).every((byte) => byte === 0xff)).toBe(true);
  });

  test.each(LAYOUTS.map((layout) => [layout.name, layout] as const))(
    '%s survives bytes and CSV',
    (_name, layout) => {
      expect(parsePartitionTable(encodePartitionTable(layout.partitions))).toEqual({
        partitions: layout.partitions,
        md5: undefined,
      });
      expect(parsePartitionCsv(formatPartitionCsv(layout.partitions))).toEqual(layout.partitions);
    },
  );

  test('may carry a label of sixteen characters without a NUL', () => {
    const row: Partition = { ...oneMb[0]!, label: 'abcdefghijklmnop' };
    expect(parsePartitionTable(encodePartitionTable([row])).partitions).toEqual([row]);
    expect(() => encodePartitionTable([{ ...row, label: 'abcdefghijklmnopq' }])).toThrow(/longer than 16/);
  });

  test('keeps the encrypted flag', () => {
    const row: Partition = { ...oneMb[0]!, isEncrypted: true };
    expect(parsePartitionTable(encodePartitionTable([row])).partitions).toEqual([row]);
    expect(parsePartitionCsv(formatPartitionCsv([row]))).toEqual([row]);
  });

  test('with a digest row gives the digest and the rows', () => {
    const withMd5 = bytes.slice();
    withMd5.set([0xeb, 0xeb, ...new Uint8Array(14).fill(0xff), ...new Uint8Array(16).fill(0x5a)], 5 * 32);
    expect(parsePartitionTable(withMd5)).toEqual({ partitions: oneMb, md5: new Uint8Array(16).fill(0x5a) });
  });

  test('is refused in the words of the bootloader', () => {
    const broken = bytes.slice();
    broken[32] = 0xab;
    expect(() => parsePartitionTable(broken)).toThrow(
      expect.objectContaining({
        code: 'ESPRIG_PARTITIONS_BAD',
        message: 'partition 1 invalid magic number 0x50ab',
      }),
    );
    const full = new Uint8Array(0xc00);
    for (let row = 0; row < 96; row += 1) full.set(bytes.subarray(0, 32), row * 32);
    expect(() => parsePartitionTable(full)).toThrow(/no terminating entry/);
    expect(() => parsePartitionTable(bytes.subarray(0, 64))).toThrow(/no terminating entry/);
    // A terminator behind the last row that there may be does not count, and one of two bytes is none.
    const beyond = new Uint8Array(97 * 32).fill(0xff);
    beyond.set(full);
    expect(() => parsePartitionTable(beyond)).toThrow(/no terminating entry/);
    for (const at of [2, 3]) {
      const half = bytes.slice();
      half[5 * 32 + at] = 0;
      expect(() => parsePartitionTable(half)).toThrow('partition 5 invalid magic number 0xffff');
    }
    expect(parsePartitionTable(bytes.subarray(0, 6 * 32)).partitions).toEqual(oneMb);
    expect(() => parsePartitionTable(bytes.subarray(0, 6 * 32 - 1))).toThrow(
      expect.objectContaining({ details: { offset: 6 * 32 - 1 } }),
    );
    expect(() => encodePartitionTable(new Array<Partition>(96).fill(oneMb[0]!))).toThrow(/at most 95/);
  });
});

describe('the layouts', () => {
  test.each(LAYOUTS.map((layout) => [layout.name, layout] as const))(
    '%s has nothing to complain about',
    (_name, layout) => {
      expect(verifyPartitions(layout.partitions, layout.flashBytes)).toEqual([]);
    },
  );

  test('have the slots that the design names', () => {
    const slots = (name: string) =>
      otaSlots(layoutByName(name).partitions).map(({ offset, sizeBytes }) => [offset, sizeBytes]);
    expect(slots('one-mb')).toEqual([
      [0x10000, 448 * 1024],
      [0x80000, 448 * 1024],
    ]);
    expect(slots('two-ota-2mb')).toEqual([
      [0x10000, 0xf0000],
      [0x110000, 0xf0000],
    ]);
    expect(appSlots(layoutByName('sdk-singleapp').partitions)).toHaveLength(1);
  });

  test('are asked for by name, and a wrong name names them', () => {
    expect(() => layoutByName('three-mb')).toThrow(
      expect.objectContaining({
        code: 'ESPRIG_USAGE',
        message: 'no layout "three-mb"',
        hint: expect.stringContaining('one-mb, two-ota-2mb'),
      }),
    );
    expect(() => partitionOf(layoutByName('one-mb'), 'app1')).toThrow(
      expect.objectContaining({
        code: 'ESPRIG_USAGE',
        message: 'layout one-mb has no partition "app1"',
        hint: 'Its partitions: nvs, otadata, phy_init, ota_0, ota_1.',
      }),
    );
  });
});

describe('what a table can have wrong', () => {
  const at = (offset: number, sizeBytes: number, type = 1, label = 'x'): Partition => ({
    label,
    type,
    subtype: type === 0 ? 0x10 : 0x82,
    offset,
    sizeBytes,
    isEncrypted: false,
  });

  test.each([
    [
      'beyond the chip',
      at(0xff000, 0x2000),
      /^partition 0 invalid - offset 0xff000 size 0x2000 exceeds flash chip size 0x100000$/,
    ],
    ['over the table itself', at(0x8000, 0x1000), /^x at 0x8000 lies over partition table/],
    ['an app off its sector', at(0x10800, 0x1000, 0), /^x: offset 0x10800 is no multiple of 0x1000$/],
    ['data off its sector', at(0x9100, 0x1000), /no multiple of 0x1000/],
    ['a size off its sector', at(0x9000, 0x1010), /not made of sectors/],
  ])('%s', (_what, partition, message) => {
    expect(verifyPartitions([partition], 0x100000)[0]).toMatch(message);
  });

  test('an app across a 1 MiB boundary, and two partitions over each other', () => {
    expect(verifyPartitions([at(0xf0000, 0x20000, 0)], 0x200000)).toEqual([
      expect.stringContaining('1 MiB boundary'),
    ]);
    expect(verifyPartitions([at(0x20000, 0x2000), at(0x21000, 0x1000, 1, 'y')], 0x100000)).toEqual([
      'y at 0x21000 lies over x, which ends at 0x22000',
    ]);
  });

  test('one that lies over several is named with each of them', () => {
    const wide = { ...at(0x20000, 0x40000), label: 'wide' };
    const [first, second] = [at(0x30000, 0x1000), at(0x40000, 0x1000, 1, 'y')];
    expect(verifyPartitions([first, second, wide], 0x100000)).toEqual([
      'x at 0x30000 lies over wide, which ends at 0x60000',
      'y at 0x40000 lies over wide, which ends at 0x60000',
    ]);
  });

  test('a partition that ends with the chip is fine, and so are rows in any order', () => {
    expect(verifyPartitions([at(0xff000, 0x1000)], 0x100000)).toEqual([]);
    expect(
      verifyPartitions(
        [at(0x22000, 0x1000), at(0x20000, 0x2000, 1, 'y'), at(0xa000, 0x1000, 1, 'z')],
        0x100000,
      ),
    ).toEqual([]);
    expect(verifyPartitions([at(0x21000, 0x1000), at(0x20000, 0x2000, 1, 'y')], 0x100000)).toEqual([
      'x at 0x21000 lies over y, which ends at 0x22000',
    ]);
  });

  test('an app need not begin with 64 KiB: the cache maps the whole MiB around it', () => {
    expect(verifyPartitions([at(0x85000, 0x75000, 0)], 0x100000)).toEqual([]);
  });

  test('slots that the bootloader never tries: it counts them, and counts from 0', () => {
    const ota = (n: number, offset: number): Partition => ({
      ...at(offset, 0x1000, 0, `ota_${n}`),
      subtype: 0x10 + n,
    });
    expect(verifyPartitions([ota(1, 0x30000), ota(0, 0x20000)], 0x100000)).toEqual([]);
    expect(verifyPartitions([ota(0, 0x20000), ota(2, 0x30000)], 0x100000)).toEqual([
      'ota_2: OTA slot 2 of 2, counted from 0: the bootloader never tries it',
    ]);
  });

  test('a label that is used twice is named once, behind what the bootloader refuses', () => {
    const rows = [at(0x20000, 0x1000), at(0x21000, 0x1000), at(0x22000, 0x1000), at(0x23000, 0x1000, 1, 'y')];
    expect(verifyPartitions(rows, 0x100000)).toEqual(['x: the label of 3 partitions, each needs its own']);
    expect(verifyPartitions(rows.slice(0, 2), 0x21000)).toEqual([
      expect.stringMatching(/^partition 1 invalid/),
      'x: the label of 2 partitions, each needs its own',
    ]);
  });

  test('only apps are mapped: data may cross a 1 MiB boundary', () => {
    expect(verifyPartitions([at(0xf0000, 0x20000)], 0x200000)).toEqual([]);
  });
});

test('slots come by their number, whatever the order of the rows, and other apps are none', () => {
  const app = (subtype: number): Partition => ({ ...oneMb[3]!, subtype, label: subtype.toString(16) });
  const rows = [
    app(0x1f),
    app(0x20),
    app(0x11),
    { ...oneMb[0]!, type: 1, subtype: 0x12 },
    app(0x00),
    app(0x10),
  ];
  expect(otaSlots(rows).map(({ label }) => label)).toEqual(['10', '11', '1f']);
});

describe('rows in words', () => {
  test.each([
    [0, 0x00, 'factory app', undefined],
    [0, 0x10, 'OTA app', 0],
    [0, 0x1f, 'OTA app', 15],
    [0, 0x20, 'test app', undefined],
    [0, 0x21, 'Unknown app', undefined],
    [1, 0x00, 'OTA data', undefined],
    [1, 0x01, 'RF data', undefined],
    [1, 0x02, 'WiFi data', undefined],
    [1, 0x82, 'Unknown data', undefined],
    [0x40, 0x00, 'unknown', undefined],
  ])('type %i subtype %i is "%s"', (type, subtype, usage, index) => {
    const row = { ...oneMb[0]!, type, subtype };
    expect(partitionUsage(row)).toBe(usage);
    expect(otaIndexOf(row)).toBe(index);
  });
});

describe('CSV', () => {
  const only = (line: string): Partition => {
    const [row, ...more] = parsePartitionCsv(line);
    expect(more).toEqual([]);
    return row!;
  };

  test('begins behind the table where a first row says no offset, apps at their next sector', () => {
    expect(only('a, data, nvs, , 4K').offset).toBe(0x9000);
    expect(only('a, app, factory, , 4K').offset).toBe(0x9000);
    const offsets = (...rows: readonly string[]) =>
      parsePartitionCsv(rows.join('\n')).map(({ offset }) => offset);
    expect(offsets('a, app, ota_0, 0x10000, 0x75000', 'b, app, ota_1, , 0x75000')).toEqual([
      0x10000, 0x85000,
    ]);
    expect(offsets('a, data, nvs, 0x9000, 0x11', 'b, data, 0x80, , 3', 'c, app, ota_0, , 4K')).toEqual([
      0x9000, 0x9014, 0xa000,
    ]);
  });

  test('takes a size below zero as "up to this address"', () => {
    expect(only('a, app, ota_1, 0x80000, -0x100000').sizeBytes).toBe(0x80000);
    expect(only('a, app, ota_1, 0x80000, -1M').sizeBytes).toBe(0x80000);
    const rows = parsePartitionCsv(
      'a, data, nvs, 0x9000, 28K\nb, app, factory, , -0x100000\nc, data, fat, , 4K',
    );
    expect(rows.map(({ offset, sizeBytes }) => [offset, sizeBytes])).toEqual([
      [0x9000, 0x7000],
      [0x10000, 0xf0000],
      [0x100000, 0x1000],
    ]);
  });

  test('takes names of types and subtypes in any case', () => {
    expect(only('a, App, OTA_1, 0X10000, 4k')).toMatchObject({ type: 0, subtype: 0x11, offset: 0x10000 });
    expect(only('A, DATA, Nvs, 0x9000, 4K')).toMatchObject({ label: 'A', type: 1, subtype: 2 });
  });

  test('takes the largest of everything', () => {
    expect(only('abcdefghijklmnop, 0xfe, 255, 0xffffffff, 4294967295')).toEqual({
      label: 'abcdefghijklmnop',
      ...{ type: 254, subtype: 255, offset: 0xffffffff, sizeBytes: 0xffffffff, isEncrypted: false },
    });
  });

  test.each(['# only a remark', '   # an indented one', '\t', 'x, 0x40, , , 1m # no subtype: 0'])(
    '%j is no mistake',
    (line) => {
      const rows = parsePartitionCsv(line).map(({ type, subtype, sizeBytes }) => [type, subtype, sizeBytes]);
      expect(rows).toEqual(line.startsWith('x') ? [[0x40, 0, 0x100000]] : []);
    },
  );

  test('writes numbers where there are no names', () => {
    const row = { label: 'x', offset: 0x9000, sizeBytes: 0x1000, isEncrypted: false };
    expect(
      formatPartitionCsv([
        { ...row, type: 1, subtype: 0x7f },
        { ...row, type: 0x40, subtype: 2 },
      ]),
    ).toBe(
      '# Name, Type, SubType, Offset, Size, Flags\nx, data, 0x7f, 0x9000, 0x1000\nx, 0x40, 0x02, 0x9000, 0x1000\n',
    );
  });

  test('understands comments, units, names, numbers and missing offsets', () => {
    const rows = parsePartitionCsv(
      [
        '# Name, Type, SubType, Offset, Size, Flags',
        'nvs,      data, nvs,     0x9000,  16K   # remark',
        '',
        'otadata,  1,    ota,     ,        0x2000,',
        'phy_init, data, phy,     ,        4096, encrypted',
        'ota_0,    app,  ota_0,   ,        448K',
        'mine,     0x40, ,        ,        1M\r',
      ].join('\n'),
    );
    expect(
      rows.map(({ offset, sizeBytes, type, subtype, isEncrypted }) => [
        offset,
        sizeBytes,
        type,
        subtype,
        isEncrypted,
      ]),
    ).toEqual([
      [0x9000, 0x4000, 1, 2, false],
      [0xd000, 0x2000, 1, 0, false],
      [0xf000, 0x1000, 1, 1, true],
      [0x10000, 0x70000, 0, 0x10, false],
      [0x80000, 0x100000, 0x40, 0, false],
    ]);
  });

  test.each([
    ['a, data, nvs', /line 2: 3 columns/],
    ['a, dat, nvs, 0x9000, 4K', /line 2: unknown type "dat"/],
    ['a, data, nvx, 0x9000, 4K', /line 2: unknown subtype "nvx"/],
    ['a, data, nvs, here, 4K', /line 2: offset "here" is no number/],
    ['a, data, nvs, 0x9000, 4Q', /line 2: size "4Q" is no number/],
    ['a, data, nvs, 0x9000, 4K, secret', /line 2: unknown flag "secret"/],
    [', data, nvs, 0x9000, 4K', /line 2: label/],
    ['abcdefghijklmnopq, data, nvs, 0x9000, 4K', /line 2: label "abcdefghijklmnopq"/],
    ['a, data, nvs, 0x9000', /line 2: 4 columns/],
    ['a, 255, 0, 0x9000, 4K', /line 2: unknown type "255"/],
    ['a, , 0, 0x9000, 4K', /line 2: unknown type ""/],
    ['a, data, , 0x9000, 4K', /line 2: unknown subtype ""/],
    ['a, app, , 0x10000, 4K', /line 2: unknown subtype ""/],
    ['a, app, nvs, 0x10000, 4K', /line 2: unknown subtype "nvs"/],
    ['a, data, 256, 0x9000, 4K', /line 2: unknown subtype "256"/],
    ['a, data, nvs, 0x9000, x4K', /line 2: size "x4K" is no number/],
    ['a, data, nvs, 0x9000, 4Kx', /line 2: size "4Kx" is no number/],
    ['a, data, nvs, 0x9000, 4096M', /line 2: size "4096M" is no number/],
    ['a, data, nvs, 0x9000,', /line 2: size "" is no number/],
    ['a, data, nvs, 0x9000, --4K', /line 2: size "--4K" is no number/],
    ['a, data, nvs, -0x9000, 4K', /line 2: offset "-0x9000" is no number/],
    ['a, data, nvs, 0x9000, -0x8000', /line 2: size "-0x8000" ends at 0x8000, the offset is 0x9000/],
    ['a, data, nvs, 0x9000, -0x9000', /line 2: size "-0x9000" ends at 0x9000, the offset is 0x9000/],
    ['a, data, nvs, 0x9000, 4K, ENCRYPTED', /line 2: unknown flag "ENCRYPTED"/],
  ])('%s is refused with its line', (line, message) => {
    expect(() => parsePartitionCsv(`# head\n${line}\n`)).toThrow(message);
    expect(() => parsePartitionCsv(`# head\n${line}\n`)).toThrow(
      expect.objectContaining({ code: 'ESPRIG_PARTITIONS_BAD', blame: 'case' }),
    );
  });
});
