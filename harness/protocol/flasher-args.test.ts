import { describe, expect, test } from '@jest/globals';
import { checkFlashPlan, parseFlasherArgs, parseOffset, parseOffsetFile } from './flasher-args';

const CODE = (code: string) => expect.objectContaining({ code });

describe('OFFSET:FILE', () => {
  test.each([
    ['0x10000:app.bin', { offset: 0x10000, file: 'app.bin' }],
    ['65536:build/app.bin', { offset: 65536, file: 'build/app.bin' }],
    ['0X0:C:\\fw\\boot.bin', { offset: 0, file: 'C:\\fw\\boot.bin' }],
  ])('%s', (text, file) => {
    expect(parseOffsetFile(text)).toEqual(file);
  });

  test.each([
    'app.bin',
    '0x10000:',
    ':app.bin',
    '0xZZ:app.bin',
    '-1:app.bin',
    '1.5:app.bin',
    '0x100000000:a',
  ])('%s is refused', (text) => {
    expect(() => parseOffsetFile(text)).toThrow(CODE('ESPRIG_USAGE_OFFSET'));
  });

  test('an offset is decimal or hexadecimal and nothing else', () => {
    expect([' 0x1F ', '31', '', '0x', '1e3', '0x1_0'].map(parseOffset)).toEqual([
      31,
      31,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('flasher_args.json', () => {
  test('gives the files by offset and the settings', () => {
    const json = JSON.stringify({
      write_flash_args: ['--flash_mode', 'dio'],
      flash_settings: { flash_mode: 'dio', flash_size: '1MB', flash_freq: '40m' },
      flash_files: {
        '0x10000': 'app.bin',
        '0x0': 'bootloader/bootloader.bin',
        '0x8000': 'partition-table.bin',
      },
    });
    expect(parseFlasherArgs(json)).toEqual({
      files: [
        { offset: 0, file: 'bootloader/bootloader.bin' },
        { offset: 0x8000, file: 'partition-table.bin' },
        { offset: 0x10000, file: 'app.bin' },
      ],
      flashMode: 'dio',
      flashSize: '1MB',
      flashFrequency: '40m',
    });
  });

  test('does without settings', () => {
    expect(parseFlasherArgs('{"flash_files":{"0":"a"}}')).toMatchObject({ flashMode: undefined });
  });

  test.each([
    ['{', /no JSON/],
    ['[]', /no "flash_files"/],
    ['{"flash_files":[]}', /no "flash_files"/],
    ['{"flash_files":{}}', /is empty/],
    ['{"flash_files":{"here":"a"}}', /"here" is no flash offset/],
    ['{"flash_files":{"0":7}}', /no file name at 0/],
  ])('%s is refused', (json, message) => {
    expect(() => parseFlasherArgs(json)).toThrow(message);
    expect(() => parseFlasherArgs(json)).toThrow(expect.objectContaining({ blame: 'case' }));
  });
});

describe('a plan', () => {
  const file = (offset: number, sizeBytes: number, name = 'a') => ({ offset, sizeBytes, file: name });

  test('of files beside each other is fine, whatever their order, up to the last byte of the chip', () => {
    expect(() =>
      checkFlashPlan([file(0x2000, 0x1000), file(0, 0x2000), file(0xff000, 0x1000)], 0x100000),
    ).not.toThrow();
    expect(() => checkFlashPlan([], 0x100000)).not.toThrow();
  });

  test('counts whole sectors: one byte over the edge is in the way of the next file', () => {
    expect(() => checkFlashPlan([file(0, 0x1000), file(0x1000, 1, 'b')], 0x100000)).not.toThrow();
    expect(() => checkFlashPlan([file(0, 0x1001), file(0x1000, 1, 'b')], 0x100000)).toThrow(
      CODE('ESPRIG_USAGE_OVERLAP'),
    );
    expect(() => checkFlashPlan([file(0x1000, 1, 'b'), file(0, 0x1001)], 0x100000)).toThrow(
      /b at 0x1000 lies over a/,
    );
  });

  test('with an odd offset or beyond the chip is refused', () => {
    expect(() => checkFlashPlan([file(0x100, 1)], 0x100000)).toThrow(CODE('ESPRIG_USAGE_OFFSET'));
    expect(() => checkFlashPlan([file(0xff000, 0x1001)], 0x100000)).toThrow(CODE('ESPRIG_USAGE_TOO_LARGE'));
  });
});
