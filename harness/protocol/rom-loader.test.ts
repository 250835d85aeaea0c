import { describe, expect, test } from '@jest/globals';
import {
  changeBaud,
  CHIP_MAGIC_ADDR,
  CHIP_MAGIC_ESP8266,
  decodeRequest,
  decodeResponse,
  deflateBegin,
  encodeRequest,
  encodeResponse,
  eraseRegion,
  expectOk,
  flashBegin,
  flashData,
  flashEnd,
  flashMd5,
  isUnsupported,
  LOADER_OP,
  md5FromResponse,
  memBegin,
  memEnd,
  readFlash,
  readFlashAck,
  readReg,
  romErasedSectors,
  romEraseSize,
  spiAttach,
  spiSetParams,
  sync,
  SYNC_VALUE_ROM,
  writeReg,
} from './rom-loader';
import { toHex } from '../core/bytes';
import { fromHex, readCapture } from './testkit/slices';

describe('the exchange measured on the boot ROM', () => {
  const lines = readCapture('rom-loader.hex');
  const sent = lines.filter((line) => line.from === 'host').map((line) => toHex(line.bytes));
  const received = lines.filter((line) => line.from === 'board').map((line) => decodeResponse(line.bytes));

  test('requests come out byte for byte', () => {
    const probe = encodeRequest(LOADER_OP.GET_SECURITY_INFO, new Uint8Array(0));
    const requests = [sync(), probe, readReg(CHIP_MAGIC_ADDR), spiAttach()];
    expect(requests.map((request) => toHex(request.packet))).toEqual(sent);
  });

  test('the answer to SYNC carries the first word of its payload', () => {
    expect(received[0]).toMatchObject({ op: LOADER_OP.SYNC, value: SYNC_VALUE_ROM, status: { ok: true } });
  });

  test('an unknown command is answered with the op before it and recognised all the same', () => {
    expect(received[1]).toMatchObject({ op: LOADER_OP.SYNC, value: SYNC_VALUE_ROM });
    expect(received.map(isUnsupported)).toEqual([false, true, false, true]);
  });

  test('READ_REG gives the magic of the chip, and its value stays in later answers', () => {
    expect(received[2]).toMatchObject({ op: LOADER_OP.READ_REG, value: CHIP_MAGIC_ESP8266 });
    expect(received[3]!.value).toBe(CHIP_MAGIC_ESP8266);
  });
});

describe('requests', () => {
  test.each([
    [
      'FLASH_BEGIN',
      () => flashBegin({ eraseBytes: 0x8000, blocks: 32, blockBytes: 0x400, flashOffset: 0x10000 }),
      '0002100000000000 00800000 20000000 00040000 00000100',
    ],
    [
      'FLASH_DATA',
      () => flashData(fromHex('01020304'), 7),
      '00031400eb000000 04000000 07000000 00000000 00000000 01020304',
    ],
    ['FLASH_END, run', () => flashEnd({ reboot: true }), '0004040000000000 00000000'],
    ['FLASH_END, stay', () => flashEnd({ reboot: false }), '0004040000000000 01000000'],
    [
      'MEM_BEGIN',
      () => memBegin({ sizeBytes: 8276, blocks: 2, blockBytes: 0x1800, addr: 0x4010d000 }),
      '0005100000000000 54200000 02000000 00180000 00d01040',
    ],
    ['MEM_END, run', () => memEnd(0x4010d004), '0006080000000000 00000000 04d01040'],
    ['MEM_END, stay', () => memEnd(), '0006080000000000 01000000 00000000'],
    [
      'WRITE_REG',
      () => writeReg({ addr: 0x60000200, value: 5, mask: 0xff, delayUs: 10 }),
      '0009100000000000 00020060 05000000 ff000000 0a000000',
    ],
    [
      'SPI_SET_PARAMS',
      () => spiSetParams(0x400000),
      '000b180000000000 00000000 00004000 00000100 00100000 00010000 ffff0000',
    ],
    ['CHANGE_BAUD', () => changeBaud(460800, 115200), '000f080000000000 00080700 00c20100'],
    [
      'FLASH_DEFL_BEGIN',
      () => deflateBegin({ sizeBytes: 0x100000, blocks: 3, blockBytes: 0x4000, flashOffset: 0 }),
      '0010100000000000 00001000 03000000 00400000 00000000',
    ],
    ['SPI_FLASH_MD5', () => flashMd5(0x10000, 0x400), '0013100000000000 00000100 00040000 00000000 00000000'],
    ['ERASE_REGION', () => eraseRegion(0x9000, 0x4000), '00d1080000000000 00900000 00400000'],
    [
      'READ_FLASH',
      () => readFlash({ flashOffset: 0, sizeBytes: 0x1000, blockBytes: 0x400, maxInFlight: 64 }),
      '00d2100000000000 00000000 00100000 00040000 40000000',
    ],
  ])('%s', (name, make, hex) => {
    const request = make();
    expect(toHex(request.packet)).toBe(toHex(fromHex(hex)));
    expect(name.startsWith(request.name)).toBe(true);
    expect(decodeRequest(request.packet)).toMatchObject({ op: request.op, name: request.name });
  });

  test('the acknowledgement while reading is the bare count', () => {
    expect(readFlashAck(0x12345)).toEqual(fromHex('45230100'));
  });

  test('no request is taken for one that is cut or goes the other way', () => {
    const { packet } = readReg(0);
    expect(() => decodeRequest(packet.slice(0, -1))).toThrow(
      expect.objectContaining({ code: 'ESPRIG_ROM_BAD_REPLY' }),
    );
    expect(() => decodeRequest(fromHex('010a0200000000000000'))).toThrow(/no loader request/);
    expect(() => decodeRequest(new Uint8Array(7))).toThrow(/no loader request/);
    expect(decodeRequest(new Uint8Array(8))).toMatchObject({ op: 0, checksum: 0, data: new Uint8Array(0) });
  });
});

describe('answers', () => {
  test.each([
    ['ROM, bad checksum', [1, 7], 'ESPRIG_ROM_BAD_CHECKSUM', 7],
    ['ROM, invalid', [1, 5], 'ESPRIG_ROM_STATUS', 5],
    ['ROM, failed', [1, 6], 'ESPRIG_ROM_STATUS', 6],
    ['ROM, verify', [1, 8], 'ESPRIG_FLASH_VERIFY', 8],
    ['stub, bad checksum', [0xc1, 0], 'ESPRIG_ROM_BAD_CHECKSUM', 0xc1],
    ['stub, inflate', [0xc7, 0], 'ESPRIG_ROM_STATUS', 0xc7],
    ['unheard of', [1, 0x77], 'ESPRIG_ROM_STATUS', 0x77],
  ] as const)('%s becomes a typed error that names command and status', (_what, status, code, statusByte) => {
    const request = flashData(fromHex('00'), 0);
    const response = decodeResponse(encodeResponse(request.op, 0, new Uint8Array(0), status));
    expect(() => expectOk(response, request)).toThrow(
      expect.objectContaining({
        code,
        blame: 'dut',
        message: expect.stringMatching(/^FLASH_DATA: the loader refuses, status [0-9a-f]{4}: /),
        details: { command: LOADER_OP.FLASH_DATA, status: statusByte },
      }),
    );
  });

  test('a stale reason behind success is success', () => {
    const response = decodeResponse(encodeResponse(LOADER_OP.MEM_BEGIN, 0, new Uint8Array(0), [0, 5]));
    expect(expectOk(response)).toBe(response);
    expect(isUnsupported(response)).toBe(false);
  });

  test('an MD5 is sixteen bytes before the status', () => {
    const digest = fromHex('00112233445566778899aabbccddeeff');
    const frame = encodeResponse(LOADER_OP.SPI_FLASH_MD5, 0, digest, [0, 0]);
    expect(frame[2]).toBe(18);
    expect(md5FromResponse(decodeResponse(frame))).toBe('00112233445566778899aabbccddeeff');
    expect(() => md5FromResponse(decodeResponse(encodeResponse(0x13, 0, digest.slice(1), [0, 0])))).toThrow(
      /15 bytes of digest/,
    );
  });

  test.each([
    ['too short', '0108020007071220', /8 bytes, at least 10/],
    ['wrong direction', '00080200070712200000', /direction byte 0x00/],
    ['length too large', '01080300070712200000', /announces 3 bytes and carries 2/],
    ['length too small', '010801000707122000000', /announces 1 bytes/],
    ['no length at all', '0108000007071220', /8 bytes, at least 10/],
  ])('%s: refused with the frame in the message', (_what, hex, message) => {
    expect(() => decodeResponse(fromHex(hex))).toThrow(message);
    expect(() => decodeResponse(fromHex(hex))).toThrow(/frame: 0/);
    expect(() => decodeResponse(fromHex(hex))).toThrow(
      expect.objectContaining({
        code: 'ESPRIG_ROM_BAD_REPLY',
        hint: expect.stringContaining('lower baud rate'),
      }),
    );
  });

  test('shows only the beginning of a long frame that is none', () => {
    const long = new Uint8Array(4096).fill(0x5a);
    expect(() => decodeResponse(long)).toThrow(new RegExp(`frame: (5a){32}$`));
    expect(() => decodeRequest(long)).toThrow(new RegExp(`: (5a){16}$`));
  });

  test('of a digest of another length names the command', () => {
    const answer = decodeResponse(encodeResponse(0x13, 0, new Uint8Array(15), [0, 0]));
    expect(() => md5FromResponse(answer)).toThrow(
      expect.objectContaining({
        code: 'ESPRIG_ROM_BAD_REPLY',
        message: 'SPI_FLASH_MD5: 15 bytes of digest, not 16',
      }),
    );
  });

  test('without the request it names the op that the loader says it answers', () => {
    const refused = decodeResponse(encodeResponse(LOADER_OP.MEM_DATA, 0, new Uint8Array(0), [1, 6]));
    expect(() => expectOk(refused)).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/^MEM_DATA: /),
        details: { command: LOADER_OP.MEM_DATA, status: 6 },
        hint: expect.stringContaining('multiple of 0x1000'),
      }),
    );
    // Another failure than "unknown command".
    expect(isUnsupported(refused)).toBe(false);
  });
});

describe('the erase of the boot ROM', () => {
  test.each([
    [0, 0x1000, 0, 2],
    [0, 0x8000, 0, 16],
    [0x1000, 0x1000, 1, 2],
    [0x10000, 0x40000, 16, 80],
    [0x1f000, 0x20000, 31, 33],
  ])('told (%i, %i) it erases %i + %i sectors, as measured', (offset, eraseBytes, first, count) => {
    expect(romErasedSectors(offset, eraseBytes)).toEqual({ first, count });
  });

  test('with the shrunk size it erases what is wanted, and at most one sector more', () => {
    for (let startSector = 0; startSector < 40; startSector += 1) {
      for (let sectors = 1; sectors < 80; sectors += 1) {
        const offset = startSector * 0x1000;
        const { count } = romErasedSectors(offset, romEraseSize(offset, sectors * 0x1000));
        expect(count - sectors === 0 || count - sectors === 1).toBe(true);
      }
    }
  });

  test('a size that is not made of sectors counts as the next', () => {
    expect(romEraseSize(0x10000, 0x40001)).toBe(romEraseSize(0x10000, 0x41000));
  });
});
