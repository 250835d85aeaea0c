import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { IRAM_BASE } from '../../chip/esp8266';
import { Board, type BoardSnapshot } from '../board';
import { assemble } from '../cpu/assemble';
import { buildImage } from '../testkit/image-builder';
import { RandomWords } from '../testkit/random-words';
import { SerialText } from '../testkit/serial-text';
import { microsToTicks } from '../time';

/*
 * The dialogues of chip.md 6.2, frame by frame, with a SLIP of the test's own. Frames stand as the hex of what is
 * between the two C0.
 */
const END = 0xc0;
const HOST_BAUD = 115200;
const SYNC_PAYLOAD = [7, 7, 0x12, 0x20, ...Array.from({ length: 32 }, () => 0x55)];
/** Longer than any answer takes once its work is done. */
const QUIET_MICROS = 20_000;

const board = new Board({ flashSizeBytes: 0x800000 });
const serial = new SerialText(board);
let synced: BoardSnapshot;

function word(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}

function words(...values: number[]): number[] {
  return values.flatMap(word);
}

function checksum(data: readonly number[]): number {
  return data.reduce((sum, byte) => sum ^ byte, 0xef);
}

function slip(packet: readonly number[]): number[] {
  const escaped = packet.flatMap((byte) =>
    byte === END ? [0xdb, 0xdc] : byte === 0xdb ? [0xdb, 0xdd] : [byte],
  );
  return [END, ...escaped, END];
}

function request(op: number, data: readonly number[], sum = 0, direction = 0): number[] {
  return slip([direction, op, data.length & 0xff, data.length >> 8, ...word(sum), ...data]);
}

/** A block of FLASH_DATA or MEM_DATA. */
function block(op: number, sequence: number, data: readonly number[], sum = checksum(data)): number[] {
  return request(op, [...words(data.length, sequence, 0, 0), ...data], sum);
}

function type(bytes: readonly number[], baud = HOST_BAUD): void {
  for (const byte of bytes) board.receiveByte(byte, baud);
}

/** Frames that the board has sent, as hex of their decoded content. */
function frames(): string[] {
  const found: string[] = [];
  let frame: string | undefined;
  let escaped = false;
  for (const byte of serial.bytes) {
    if (byte === END) {
      if (frame !== undefined && frame !== '') found.push(frame);
      frame = frame === undefined || frame === '' ? '' : undefined;
    } else if (frame !== undefined) {
      if (byte === 0xdb) {
        escaped = true;
        continue;
      }
      const value = escaped ? (byte === 0xdc ? END : 0xdb) : byte;
      escaped = false;
      frame += (frame === '' ? '' : ' ') + value.toString(16).padStart(2, '0');
    }
  }
  return found;
}

/** Sends bytes and answers the frames that come until the board has been quiet for a while. */
function ask(bytes: readonly number[], quietMicros = QUIET_MICROS): string[] {
  serial.clear();
  type(bytes);
  for (let rounds = 0; rounds < 100; rounds++) {
    const before = serial.sent.length;
    board.runFor(quietMicros * 1000);
    if (serial.sent.length === before && board.parts.uart0.inputFree === board.config.inputQueueBytes) break;
  }
  return frames();
}

function enterLoader(): void {
  board.setEnable(false);
  board.setPin(0, false);
  board.setEnable(true);
  serial.clear();
  serial.waitFor('boot mode:(1,6)\r\n\r\n');
  board.setPin(0, true);
}

const sync = (): string[] => ask(request(8, SYNC_PAYLOAD));
const statusOf = (answers: readonly string[]): string => answers.map((frame) => frame.slice(-5)).join(', ');

const SYNCED = '01 08 02 00 07 07 12 20 00 00';
const eight = (frame: string): string[] => Array.from({ length: 8 }, () => frame);

beforeAll(() => {
  board.powerOn();
  enterLoader();
  sync();
  sync();
  synced = board.save();
});

beforeEach(() => {
  board.restore(synced);
  serial.clear();
});

describe('the first contact', () => {
  it('loses the first SYNC to the speed measurement and answers the second one eight times', () => {
    enterLoader();
    expect(sync()).toEqual([]);
    expect(sync()).toEqual(eight(SYNCED));
    expect(sync()).toEqual(eight(SYNCED));
  });

  it.each([9600, 57600, 74880, 115200, 230400, 460800, 921600])(
    'at %i baud sets CLKDIV within one of 52 MHz / baud and answers at that speed',
    (baud) => {
      enterLoader();
      for (let round = 0; round < 2; round++) {
        serial.clear();
        type(request(8, SYNC_PAYLOAD), baud);
        board.runFor(150e6);
      }
      expect(frames()).toEqual(eight(SYNCED));
      const clkdiv = board.bus.readRegister(0x60000014, 0);
      expect(Math.abs(clkdiv - 52e6 / baud)).toBeLessThanOrEqual(1);
      expect(new Set(serial.sent.map((sent) => sent.baud))).toEqual(new Set([Math.round(52e6 / clkdiv)]));
      // What hosts make of it: a crystal of 26 MHz.
      expect(Math.abs((baud * clkdiv) / 2e6 - 26)).toBeLessThan(1);
    },
  );

  it('has CLKDIV 451 at 115200 baud', () => {
    expect(ask(request(10, word(0x60000014)))).toEqual(['01 0a 02 00 c3 01 00 00 00 00']);
  });

  it('waits for ever when nothing comes, and boots nothing', () => {
    enterLoader();
    serial.clear();
    board.runFor(60e9);
    expect(serial.text).toBe('');
  });
});

describe('answers', () => {
  it('are the ones measured on the ROM, in their order', () => {
    enterLoader();
    sync();
    expect(sync()).toEqual(eight(SYNCED));
    expect(ask(request(0x14, []))).toEqual(eight('01 08 02 00 07 07 12 20 01 05'));
    expect(ask(request(10, word(0x40001000)))).toEqual(['01 0a 02 00 01 c1 f0 ff 00 00']);
    expect(ask(request(0x0d, []))).toEqual(['01 0a 02 00 01 c1 f0 ff 01 05']);
  });

  it.each([0, 1, 12, 13, 0x14, 0xd0, 0xff])('to the unknown command %i name the one before', (op) => {
    expect(ask(request(10, word(0x60000078)))).toEqual(['01 0a 02 00 00 20 06 00 00 00']);
    expect(ask(request(op, []))).toEqual(['01 0a 02 00 00 20 06 00 01 05']);
  });

  it('to a wrong direction byte are refusals too', () => {
    ask(request(10, word(0x60000078)));
    expect(ask(request(8, SYNC_PAYLOAD, 0, 1))).toEqual(['01 0a 02 00 00 20 06 00 01 05']);
  });

  it('keep the reason of an old error until SYNC, READ_REG or WRITE_REG clears it', () => {
    expect(statusOf(ask(request(10, word(0x60000078))))).toBe('00 00');
    expect(statusOf(ask(request(0x0d, [])))).toBe('01 05');
    expect(statusOf(ask(request(5, words(16, 1, 16, 0x3ffe8000))))).toBe('00 05');
    expect(statusOf(ask(request(2, words(0, 0, 0x400, 0))))).toBe('00 05');
    expect(statusOf(ask(request(9, words(0x60000730, 1, 0xffffffff, 0))))).toBe('00 00');
    expect(statusOf(ask(request(5, words(16, 1, 16, 0x3ffe8000))))).toBe('00 00');
    ask(request(0x0d, []));
    expect(statusOf(sync())).toBe(eight('00 00').join(', '));
  });

  it('keep the value of the last SYNC or READ_REG', () => {
    ask(request(10, word(0x40001000)));
    expect(ask(request(5, words(16, 1, 16, 0x3ffe8000)))).toEqual(['01 05 02 00 01 c1 f0 ff 00 00']);
  });

  it('escape what SLIP must', () => {
    ask(request(9, words(0x60000730, 0xc0dbc0db, 0xffffffff, 0)));
    serial.clear();
    expect(ask(request(10, word(0x60000730)))).toEqual(['01 0a 02 00 db c0 db c0 00 00']);
    expect(serial.bytes).toHaveLength(2 + 10 + 4);
  });
});

describe('framing', () => {
  it('ignores bytes before the first C0 and empty frames', () => {
    expect(ask([1, 2, 3, 0x55, END, END, END, ...request(10, word(0x60000078))])).toHaveLength(1);
  });

  it('takes a frame that comes in pieces', () => {
    const bytes = request(10, word(0x60000078));
    serial.clear();
    for (const byte of bytes) {
      type([byte]);
      board.runFor(3e6);
    }
    board.runFor(20e6);
    expect(frames()).toEqual(['01 0a 02 00 00 20 06 00 00 00']);
  });

  it('answers two requests that come at once', () => {
    expect(ask([...request(10, word(0x60000078)), ...request(10, word(0x40001000))])).toEqual([
      '01 0a 02 00 00 20 06 00 00 00',
      '01 0a 02 00 01 c1 f0 ff 00 00',
    ]);
  });

  it('refuses a frame that is longer than its buffer, and takes the next one', () => {
    const long = [END, ...Array.from({ length: 0x2100 }, () => 0x11), END];
    expect(statusOf(ask(long))).toMatch(/01 05$/);
    expect(ask(request(10, word(0x60000078)))).toEqual(['01 0a 02 00 00 20 06 00 00 00']);
  });
});

describe('memory commands', () => {
  const data = [...new RandomWords(7).bytes(64)];
  data[3] = 0xc0;
  data[4] = 0xdb;

  it('bring bytes to RAM', () => {
    expect(statusOf(ask(request(5, words(128, 2, 64, 0x3ffe8000))))).toBe('00 00');
    expect(statusOf(ask(block(7, 0, data)))).toBe('00 00');
    expect(statusOf(ask(block(7, 1, data.slice(0, 32))))).toBe('00 00');
    const dram = board.memory.region('dram');
    expect([...dram.slice(0, 96)]).toEqual([...data, ...data.slice(0, 32)]);
  });

  it.each([
    ['a length that is not 16', request(5, words(64, 1, 64))],
    ['a fifth word', request(5, words(64, 1, 64, 0x3ffe8000, 0))],
    ['blocks over 0x1800', request(5, words(64, 1, 0x1801, 0x3ffe8000))],
  ])('refuse MEM_BEGIN with %s', (_name, bytes) => {
    expect(statusOf(ask(bytes))).toBe('01 05');
  });

  it.each([
    ['another number than the next', block(7, 1, data)],
    ['more bytes than announced', block(7, 0, [...data, 1, 2, 3, 4])],
    ['a length that is no multiple of 4', block(7, 0, data.slice(0, 62))],
  ])('refuse MEM_DATA with %s', (_name, bytes) => {
    ask(request(5, words(64, 1, 64, 0x3ffe8000)));
    expect(statusOf(ask(bytes))).toBe('01 05');
    expect(statusOf(ask(block(7, 0, data)))).toBe('00 05');
  });

  it('count a block before they look at its checksum: the same data comes as the next number', () => {
    ask(request(5, words(64, 2, 64, 0x3ffe8000)));
    expect(statusOf(ask(block(7, 0, data, 0x12)))).toBe('01 07');
    expect(statusOf(ask(block(7, 0, data)))).toBe('01 05');
    expect(statusOf(ask(block(7, 1, data)))).toBe('00 05');
    expect([...board.memory.region('dram').slice(0, 64)]).toEqual(data);
  });

  const program = (source: string): number[] => {
    const { bytes } = assemble(source, IRAM_BASE);
    return [...bytes, ...Array.from({ length: -bytes.length & 3 }, () => 0)];
  };
  const upload = (code: readonly number[]): void => {
    ask(request(5, words(code.length, 1, code.length, IRAM_BASE)));
    expect(statusOf(ask(block(7, 0, code)))).toBe('00 00');
  };

  it('MEM_END answers, then runs the code, which may return', () => {
    upload(
      program(
        'movi a3, 1\nslli a3, a3, 30\nmovi a4, 1\nslli a4, a4, 16\nsub a3, a3, a4\nmovi a2, 123\ns32i a2, a3, 0\nret',
      ),
    );
    const answers = ask(request(6, words(0, IRAM_BASE)));
    expect(answers[0]).toBe('01 06 02 00 07 07 12 20 00 00');
    expect(board.memory.words[board.bus.locate(0x3fff0000) >> 2]).toBe(123);
    expect(serial.text).toMatch(/user code done\r\n$/);
  });

  it('MEM_END with a flag stays', () => {
    upload(program('ret'));
    expect(statusOf(ask(request(6, words(1, IRAM_BASE))))).toBe('00 00');
    expect(statusOf(ask(request(6, words(0, IRAM_BASE, 0))))).toBe('01 05');
    expect(ask(request(10, word(0x60000078)))).toHaveLength(1);
  });

  it('code that returns to 0x400010A8 boots the flash, as stubs do', () => {
    const app = program('j here\nhere: j here');
    board.programFlash(
      0,
      buildImage([{ loadAddr: IRAM_BASE, data: Uint8Array.from(app) }], { entryAddr: IRAM_BASE }),
    );
    upload(
      program(
        'movi a0, 1\nslli a0, a0, 30\nmovi a2, 1\nslli a2, a2, 12\nadd a0, a0, a2\nmovi a2, 0xa8\nadd a0, a0, a2\nret',
      ),
    );
    ask(request(6, words(0, IRAM_BASE)));
    expect(serial.text).toMatch(
      /load 0x40100000, len 8, room 16 \r\ntail 8\r\nchksum 0x..\r\ncsum 0x..\r\n$/,
    );
    expect(board.cpu.pc).toBe(IRAM_BASE + 3);
  });
});

describe('flash commands', () => {
  const data = [...new RandomWords(8).bytes(0x400)];
  const flash = (offset: number, length: number): number[] => [
    ...board.memory.flash.slice(offset, offset + length),
  ];
  const begin = (erase: number, blocks: number, blockBytes: number, offset: number): string =>
    statusOf(ask(request(2, words(erase, blocks, blockBytes, offset)), 100_000));

  it('erase, write, read back and count', () => {
    board.memory.flash.fill(0, 0, 0x4000);
    expect(begin(0x800, 2, 0x400, 0x1000)).toBe('00 00');
    expect(flash(0x1000, 0x800).every((byte) => byte === 0xff)).toBe(true);
    expect(statusOf(ask(block(3, 0, data)))).toBe('00 00');
    expect(statusOf(ask(block(3, 1, data.slice(0, 0x100))))).toBe('00 00');
    expect(flash(0x1000, 0x500)).toEqual([...data, ...data.slice(0, 0x100)]);
    expect(flash(0x0fff, 1)).toEqual([0]);
  });

  it.each([
    ['a length that is not 16', words(0, 0, 0x400)],
    ['a fifth word, as esptool-js adds', words(0, 0, 0x400, 0, 0)],
    ['blocks over 0x1800', words(0, 0, 0x1801, 0)],
  ])('refuse FLASH_BEGIN with %s: reason 5', (_name, payload) => {
    expect(statusOf(ask(request(2, payload)))).toBe('01 05');
  });

  it.each([
    ['off a sector', 0x1000, 0x100],
    ['beyond the 4 MiB that the ROM believes in', 0x1000, 0x400000],
    ['over the end of them', 0x2000, 0x3ff000],
  ])('refuse to erase %s: reason 6', (_name, erase, offset) => {
    expect(begin(erase, 1, 0x400, offset)).toBe('01 06');
  });

  it('take 0x1800 bytes a block', () => {
    const big = [...new RandomWords(9).bytes(0x1800)];
    expect(begin(0x2000, 1, 0x1800, 0x8000)).toBe('00 00');
    expect(statusOf(ask(block(3, 0, big), 100_000))).toBe('00 00');
    expect(flash(0x8000, 0x1800)).toEqual(big);
  });

  it('answer a bad checksum with 7, refuse the same number, take the next at the same place', () => {
    begin(0x1000, 2, 0x400, 0x2000);
    expect(statusOf(ask(block(3, 0, data, 0)))).toBe('01 07');
    expect(flash(0x2000, 0x400).every((byte) => byte === 0xff)).toBe(true);
    expect(statusOf(ask(block(3, 0, data)))).toBe('01 05');
    expect(statusOf(ask(block(3, 1, data)))).toBe('00 05');
    expect(flash(0x2000, 0x400)).toEqual(data);
  });

  it('answer 8 when the flash does not hold what was written', () => {
    begin(0, 1, 0x400, 0x3000);
    board.programFlash(0x3010, Uint8Array.of(0));
    expect(statusOf(ask(block(3, 0, data)))).toBe('01 08');
  });

  it('leave with FLASH_END and boot the flash, whatever its flag says', () => {
    const app = [...assemble('j here\nhere: j here', IRAM_BASE).bytes, 0, 0];
    const image = [
      ...buildImage([{ loadAddr: IRAM_BASE, data: Uint8Array.from(app) }], { entryAddr: IRAM_BASE }),
    ];
    for (const flag of [0, 1]) {
      board.restore(synced);
      begin(image.length, 1, 0x400, 0);
      expect(statusOf(ask(block(3, 0, image)))).toBe('00 00');
      const answers = ask(request(4, word(flag)));
      expect(answers[0]).toBe('01 04 02 00 07 07 12 20 00 00');
      expect(serial.text).toContain('load 0x40100000, len 8, room 16 \r\n');
      expect(serial.text).not.toContain('ets Jan');
      expect(board.cpu.pc).toBe(IRAM_BASE + 3);
    }
  });

  it('leave with FLASH_END and error 6 when blocks are missing', () => {
    board.eraseFlash();
    begin(0x1000, 2, 0x400, 0x1000);
    const answers = ask(request(4, word(0)));
    expect(statusOf(answers.slice(0, 1))).toBe('01 06');
    expect(serial.text).toMatch(/ets_main\.c {2}\r\n$/);
  });

  it('work beyond 4 MiB once SPI_SET_PARAMS has told the size', () => {
    expect(statusOf(ask(request(11, words(0, 0x800000, 0x10000, 0x1000, 0x100))))).toBe('01 05');
    expect(statusOf(ask(request(11, words(0, 0x800000, 0x10000, 0x1000, 0x100, 0xffff))))).toBe('00 05');
    expect(begin(0x1000, 1, 0x400, 0x500000)).toBe('00 05');
    expect(statusOf(ask(block(3, 0, data)))).toBe('00 05');
    expect(flash(0x500000, 0x400)).toEqual(data);
  });
});

describe('register commands', () => {
  it('WRITE_REG changes the bits of its mask, for each entry', () => {
    ask(request(9, words(0x60000730, 0x11223344, 0xffffffff, 0, 0x60000734, 0x55667788, 0xffffffff, 0)));
    ask(request(9, words(0x60000730, 0xffffffff, 0x00ff00f0, 0)));
    expect(ask(request(10, word(0x60000730)))).toEqual(['01 0a 02 00 f4 33 ff 11 00 00']);
    expect(ask(request(10, word(0x60000734)))).toEqual(['01 0a 02 00 88 77 66 55 00 00']);
  });

  it('WRITE_REG waits before it writes, 1.54 times as long as told', () => {
    serial.clear();
    type(request(9, words(0x60000730, 5, 0xffffffff, 10_000)));
    board.runFor(5e6); // the request is through after 2.3 ms
    const sentTicks = board.nowTicks;
    board.runUntil(sentTicks + microsToTicks(11_000));
    expect(board.bus.readRegister(0x60000730, 0)).toBe(0);
    board.runFor(5e6);
    expect(board.bus.readRegister(0x60000730, 0)).toBe(5);
    expect(frames()).toHaveLength(1);
  });

  it('the delay of an entry is 16 bits wide', () => {
    expect(ask(request(9, words(0x60000730, 9, 0xffffffff, 0xffff0000)))).toHaveLength(1);
    expect(board.bus.readRegister(0x60000730, 0)).toBe(9);
  });

  it('READ_REG takes an address as a word, its low bits do not count', () => {
    expect(ask(request(10, word(0x40001003)))).toEqual(['01 0a 02 00 01 c1 f0 ff 00 00']);
  });
});
