import { describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { concatBytes, toHex, writeU32LE } from '../core/bytes';
import { checkAsBootloader, loadAsRom } from './bootloader-check';
import { buildSyntheticApp, buildSyntheticBootloader, encodeImage } from './image-lab/encode';
import { makeImage } from './image-lab/make';
import { inspectImage, parseHeader } from './image';
import { explainImage } from './image-explain';
import { layoutByName, partitionOf } from './layouts';
import { recognise } from './looks-like';
import { fromLatin1 } from './bytes';

const ota0 = partitionOf(layoutByName('one-mb'), 'ota_0');
const ota1 = partitionOf(layoutByName('one-mb'), 'ota_1');
const app = buildSyntheticApp({ slot: ota1, seed: 9 });

describe('an app image', () => {
  const info = inspectImage(app);

  test('has its header, five segments and nothing to complain about', () => {
    expect(info).toMatchObject({ kind: 'app', fileBytes: app.length, imageBytes: app.length, problems: [] });
    expect(info.header).toEqual({
      magic: 0xe9,
      segmentCount: 5,
      spiMode: 2,
      spiSpeed: 0,
      sizeNibble: 0,
      entryAddr: 0x40280150,
    });
    expect(
      info.segments.map(({ loadAddr, sizeBytes, dataOffset, region }) => [
        loadAddr,
        sizeBytes,
        dataOffset,
        region,
      ]),
    ).toEqual([
      [0x40280010, 0x3400, 0x10, 'flash'],
      [0x40283410, 0x900, 0x3418, 'flash'],
      [0x3ffe8000, 0x204, 0x3d20, 'dram'],
      [0x40100000, 0x80, 0x3f2c, 'iram'],
      [0x40100080, 0x510, 0x3fb4, 'iram'],
    ]);
  });

  test('shows rodata eight bytes behind its load address, and everything else at it', () => {
    expect(info.segments.map(({ virtualAddr, loadAddr }) => virtualAddr - loadAddr)).toEqual([0, 8, 0, 0, 0]);
    expect(info.linkedOffset).toBe(0x80000);
  });

  test('carries the XOR of its data and a SHA-256 that an independent hash confirms', () => {
    const { checksum, sha256, segments } = info;
    let sum = 0xef;
    for (const { dataOffset, sizeBytes } of segments) {
      for (let at = dataOffset; at < dataOffset + sizeBytes; at += 1) sum ^= app[at]!;
    }
    expect(checksum).toEqual({ offset: app.length - 33, stored: sum, calculated: sum });
    const digest = createHash('sha256')
      .update(app.subarray(0, app.length - 32))
      .digest('hex');
    expect(sha256).toEqual({ offset: app.length - 32, stored: digest, calculated: digest, ok: true });
    expect((app.length - 33) % 16).toBe(15);
  });

  test.each([
    ['text', 0x10],
    ['rodata', 0x3418],
  ] as const)('has its descriptor in %s', (placement, offset) => {
    const image = buildSyntheticApp({
      slot: ota0,
      descriptor: placement,
      descriptorFields: { project: 'sse', version: 'v7' },
    });
    expect(inspectImage(image).descriptor).toEqual({
      offset,
      placement,
      version: 'v7',
      project: 'sse',
      time: '12:34:56',
      date: 'Jan  1 2026',
      idfVersion: 'v3.4-synthetic',
      secureVersion: 0,
      elfSha256: '00'.repeat(32),
    });
  });

  test('has no descriptor when there is none', () => {
    expect(inspectImage(buildSyntheticApp({ slot: ota0, descriptor: 'none' })).descriptor).toBeUndefined();
  });

  test('tells what follows its end', () => {
    const padded = concatBytes([app, new Uint8Array(100).fill(0xff)]);
    expect(inspectImage(padded)).toMatchObject({
      imageBytes: app.length,
      trailing: { sizeBytes: 100, fill: 0xff },
      problems: [{ code: 'trailing-bytes', offset: app.length }],
    });
  });
});

describe('an app whose first segment is for RAM', () => {
  test('is complained of: nothing copies that one', () => {
    const { bytes } = makeImage('segment-ram-first', { good: app, slot: ota1 });
    expect(inspectImage(bytes)).toMatchObject({
      kind: 'app',
      problems: [
        {
          ...{ code: 'segment-first', offset: 8 },
          text: 'segment 0 (0x3ffe8000 + 0xf8) comes first and is for RAM: an app copies only those behind it',
        },
      ],
    });
  });
});

describe('a RAM image', () => {
  const image = buildSyntheticBootloader(4);

  test('ends with its checksum, without a SHA-256', () => {
    const info = inspectImage(image);
    expect(info).toMatchObject({ kind: 'ram', sha256: undefined, imageBytes: image.length, problems: [] });
    expect(info.linkedOffset).toBeUndefined();
  });

  test('is read up to its end when the flash behind it is zero or erased', () => {
    for (const fill of [0x00, 0xff]) {
      const padded = new Uint8Array(0x8000).fill(fill);
      padded.set(image);
      expect(inspectImage(padded)).toMatchObject({ imageBytes: image.length, trailing: { fill } });
    }
  });
});

describe('the boot ROM', () => {
  /** Lengths of a bootloader whose load lines were measured: room and tail follow from them (chip.md 5.2). */
  const measured = encodeImage({
    entryAddr: 0x40100274,
    hasSha256: false,
    segments: [
      { loadAddr: 0x40100000, data: new Uint8Array(5860).fill(0x8d, 0, 1) },
      { loadAddr: 0x3ffe8008, data: new Uint8Array(24).fill(0x62 ^ 0xdb, 0, 1) },
      { loadAddr: 0x3ffe8020, data: new Uint8Array(3324).fill(0xdb ^ 0xa8, 0, 1) },
    ],
  });

  test('prints load, tail and checksum lines as measured', () => {
    expect(loadAsRom(measured)).toEqual({
      ok: true,
      entryAddr: 0x40100274,
      lines: [
        'load 0x40100000, len 5860, room 16 ',
        'tail 4',
        'chksum 0x62',
        'load 0x3ffe8008, len 24, room 4 ',
        'tail 4',
        'chksum 0xdb',
        'load 0x3ffe8020, len 3324, room 4 ',
        'tail 8',
        'chksum 0xa8',
        'csum 0xa8',
      ],
    });
  });

  test('says csum err to one changed byte', () => {
    const bytes = measured.slice();
    bytes[0x100] = bytes[0x100]! ^ 1;
    const { ok, lines } = loadAsRom(bytes);
    expect([ok, lines.at(-1)]).toEqual([false, 'csum err']);
  });

  test('loads nothing without the magic or beyond the end', () => {
    const nothing = { ok: false, lines: [], entryAddr: undefined };
    expect(loadAsRom(new Uint8Array(64).fill(0xff))).toEqual(nothing);
    expect(loadAsRom(measured.slice(0, 100))).toEqual(nothing);
    const noMagic = measured.slice();
    noMagic[0] = 0xea;
    expect(loadAsRom(noMagic)).toEqual(nothing);
    expect(loadAsRom(measured.slice(0, 15))).toEqual(nothing);
    expect(loadAsRom(Uint8Array.of(0xe9, 1, 2, 0, ...new Uint8Array(3)))).toEqual(nothing);
    // The end lies in the second segment's header, then in its data.
    const second = 16 + 5860;
    for (const end of [second + 7, second + 8]) {
      expect(loadAsRom(measured.slice(0, end))).toMatchObject({ ok: false, entryAddr: undefined });
      expect(loadAsRom(measured.slice(0, end)).lines).toHaveLength(3);
    }
  });

  test('takes an image of no segments, and one whose last segment ends the file', () => {
    const none = encodeImage({ entryAddr: 0x40100004, segments: [], hasSha256: false });
    expect(loadAsRom(none)).toEqual({ ok: true, lines: ['csum 0xef'], entryAddr: 0x40100004 });
    const data = new Uint8Array(8);
    const whole = encodeImage({
      entryAddr: 0,
      segments: [{ loadAddr: 0x3ffe8000, data }],
      hasSha256: false,
    });
    expect(loadAsRom(whole.slice(0, 24))).toMatchObject({ ok: false });
    expect(loadAsRom(whole.slice(0, 24)).lines).toContain('csum err');
  });
});

describe('the second-stage bootloader', () => {
  test('prints a line for each segment of a good app', () => {
    expect(checkAsBootloader(app, ota1)).toEqual({
      ok: true,
      lines: [
        'segment 0: paddr=0x00080010 vaddr=0x40280010 size=0x03400 ( 13312) map',
        'segment 1: paddr=0x00083418 vaddr=0x40283410 size=0x00900 (  2304) map',
        'segment 2: paddr=0x00083d20 vaddr=0x3ffe8000 size=0x00204 (   516) load',
        'segment 3: paddr=0x00083f2c vaddr=0x40100000 size=0x00080 (   128) load',
        'segment 4: paddr=0x00083fb4 vaddr=0x40100080 size=0x00510 (  1296) load',
      ],
    });
  });

  test('does not look at the SHA-256, nor at the slot an app is linked for', () => {
    const bytes = app.slice();
    bytes.fill(0, bytes.length - 32);
    expect(checkAsBootloader(bytes, ota0).ok).toBe(true);
  });

  test.each([
    ['erased flash', new Uint8Array(0), /invalid magic byte/],
    [
      'a bad checksum',
      app.map((byte, at) => (at === 0x200 ? byte ^ 1 : byte)),
      /^Checksum failed\. Calculated 0x/,
    ],
    ['a cut image', app.slice(0, 0x3000), /unaligned segment length 0xffffffff/],
    ['too many segments', Uint8Array.of(0xe9, 17, 2, 0, 0, 0, 0, 0), /segment count 17 exceeds max 16/],
  ])('refuses %s and says so', (_what, bytes, message) => {
    const verdict = checkAsBootloader(bytes, ota1);
    expect(verdict.ok).toBe(false);
    expect(verdict.lines.at(-1)).toMatch(message);
  });

  test.each([
    [0x40200000, 'map'],
    [0x402ffffc, 'map'],
    [0x401ffffc, 'load'],
    [0x40300000, 'load'],
  ])('calls a segment for %i %s', (loadAddr, action) => {
    const image = encodeImage({ entryAddr: 0, segments: [{ loadAddr, data: new Uint8Array(4) }] });
    expect(checkAsBootloader(image, ota0).lines[0]).toMatch(new RegExp(` ${action}$`));
  });

  test('reads to the last byte of the chip and not beyond', () => {
    const data = new Uint8Array(0x20);
    const image = encodeImage({ entryAddr: 0, segments: [{ loadAddr: 0x3ffe8000, data }] });
    const flashBytes = ota0.offset + 16 + data.length;
    expect(checkAsBootloader(image, ota0, { flashBytes }).ok).toBe(true);
    expect(checkAsBootloader(image, ota0, { flashBytes: flashBytes - 1 })).toEqual({
      ok: false,
      lines: [expect.stringMatching(/^segment 0/), 'bootloader read flash error'],
    });
    expect(checkAsBootloader(image, { ...ota0, offset: 0x400000 }).lines.at(-1)).toMatch(/flash error/);
  });

  test('reads erased flash behind the bytes that are there', () => {
    // 3 bytes of a segment are missing: three times 0xff; then two, which cancel each other.
    for (const [missing, sum] of [
      [3, 0xef ^ 0xff],
      [2, 0xef],
    ] as const) {
      const image = encodeImage({
        entryAddr: 0,
        segments: [{ loadAddr: 0x3ffe8000, data: new Uint8Array(8) }],
      });
      const verdict = checkAsBootloader(image.subarray(0, 24 - missing), ota0);
      expect(verdict.lines.at(-1)).toBe(`Checksum failed. Calculated 0x${sum.toString(16)} read 0xff`);
    }
  });

  test('compares the length without the SHA-256 with the slot', () => {
    const tight = { ...ota1, sizeBytes: app.length - 32 };
    expect(checkAsBootloader(app, tight).ok).toBe(true);
    const verdict = checkAsBootloader(app, { ...tight, sizeBytes: tight.sizeBytes - 1 });
    expect(verdict.lines.at(-1)).toBe(
      `Image length ${app.length - 32} doesn't fit in partition length ${app.length - 33}`,
    );
  });
});

describe('what is no image', () => {
  test.each([
    ['empty', new Uint8Array(0)],
    ['erased', new Uint8Array(100).fill(0xff)],
    ['zeros', new Uint8Array(100)],
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0)],
    ['elf', fromLatin1('\x7fELF\x01\x01')],
    ['zip', fromLatin1('PK\x03\x04')],
    ['uf2', fromLatin1('UF2\nWQ')],
    ['html', fromLatin1('\n <!DOCTYPE HTML>')],
    ['html', fromLatin1('<html lang="en">')],
    ['json', fromLatin1('{"a":1}')],
    ['intel-hex', fromLatin1(':10010000214601360121470136007EFE09D2190140\r\n')],
    ['text', fromLatin1('hello\n')],
    ['partition-table', Uint8Array.of(0xaa, 0x50, 1, 2)],
    ['image-v2', Uint8Array.of(0xea, 4, 2, 0)],
    ['unknown', Uint8Array.of(1, 2, 3)],
  ])('%s is called by its name', (name, bytes) => {
    expect(recognise(bytes).name).toBe(name);
    expect(inspectImage(bytes).kind).toBe('not-an-image');
    expect(explainImage(bytes)).toContain(`It looks like ${recognise(bytes).text}`);
  });

  test('a header needs eight bytes', () => {
    expect(parseHeader(app.slice(0, 7))).toBeUndefined();
    expect(inspectImage(app.slice(0, 7)).problems).toMatchObject([{ code: 'short-header' }]);
  });
});

describe('an explanation', () => {
  test('names both codings of the flash size', () => {
    expect(explainImage(app)).toMatch(
      /flash size +1MB \(code 0 in the app's coding; a bootloader's would say 512KB\)/,
    );
    expect(explainImage(buildSyntheticBootloader())).toMatch(
      /flash size +1MB \(code 2 in the bootloader's coding; an app's would say 4MB\)/,
    );
  });

  test('tells the slots of a layout, and why not', () => {
    const text = explainImage(app, layoutByName('one-mb'));
    expect(text).toMatch(/no {2}ota_0 at 0x10000.*wrong_slot, entry 0x40280150 outside ota_0/);
    expect(text).toMatch(/yes ota_1 at 0x80000/);
  });

  test('tells where an image may serve when no layout is named', () => {
    expect(explainImage(app)).toContain('May serve in: ota_1 of one-mb.');
    const bad = app.slice(0, -1);
    expect(explainImage(bad)).toContain('no slot of any known layout');
  });

  test('repeats every complaint with its place', () => {
    const bytes = app.slice();
    writeU32LE(bytes, 8, 0x50000000);
    expect(explainImage(bytes)).toMatch(/at 0x8: segment 0 \(0x50000000 \+ 0x3400\) lies in no memory/);
  });
});

test('any bytes can be looked at without an exception', () => {
  let state = 1;
  for (let round = 0; round < 2000; round += 1) {
    const bytes = Uint8Array.from({ length: round % 97 }, () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return state >>> 24;
    });
    if (bytes.length > 1) bytes.set([0xe9, bytes[1]! % 20]);
    const info = inspectImage(bytes);
    expect(info.problems.length).toBeGreaterThan(0);
    expect(explainImage(bytes).length).toBeGreaterThan(20);
    expect(toHex(bytes)).toHaveLength(bytes.length * 2);
  }
});
