import { describe, expect, test } from '@jest/globals';
import { fromLatin1 } from './bytes';
import { LineSplitter, parseLogLine, stripAnsi, type SplitLine } from './boot-log';
import { summarizeBoots } from './boot-summary';
import { readTestdata, runSeed, slices } from './testkit/slices';

const text = readTestdata('esp8266-boot.log');

function linesOf(splitter: LineSplitter, parts: readonly Uint8Array[]): SplitLine[] {
  return [...parts.flatMap((part) => splitter.feed(part)), ...splitter.end()];
}

describe('one line', () => {
  test.each([
    [
      ' ets Jan  8 2013,rst cause:1, boot mode:(3,6)',
      { kind: 'rom-banner', date: 'Jan  8 2013', resetCause: 1, bootMode: 3, sdioMode: 6 },
    ],
    [
      'load 0x40100000, len 5860, room 16 ',
      { kind: 'rom-load', addr: 0x40100000, sizeBytes: 5860, room: 16 },
    ],
    ['tail 4', { kind: 'rom-tail', tail: 4 }],
    ['chksum 0x62', { kind: 'rom-chksum', value: 0x62 }],
    ['csum 0xa8', { kind: 'rom-csum', value: 0xa8 }],
    ['csum err', { kind: 'rom-message', message: 'csum-error' }],
    ['wdt reset', { kind: 'rom-message', message: 'watchdog-reset' }],
    ['user code done', { kind: 'rom-message', message: 'user-code-done' }],
    [
      '\x1b[0;31mE (1234) esp_image: Checksum failed. Calculated 0x1 read 0x2\x1b[0m',
      {
        kind: 'log',
        level: 'E',
        atMs: 1234,
        tag: 'esp_image',
        text: 'Checksum failed. Calculated 0x1 read 0x2',
      },
    ],
    ['D (7) heap: plain', { kind: 'log', level: 'D', atMs: 7, tag: 'heap', text: 'plain' }],
    ['I (7) a: b: c', { kind: 'log', level: 'I', atMs: 7, tag: 'a', text: 'b: c' }],
    ['I (seven) a: b', { kind: 'text', text: 'I (seven) a: b' }],
    ['tail 4 of the dog', { kind: 'text', text: 'tail 4 of the dog' }],
    ['', { kind: 'text', text: '' }],
  ])('%j', (line, event) => {
    expect(parseLogLine(line)).toEqual(event);
  });

  test('loses every colour sequence and nothing else', () => {
    expect(stripAnsi('\x1b[0;32mgreen\x1b[0m \x1b[1;31;40mred\x1b[K [0m')).toBe('green red [0m');
  });
});

describe('splitting', () => {
  test('is the same in any slices', () => {
    const whole = linesOf(new LineSplitter(), [fromLatin1(text)]);
    expect(whole).toHaveLength(text.split('\n').length - 1);
    const firstSeed = runSeed();
    for (let seed = firstSeed; seed < firstSeed + 20; seed += 1) {
      const lines = linesOf(new LineSplitter(), slices(fromLatin1(text), seed));
      expect({ seed, lines }).toEqual({ seed, lines: whole });
    }
  });

  test('takes CR LF and LF, and keeps a CR inside a line', () => {
    expect(linesOf(new LineSplitter(), [fromLatin1('a\r\nb\nc\rd\r\r\n\ne')])).toEqual(
      ['a', 'b', 'c\rd\r', '', 'e'].map((line) => ({ text: line, isCut: false })),
    );
  });

  test('cuts a line over the limit and says so', () => {
    expect(linesOf(new LineSplitter({ maxLineBytes: 4 }), [fromLatin1('12345678\n1234\n')])).toEqual([
      { text: '1234', isCut: true },
      { text: '5678', isCut: false },
      { text: '1234', isCut: false },
    ]);
  });

  test('shows what waits for its end', () => {
    const splitter = new LineSplitter();
    splitter.feed(fromLatin1('a\nprompt> '));
    expect(splitter.partial).toBe('prompt> ');
  });
});

describe('a whole boot', () => {
  const bootsIn = (log: string) => summarizeBoots(log.split('\r\n').map(parseLogLine));

  test('is one, with what the ROM loaded', () => {
    const boots = bootsIn(text);
    expect(boots).toHaveLength(1);
    expect(boots[0]).toMatchObject({ resetCause: 2, bootMode: 3, romCsum: 0xa8, romMessages: [] });
    expect(boots[0]!.romSegments).toEqual([
      { addr: 0x40100000, sizeBytes: 5860, room: 16, tail: 4, chksum: 0x62 },
      { addr: 0x3ffe8008, sizeBytes: 24, room: 4, tail: 4, chksum: 0xdb },
      { addr: 0x3ffe8020, sizeBytes: 3324, room: 4, tail: 8, chksum: 0xa8 },
    ]);
  });

  test('shows the bootloader, its table and its choice', () => {
    const boots = bootsIn(text);
    expect(boots[0]).toMatchObject({
      bootloaderVersion: 'v3.4-110-gd412ac60',
      spiMode: 'QIO',
      spiSpeed: '40MHz',
      flashSize: '1MB',
      loadedOffset: 0x10000,
    });
    expect(boots[0]!.partitions.map((row) => Object.values(row) as unknown[])).toEqual([
      ['nvs', 'WiFi data', 1, 2, 0x9000, 0x4000],
      ['otadata', 'OTA data', 1, 0, 0xd000, 0x2000],
      ['phy_init', 'RF data', 1, 1, 0xf000, 0x1000],
      ['ota_0', 'OTA app', 0, 16, 0x10000, 0x70000],
      ['ota_1', 'OTA app', 0, 17, 0x80000, 0x70000],
    ]);
  });

  test('keeps the segments of the app that was started, not of later checks', () => {
    const [boot] = bootsIn(text);
    expect(boot!.segments.map(({ index, action }) => [index, action])).toEqual([
      [0, 'map'],
      [1, 'map'],
      [2, 'load'],
      [3, 'load'],
      [4, 'load'],
    ]);
    expect(boot!.segments[1]).toMatchObject({ flashOffset: 0x52ccc, addr: 0x40252cc4, sizeBytes: 0x6ed4 });
  });

  test('collects errors and warnings', () => {
    expect(bootsIn(text)[0]!.complaints).toEqual(['main: error nvs_get_u8 status_led err 4354']);
    const levels = ['E', 'W', 'I', 'D'].map((level) => `${level} (1) tag: ${level}`);
    const [boot] = bootsIn([' ets Jan  8 2013,rst cause:1, boot mode:(3,6)', ...levels].join('\r\n'));
    expect(boot!.complaints).toEqual(['tag: E', 'tag: W']);
  });

  test('of one banner alone is empty, and takes only what belongs to it', () => {
    const banner = ' ets Jan  8 2013,rst cause:1, boot mode:(3,6)';
    const nothing = {
      ...{ resetCause: 1, bootMode: 3, romSegments: [], romCsum: undefined, romMessages: [] },
      ...{ bootloaderVersion: undefined, spiMode: undefined, spiSpeed: undefined, flashSize: undefined },
      ...{ partitions: [], segments: [], loadedOffset: undefined, complaints: [] },
    };
    expect(bootsIn(banner)).toEqual([nothing]);
    const strays = [
      ...['tail 4', 'chksum 0x62', 'hello'],
      'I (1) esp_image: no segment',
      'I (1) main: Loaded app from partition at offset 0x10000',
      'I (1) main:  0 nvs              WiFi data        01 02 00009000 00004000',
    ];
    expect(bootsIn([banner, ...strays].join('\r\n'))).toEqual([nothing]);
    expect(bootsIn([...strays, banner].join('\r\n'))).toEqual([nothing]);
  });

  test('keeps what the ROM complains of, and the first version of two', () => {
    const banner = ' ets Jan  8 2013,rst cause:1, boot mode:(3,6)';
    const version = (name: string): string => `I (1) boot: ESP-IDF ${name} 2nd stage bootloader`;
    const [boot] = bootsIn([banner, 'csum err', version('v3.4'), version('v3.2')].join('\r\n'));
    expect(boot).toMatchObject({ romMessages: ['csum-error'], bootloaderVersion: 'v3.4' });
  });

  test('begins anew with each banner, and counts segments anew after a slot that did not boot', () => {
    const twice = `${text}${text}`.split('\r\n').map(parseLogLine);
    expect(summarizeBoots(twice)).toHaveLength(2);
    const retried = text.replace('Loaded app from', 'Not this one');
    const [boot] = summarizeBoots(retried.split('\r\n').map(parseLogLine));
    expect(boot!.segments.map((segment) => segment.flashOffset)).toEqual([0x80010]);
    expect(summarizeBoots([])).toEqual([]);
  });
});
