import { describe, expect, it } from '@jest/globals';
import { IRAM_BASE } from '../../chip/esp8266';
import { Board } from '../board';
import type { BoardConfig } from '../board-config';
import { assemble } from '../cpu/assemble';
import { DEFAULT_GPIO_CONFIG } from '../peripherals';
import { buildImage, steerChecksum, type ImageSegment } from '../testkit/image-builder';
import { RandomWords } from '../testkit/random-words';
import { SerialText } from '../testkit/serial-text';

const BANNER = '\r\n ets Jan  8 2013,rst cause:1, boot mode:(3,6)\r\n\r\n';
/** What the ROM prints when the SPI load fails. */
const FAILED = 'ets_main.c  \r\n';
const GPIO2 = 1 << 2;
const GPIO0 = 1 << 0;
const GPIO15 = 1 << 15;

interface Booted {
  readonly board: Board;
  readonly serial: SerialText;
}

/** One board for the whole file: power off and on loses everything but the flash, which each test writes. */
const shared = new Board();

function boot(flash: Uint8Array, forMicros = 200_000, board = shared): Booted {
  board.powerOff();
  board.eraseFlash();
  board.programFlash(0, flash);
  const serial = new SerialText(board);
  board.powerOn();
  board.runFor(forMicros * 1000);
  return { board, serial };
}

/** Segments of the given sizes with random content, the code at the entry, and the checksums of chip.md 5.2. */
function measuredImage(
  rows: readonly (readonly [loadAddr: number, length: number, checksum: number])[],
  entryAddr: number,
  source: string,
): Uint8Array {
  const random = new RandomWords(52);
  const code = assemble(source, entryAddr).bytes;
  let checksum = 0xef;
  const segments = rows.map(([loadAddr, length, wanted]): ImageSegment => {
    const data = random.bytes(length);
    if (entryAddr >= loadAddr && entryAddr < loadAddr + length) data.set(code, entryAddr - loadAddr);
    const steered = steerChecksum(data, checksum, wanted);
    checksum = wanted;
    return { loadAddr, data: steered };
  });
  return buildImage(segments, { entryAddr });
}

const FIRST_ROWS = [
  [0x40100000, 5860, 0x62],
  [0x3ffe8008, 24, 0xdb],
  [0x3ffe8020, 3324, 0xa8],
] as const;

/** An image with one segment of code at the start of IRAM. */
function codeImage(source: string): Uint8Array {
  return buildImage([{ loadAddr: IRAM_BASE, data: padded(assemble(source, IRAM_BASE).bytes) }], {
    entryAddr: IRAM_BASE,
  });
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array((bytes.length + 3) & ~3);
  whole.set(bytes);
  return whole;
}

/** The lines of a healthy load of `codeImage`. */
function loadLines(image: Uint8Array): string {
  const length = new DataView(image.buffer).getUint32(12, true);
  const sum = image[image.length - 1]!.toString(16).padStart(2, '0');
  return (
    `load 0x40100000, len ${length}, room 16 \r\ntail ${length & 15}\r\n` +
    `chksum 0x${sum}\r\ncsum 0x${sum}\r\n`
  );
}

describe('the load of an image', () => {
  it('prints the lines measured for a second-stage bootloader of 2020 and calls its entry', () => {
    const image = measuredImage(
      FIRST_ROWS,
      0x40100274,
      // The program keeps its a0 at 0x3fff8000: where the ROM wants it to return to.
      `movi a2, 1
       slli a2, a2, 30
       movi a3, 1
       slli a3, a3, 15
       sub a2, a2, a3
       s32i a0, a2, 0
       here: j here`,
    );
    const { board, serial } = boot(image);
    expect(serial.text).toBe(
      BANNER +
        'load 0x40100000, len 5860, room 16 \r\ntail 4\r\nchksum 0x62\r\n' +
        'load 0x3ffe8008, len 24, room 4 \r\ntail 4\r\nchksum 0xdb\r\n' +
        'load 0x3ffe8020, len 3324, room 4 \r\ntail 8\r\nchksum 0xa8\r\n' +
        'csum 0xa8\r\n',
    );
    expect(board.memory.words[board.bus.locate(0x3fff8000) >> 2]! >>> 0).toBe(0x40001100);
    expect(board.cpu.pc).toBeGreaterThanOrEqual(0x40100274);
    expect(board.cpu.pc).toBeLessThan(0x401002a0);
    // Everything arrived in RAM as it stands in the image.
    expect(board.memory.region('iram').slice(0, 5860)).toEqual(image.slice(16, 16 + 5860));
    expect(board.memory.region('dram').slice(8, 32)).toEqual(image.slice(5884, 5908));
    expect(board.memory.region('dram').slice(0x20, 0x20 + 3324)).toEqual(image.slice(5916, 5916 + 3324));
  });

  it('prints the lines measured for boot_v1.7, whose parts end where lines of 16 bytes end', () => {
    const image = measuredImage(
      [
        [0x40100000, 2592, 0xf3],
        [0x3ffe8000, 764, 0x92],
        [0x3ffe82fc, 676, 0x22],
      ],
      0x4010057c,
      'here: j here',
    );
    const { board, serial } = boot(image);
    expect(serial.text).toBe(
      BANNER +
        'load 0x40100000, len 2592, room 16 \r\ntail 0\r\nchksum 0xf3\r\n' +
        'load 0x3ffe8000, len 764, room 8 \r\ntail 4\r\nchksum 0x92\r\n' +
        'load 0x3ffe82fc, len 676, room 4 \r\ntail 0\r\nchksum 0x22\r\n' +
        'csum 0x22\r\n',
    );
    expect(board.cpu.pc).toBe(0x4010057c);
    expect(board.memory.region('dram').slice(0x2fc, 0x2fc + 676)).toEqual(image.slice(3388, 3388 + 676));
  });

  it.each([4, 8, 12, 16, 20, 24, 28, 32, 36])(
    'brings every byte to RAM when segments of %i bytes meet line ends in every way',
    (length) => {
      const random = new RandomWords(length);
      const segments: ImageSegment[] = [
        { loadAddr: IRAM_BASE, data: padded(assemble('here: j here', IRAM_BASE).bytes) },
        ...[0, 1, 2, 3, 4].map((index) => ({
          loadAddr: 0x3ffe8000 + 0x100 * index,
          data: random.bytes(length + 4 * (index & 1)),
        })),
      ];
      const { board, serial } = boot(buildImage(segments, { entryAddr: IRAM_BASE }));
      const dram = board.memory.region('dram');
      for (const { loadAddr, data } of segments.slice(1)) {
        expect(dram.slice(loadAddr - 0x3ffe8000, loadAddr - 0x3ffe8000 + data.length)).toEqual(data);
      }
      expect(serial.text).not.toContain('err');
      expect(board.cpu.pc).toBe(IRAM_BASE);
    },
  );

  it('loads segments of any length at any place of a line', () => {
    const random = new RandomWords(77);
    for (let round = 0; round < 12; round++) {
      const segments: ImageSegment[] = [
        { loadAddr: IRAM_BASE, data: padded(assemble('here: j here', IRAM_BASE).bytes) },
      ];
      const count = 1 + random.below(6);
      for (let i = 0; i < count; i++) {
        segments.push({ loadAddr: 0x3ffe8000 + 0x400 * i, data: random.bytes(4 * random.below(40)) });
      }
      const { board, serial } = boot(buildImage(segments, { entryAddr: IRAM_BASE }));
      expect(serial.text).not.toContain('err');
      for (const { loadAddr, data } of segments.slice(1)) {
        const at = loadAddr - 0x3ffe8000;
        expect(board.memory.region('dram').slice(at, at + data.length)).toEqual(data);
      }
      expect(board.cpu.pc).toBe(IRAM_BASE);
    }
  });

  it('prints a ho line where the next header runs over the end of a line', () => {
    // 8 + 8 + 20 = 36: the second header begins at 36 (in line), the third at 36 + 8 + 16 = 60 = 12 in its line.
    const image = buildImage(
      [
        { loadAddr: IRAM_BASE, data: padded(assemble('here: j here\n.space 16', IRAM_BASE).bytes) },
        { loadAddr: 0x3ffe8000, data: new Uint8Array(16) },
        { loadAddr: 0x3ffe8100, data: Uint8Array.of(1, 2, 3, 4) },
      ],
      { entryAddr: IRAM_BASE },
    );
    const { board, serial } = boot(image);
    expect(serial.text).toContain('\r\nho 4 tail 4 room 12\r\nload 0x3ffe8100, len 4, room 12 \r\n');
    expect([...board.memory.region('dram').slice(0x100, 0x104)]).toEqual([1, 2, 3, 4]);
  });

  it('says "user code done" when the entry returns, and stays', () => {
    const image = codeImage('ret');
    const { board, serial } = boot(image);
    expect(serial.text).toBe(BANNER + loadLines(image) + 'user code done\r\n');
    expect(board.runFor(1e9)).toBe('time');
    expect(serial.text).toBe(BANNER + loadLines(image) + 'user code done\r\n');
  });
});

describe('an image that cannot be booted', () => {
  const good = measuredImage(FIRST_ROWS, 0x40100274, 'here: j here');

  it.each([20, 3000, 5875, 5890, 9239])('with byte %i changed ends in csum err', (at) => {
    const bad = good.slice();
    bad[at]! ^= 0x40;
    const { board, serial } = boot(bad);
    expect(serial.text).toMatch(/\r\ncsum 0x[0-9a-f]{2}\r\ncsum err\r\nets_main\.c {2}\r\n$/);
    expect(serial.text).not.toContain('csum 0xa8');
    expect(board.runFor(2e9)).toBe('time');
    expect(serial.text.endsWith(FAILED)).toBe(true);
  });

  it('with its checksum byte changed ends in csum err', () => {
    const bad = good.slice();
    bad[bad.length - 1]! ^= 1;
    expect(boot(bad).serial.text).toMatch(/csum 0xa8\r\ncsum err\r\nets_main\.c {2}\r\n$/);
  });

  it.each([
    ['an empty flash', new Uint8Array(0), ''],
    ['a wrong magic', buildImage([], { entryAddr: IRAM_BASE, magic: 0xea }), ''],
    [
      'a segment outside RAM',
      buildImage([{ loadAddr: 0x40200000, data: new Uint8Array(16) }], { entryAddr: IRAM_BASE }),
      'load 0x40200000, len 16, room 16 \r\n',
    ],
    [
      'a segment that runs over the end of RAM',
      buildImage([{ loadAddr: 0x4010fff0, data: new Uint8Array(32) }], { entryAddr: IRAM_BASE }),
      'load 0x4010fff0, len 32, room 16 \r\n',
    ],
    [
      'a segment at an odd address',
      buildImage([{ loadAddr: 0x40100002, data: new Uint8Array(16) }], { entryAddr: IRAM_BASE }),
      'load 0x40100002, len 16, room 16 \r\n',
    ],
    [
      'a segment of odd length',
      buildImage([{ loadAddr: 0x40100000, data: new Uint8Array(18) }], { entryAddr: IRAM_BASE }),
      'load 0x40100000, len 18, room 16 \r\n',
    ],
  ])('because of %s says so and stops', (_name, image, lines) => {
    const { board, serial } = boot(image);
    expect(serial.text).toBe(BANNER + lines + FAILED);
    expect(board.runFor(5e9)).toBe('time');
    expect(serial.text).toBe(BANNER + lines + FAILED);
  });

  it('because it is truncated meets erased flash and stops', () => {
    const { board, serial } = boot(good.slice(0, 4000));
    // The first segment's missing end reads as FF; the next header is FF FF FF FF FF FF FF FF.
    expect(serial.text).toMatch(/chksum 0x..\r\nload 0xffffffff, len -1, room 4 \r\nets_main\.c {2}\r\n$/);
    expect(board.runFor(5e9)).toBe('time');
  });

  it('with twenty segments is loaded all the same: the ROM has no limit of its own', () => {
    const code = padded(assemble('here: j here', IRAM_BASE).bytes);
    const many = Array.from({ length: 20 }, (_, index) => ({
      loadAddr: IRAM_BASE + 0x40 * index,
      data: code,
    }));
    const { board, serial } = boot(buildImage(many, { entryAddr: IRAM_BASE + 0x40 * 19 }));
    expect(serial.text.match(/load 0x/g)).toHaveLength(20);
    expect(board.cpu.pc).toBe(IRAM_BASE + 0x40 * 19);
  });

  it('with more segments announced than there are stops at the first that is none', () => {
    const image = buildImage([{ loadAddr: IRAM_BASE, data: new Uint8Array(16) }], {
      entryAddr: IRAM_BASE,
      segmentCount: 255,
    });
    expect(boot(image).serial.text).toMatch(/load 0x00000000, len .*\r\nets_main\.c {2}\r\n$/);
  });

  it('over the variables of the ROM itself never hangs the emulator', () => {
    for (const loadAddr of [0x3fffc000, 0x3fffdb00, 0x3fffdae0, 0x3fffff00]) {
      const data = new RandomWords(loadAddr).bytes(0x100);
      const image = buildImage([{ loadAddr, data }], { entryAddr: IRAM_BASE });
      try {
        boot(image, 50_000);
      } catch (error) {
        // Where the ruined ROM runs into nothing, the emulator says where; it does not die of it.
        expect((error as { code?: string }).code).toMatch(/^ESPRIG_EMU_/);
      }
    }
  });
});

describe('the banner', () => {
  const boards = new Map<string, Board>();
  function bannerOf(config: Partial<BoardConfig>): string {
    const key = JSON.stringify(config);
    const board = boards.get(key) ?? new Board(config);
    boards.set(key, board);
    return boot(codeImage('here: j here'), 20_000, board).serial.text;
  }
  const levels = (idleLevels: number, sdStraps = 6): Partial<BoardConfig> => ({
    gpio: { idleLevels, sdStraps },
  });
  const IDLE = DEFAULT_GPIO_CONFIG.idleLevels & ~(GPIO0 | GPIO2 | GPIO15);

  it.each([
    ['GPIO0 low: serial loader', IDLE | GPIO2, 'boot mode:(1,6)\r\n\r\n'],
    ['GPIO15 high too', IDLE | GPIO2 | GPIO15, 'boot mode:(5,6)\r\n\r\nwaiting for host\r\n'],
    ['GPIO0 and GPIO2 low', IDLE, 'boot mode:(0,6)\r\n\r\nwaiting for host\r\n'],
    ['all up', IDLE | GPIO0 | GPIO2 | GPIO15, 'boot mode:(7,6)\r\n\r\nwaiting for host\r\n'],
  ])('shows the straps (%s)', (_name, idleLevels, tail) => {
    expect(bannerOf(levels(idleLevels))).toBe('\r\n ets Jan  8 2013,rst cause:1, ' + tail);
  });

  it('shows the SD straps as the second number', () => {
    expect(bannerOf(levels(DEFAULT_GPIO_CONFIG.idleLevels, 7))).toContain('boot mode:(3,7)\r\n');
  });

  it('goes out at 52 MHz / 694 with a 26 MHz crystal, and sends CR LF for LF', () => {
    const { serial } = boot(codeImage('here: j here'));
    expect(new Set(serial.sent.map(({ baud }) => baud))).toEqual(new Set([74928]));
    expect(serial.text.startsWith('\r\n')).toBe(true);
    expect(serial.text.match(/(?<!\r)\n/)).toBeNull();
    expect(serial.text.match(/\r(?!\n)/)).toBeNull();
  });
});

describe('a fatal exception in ROM vectors', () => {
  const fatal = (cause: number, epc1: string, excvaddr: string): string =>
    `Fatal exception (${cause}): \r\n` +
    `epc1=${epc1}, epc2=0x00000000, epc3=0x00000000, excvaddr=${excvaddr}, depc=0x00000000\r\n`;

  it.each([
    ['an absent instruction', 0, 'ill', '0x40100000', '0x00000000'],
    ['a load at address 8', 28, 'movi a2, 0\nl32i a3, a2, 8', '0x40100003', '0x00000008'],
    ['a store at address 4', 29, 'movi a2, 0\ns32i a3, a2, 4', '0x40100003', '0x00000004'],
    ['a byte load from IRAM', 3, 'movi a2, 1\nslli a2, a2, 30\nl8ui a3, a2, 1', '0x40100006', '0x40000001'],
    ['an unaligned load', 9, 'movi a2, 2\nl32i a3, a2, 4', '0x40100003', '0x00000006'],
  ])(
    'after %s prints cause %i and the registers, again and again',
    (_name, cause, source, epc1, excvaddr) => {
      const image = codeImage(source);
      const once = fatal(cause, epc1, excvaddr);
      const { serial } = boot(image, 120_000);
      const said = serial.text.slice((BANNER + loadLines(image)).length);
      expect(said.slice(0, 3 * once.length)).toBe(once + once + once);
    },
  );
});
