import { describe, expect, test } from '@jest/globals';
import { BootBoard } from './boot-board';
import { buildSystemProgram, SYSTEM_DONE } from './system-programs';
import { toolsMissing } from './tool';

/* UART0's received bytes on the open runtime: programs/system/uart.c says what it wants, and gets it. */
const missing = toolsMissing();
const suite = missing === undefined ? describe : describe.skip;
const BAUD = 74_880;
const LIMIT_MICROS = 5_000_000;
const REST_NANOS = 20e6;
/** FIFO and the program's buffer together. */
const KEPT_BYTES = 128 + 160;
const BYTES = Uint8Array.from({ length: 400 }, (_, i) => (i * 7 + 1) & 0xff);

/** As the program makes it of what it has read. */
const sumOf = (bytes: Uint8Array): string =>
  `0x${bytes
    .reduce((sum, byte) => (Math.imul(sum, 31) + byte) >>> 0, 0)
    .toString(16)
    .padStart(8, '0')}`;

suite(`bytes from UART0${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  test('are waited for, kept up to buffer and FIFO, and come again after these were full', async () => {
    const { board, serial } = new BootBoard(await buildSystemProgram('uart', 'one-mb'));
    board.powerOn();
    const give = (prompt: string, bytes: Iterable<number>): void => {
      serial.waitFor(`wants ${prompt}\r\n`, LIMIT_MICROS);
      for (const byte of bytes) expect(board.receiveByte(byte, BAUD)).toBe(true);
    };
    give('bytes before', Buffer.from('lost'));
    give('5 bytes', Buffer.from('hello'));
    give('3 bytes', Buffer.from('abc'));
    give('200 bytes', BYTES.subarray(0, 200));
    give('400 bytes', BYTES);
    give('2 bytes', Buffer.from('ok'));
    serial.waitFor(SYSTEM_DONE, LIMIT_MICROS);
    board.runFor(REST_NANOS);

    const lines = serial.text.replaceAll('\r', '').split('\n');
    expect(lines.slice(lines.indexOf('read without -1'), lines.indexOf(SYSTEM_DONE))).toEqual([
      'read without -1',
      'length without 258',
      'delete without 0',
      'small 258',
      'other uart 258',
      'sends 262',
      'is installed 0',
      'wants bytes before',
      'install 0',
      'again -1',
      'is installed 1',
      'nothing came 0',
      'wants 5 bytes',
      'five 5',
      'hello, waited not long',
      'wants 3 bytes',
      'three of ten 3',
      'wants 200 bytes',
      'waiting 160',
      `read 200, sum ${sumOf(BYTES.subarray(0, 200))}`,
      'wants 400 bytes',
      `read ${KEPT_BYTES}, sum ${sumOf(BYTES.subarray(0, KEPT_BYTES))}`,
      'wants 2 bytes',
      'two 2',
      'ok',
      'delete 0',
      'is installed 0',
    ]);
  });
});
