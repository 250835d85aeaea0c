import { beforeEach, describe, expect, it } from '@jest/globals';
import type { FlashOperation } from '../peripherals/flash-operation';
import { RandomWords } from '../testkit/random-words';
import { ProgramBoard } from '../testkit/run-program';

const ROM = {
  sectorErase: 0x400040c0,
  pageProgram: 0x40004174,
  readData: 0x400042ac,
  readStatus: 0x400043c8,
  writeStatus: 0x40004400,
  writeEnable: 0x4000443c,
  waitIdle: 0x4000448c,
  enableQmode: 0x400044c0,
  disableQmode: 0x40004508,
  flashModeConfig: 0x40004568,
  attach: 0x40004644,
  unlock: 0x40004878,
  lock: 0x400048a8,
  eraseChip: 0x40004984,
  eraseBlock: 0x400049b4,
  eraseSector: 0x40004a00,
  write: 0x40004a4c,
  read: 0x40004b1c,
  eraseArea: 0x40004b44,
  paramCfg: 0x40004c2c,
} as const;

const CHIP = 0x3fffc718;
const BUFFER = 0x3ffe8000;
const OUT = 0x3fff0000;
const STATUS_WEL = 2;

const guest = new ProgramBoard({ flashSizeBytes: 0x800000 });
const { board } = guest;
let operations: FlashOperation[] = [];

beforeEach(() => {
  guest.rewind();
  operations = [];
  board.parts.flash.onOperation = (operation) => operations.push({ ...operation });
});

const flash = (offset: number, length: number): Uint8Array =>
  board.memory.flash.slice(offset, offset + length);

/** Runs of equal operations: `16 sectors 0x10000`. */
function summary(): string {
  const parts: { kind: string; count: number; first: number }[] = [];
  for (const { kind, addr } of operations) {
    const name = kind === 'erase-sector' ? 'sectors' : kind === 'erase-block' ? 'blocks' : kind;
    const last = parts.at(-1);
    if (last?.kind === name) last.count++;
    else parts.push({ kind: name, count: 1, first: addr });
  }
  return parts.map(({ kind, count, first }) => `${count} ${kind} from 0x${first.toString(16)}`).join(', ');
}

describe('SPIRead', () => {
  it.each([0, 1, 2, 3, 4, 5, 7, 31, 32, 33, 64, 100, 1000, 1023])(
    'reads %i bytes from any address, and no more',
    (length) => {
      const content = new RandomWords(length + 1).bytes(0x500);
      board.programFlash(0x40000, content);
      for (const offset of [0, 1, 2, 3, 0xff]) {
        guest.setBytes(OUT, new Uint8Array(0x500).fill(0x5a));
        expect(guest.call(ROM.read, [0x40000 + offset, OUT, length])).toBe(0);
        expect(guest.bytes(OUT, length)).toEqual(content.slice(offset, offset + length));
        expect([...guest.bytes(OUT + length, 8)]).toEqual(new Array(8).fill(0x5a));
      }
    },
  );

  it('refuses what lies beyond the size the ROM believes in, until SPIParamCfg', () => {
    board.programFlash(0x500000, Uint8Array.of(1, 2, 3, 4));
    expect(guest.call(ROM.read, [0x3ffffc, OUT, 4])).toBe(0);
    expect(guest.call(ROM.read, [0x3ffffc, OUT, 5])).toBe(1);
    expect(guest.call(ROM.read, [0x500000, OUT, 4])).toBe(1);
    expect(guest.call(ROM.paramCfg, [0x1740ef, 0x800000, 0x10000, 0x1000, 0x100, 0xffff])).toBe(0);
    expect(guest.call(ROM.read, [0x500000, OUT, 4])).toBe(0);
    expect([...guest.bytes(OUT, 4)]).toEqual([1, 2, 3, 4]);
  });
});

describe('SPIWrite', () => {
  it.each([
    [0, 0],
    [0, 4],
    [0, 32],
    [0, 256],
    [4, 252],
    [4, 256],
    [0xf0, 32],
    [0xfc, 1000],
    [0x10, 0x1800],
  ])('at offset %i of a page writes %i bytes, split where pages end', (offset, length) => {
    const data = new RandomWords(length).bytes(length);
    guest.setBytes(BUFFER, data);
    expect(guest.call(ROM.write, [0x40000 + offset, BUFFER, length])).toBe(0);
    expect(flash(0x40000 + offset, length)).toEqual(data);
    expect(board.memory.flash[0x40000 + offset - 1]).toBe(0xff);
    expect(board.memory.flash[0x40000 + offset + length]).toBe(0xff);
    expect(operations.every(({ kind, length: bytes }) => kind === 'program' && bytes <= 32)).toBe(true);
  });

  it('can only clear bits', () => {
    board.programFlash(0x40000, Uint8Array.of(0x0f, 0xff, 0x00, 0xaa));
    guest.setBytes(BUFFER, Uint8Array.of(0xf3, 0x12, 0xff, 0x55));
    guest.call(ROM.write, [0x40000, BUFFER, 4]);
    expect([...flash(0x40000, 4)]).toEqual([0x03, 0x12, 0, 0]);
  });

  it('refuses lengths that are no multiple of 4, and what lies beyond 4 MiB', () => {
    expect(guest.call(ROM.write, [0x40000, BUFFER, 3])).toBe(1);
    expect(guest.call(ROM.write, [0x3ffffc, BUFFER, 8])).toBe(1);
    expect(guest.call(ROM.write, [0x400000, BUFFER, 4])).toBe(1);
    expect(operations).toEqual([]);
    expect(guest.call(ROM.write, [0x3ffffc, BUFFER, 4])).toBe(0);
  });

  it('takes the chip’s own time, and lets interrupts in meanwhile', () => {
    const slow = new ProgramBoard({ flashTiming: 'silicon' });
    const before = slow.board.nowTicks;
    slow.call(ROM.write, [0x40000, BUFFER, 256]);
    const micros = (slow.board.nowTicks - before) / 2080;
    // Eight pieces of 0.4 ms.
    expect(micros).toBeGreaterThan(3_200);
    expect(micros).toBeLessThan(3_600);
    const erase = slow.board.nowTicks;
    slow.call(ROM.eraseSector, [64]);
    expect((slow.board.nowTicks - erase) / 2080).toBeGreaterThan(45_000);
    expect((slow.board.nowTicks - erase) / 2080).toBeLessThan(45_200);
  });
});

describe('erasing', () => {
  beforeEach(() => {
    board.memory.flash.fill(0, 0x10000, 0x80000);
  });

  it('SPIEraseSector and SPIEraseBlock take numbers, and refuse those beyond 4 MiB', () => {
    expect(guest.call(ROM.eraseSector, [0x21])).toBe(0);
    expect(guest.call(ROM.eraseBlock, [3])).toBe(0);
    expect(operations.map(({ kind, addr }) => [kind, addr])).toEqual([
      ['erase-sector', 0x21000],
      ['erase-block', 0x30000],
    ]);
    expect(flash(0x21000, 0x1000).every((byte) => byte === 0xff)).toBe(true);
    expect([board.memory.flash[0x20fff], board.memory.flash[0x22000], board.memory.flash[0x40000]]).toEqual([
      0, 0, 0,
    ]);
    expect([guest.call(ROM.eraseSector, [0x400]), guest.call(ROM.eraseBlock, [0x40])]).toEqual([1, 1]);
    expect(operations).toHaveLength(2);
    expect(guest.call(ROM.eraseSector, [0x3ff])).toBe(0);
  });

  // chip.md 6.2, all five rows as measured on the ROM.
  it.each([
    [0, 0x1000, '2 sectors from 0x0'],
    [0, 0x8000, '16 sectors from 0x0'],
    [0x1000, 0x1000, '2 sectors from 0x1000'],
    [0x10000, 0x40000, '16 sectors from 0x10000, 3 blocks from 0x20000, 16 sectors from 0x50000'],
    [0x1f000, 0x20000, '1 sectors from 0x1f000, 1 blocks from 0x20000, 16 sectors from 0x30000'],
  ])('SPIEraseArea(%i, %i) erases %s', (start, size, expected) => {
    expect(guest.call(ROM.eraseArea, [start, size])).toBe(0);
    expect(summary()).toBe(expected);
    // One after the other, without a hole.
    let next = start;
    for (const { addr, length } of operations) {
      expect(addr).toBe(next);
      next += length;
    }
  });

  it('SPIEraseArea erases head + n sectors for every start and size', () => {
    const random = new RandomWords(6);
    for (let round = 0; round < 25; round++) {
      operations = [];
      const start = 0x1000 * random.below(64);
      const sizeBytes = 1 + random.below(0x30000);
      guest.call(ROM.eraseArea, [start, sizeBytes]);
      const sectors = Math.ceil(sizeBytes / 0x1000);
      const head = Math.min(16 - ((start >> 12) % 16), sectors);
      const erased = operations.reduce((sum, { length }) => sum + length, 0);
      expect([start, sizeBytes, erased]).toEqual([start, sizeBytes, (head + sectors) * 0x1000]);
    }
  });

  it('SPIEraseArea refuses a start off a sector and an end beyond 4 MiB', () => {
    expect(guest.call(ROM.eraseArea, [0x100, 0x1000])).toBe(1);
    expect(guest.call(ROM.eraseArea, [0x3ff000, 0x2000])).toBe(1);
    expect(operations).toEqual([]);
    expect(guest.call(ROM.eraseArea, [0x3f0000, 0])).toBe(0);
    expect(operations).toEqual([]);
  });

  it('SPIEraseChip leaves nothing', () => {
    expect(guest.call(ROM.eraseChip)).toBe(0);
    expect(operations.map(({ kind }) => kind)).toEqual(['erase-chip']);
    expect(Buffer.from(board.memory.flash).equals(Buffer.alloc(0x800000, 0xff))).toBe(true);
  });
});

describe('the functions below', () => {
  it('SPI_write_enable leaves WEL set; SPI_sector_erase does not set it itself', () => {
    expect(guest.call(ROM.sectorErase, [CHIP, 0x20000])).toBe(0);
    expect(operations).toEqual([]);
    expect(guest.call(ROM.writeEnable, [CHIP])).toBe(0);
    expect(guest.call(ROM.readStatus, [CHIP, OUT])).toBe(0);
    expect(guest.word(OUT)).toBe(STATUS_WEL);
    expect(guest.call(ROM.sectorErase, [CHIP, 0x20000])).toBe(0);
    expect(operations.map(({ addr }) => addr)).toEqual([0x20000]);
    guest.call(ROM.readStatus, [CHIP, OUT]);
    expect(guest.word(OUT)).toBe(0);
    expect(guest.call(ROM.sectorErase, [CHIP, 0x20800])).toBe(1);
  });

  it('SPI_page_program does WREN itself, 32 bytes at a time, and stays in one page', () => {
    const data = new RandomWords(3).bytes(100);
    guest.setBytes(BUFFER, data);
    expect(guest.call(ROM.pageProgram, [CHIP, 0x20010, BUFFER, 100])).toBe(0);
    expect(flash(0x20010, 100)).toEqual(data);
    expect(operations.map(({ length }) => length)).toEqual([32, 32, 32, 4]);
    expect(guest.call(ROM.pageProgram, [CHIP, 0x200f0, BUFFER, 20])).toBe(1);
    expect(guest.call(ROM.pageProgram, [CHIP, 0x20000, BUFFER, 6])).toBe(1);
    expect(operations).toHaveLength(4);
  });

  it('SPI_read_data checks against the chip structure that it is given', () => {
    [0, 0x1000, 0x10000, 0x1000, 0x100, 0xffff].forEach((word, index) =>
      guest.setWord(OUT + 64 + 4 * index, word),
    );
    expect(guest.call(ROM.readData, [OUT + 64, 0xffc, OUT, 4])).toBe(0);
    expect(guest.call(ROM.readData, [OUT + 64, 0xffd, OUT, 4])).toBe(1);
  });

  it('SPI_write_status, SPILock and SPIUnlock set the protection bits, which the chip obeys', () => {
    guest.call(ROM.lock);
    guest.call(ROM.waitIdle, [CHIP]);
    guest.call(ROM.readStatus, [CHIP, OUT]);
    expect(guest.word(OUT)).toBe(0x1c);
    operations = [];
    guest.setBytes(BUFFER, new Uint8Array(4));
    guest.call(ROM.eraseSector, [0]);
    expect(operations).toEqual([]);
    guest.call(ROM.unlock);
    guest.call(ROM.readStatus, [CHIP, OUT]);
    expect(guest.word(OUT)).toBe(0);
    guest.call(ROM.eraseSector, [0]);
    expect(operations.at(-1)).toMatchObject({ kind: 'erase-sector', addr: 0 });
    guest.call(ROM.writeEnable, [CHIP]);
    guest.call(ROM.writeStatus, [CHIP, 0x04]);
    guest.call(ROM.readStatus, [CHIP, OUT]);
    expect(guest.word(OUT)).toBe(4);
  });

  it('SPI_read_status shows the bits of the chip’s mask only', () => {
    guest.call(ROM.writeEnable, [CHIP]);
    guest.setWord(CHIP + 20, 0xfffd);
    guest.call(ROM.readStatus, [CHIP, OUT]);
    expect(guest.word(OUT)).toBe(0);
  });

  it('Enable_QMode sets QE through a two-byte write of the status, Disable_QMode clears it', () => {
    const quadEnabled = (): number => (board.parts.flash.status.read(2) >> 1) & 1;
    expect(guest.call(ROM.enableQmode, [CHIP])).toBe(0);
    expect(quadEnabled()).toBe(1);
    expect((board.bus.readRegister(0x60000208, 0) >>> 22) & 1).toBe(1);
    expect(guest.call(ROM.disableQmode, [CHIP])).toBe(0);
    expect(quadEnabled()).toBe(0);
  });

  it.each([
    [0, 24],
    [1, 20],
    [2, 23],
    [3, 14],
  ])('SPIFlashModeConfig(%i) sets fast read and bit %i of CTRL, and reads go on working', (mode, bit) => {
    if (mode < 2) guest.call(ROM.enableQmode, [CHIP]);
    board.programFlash(0x40000, Uint8Array.of(9, 8, 7, 6));
    guest.call(ROM.flashModeConfig, [mode]);
    const modes = (1 << 24) | (1 << 23) | (1 << 20) | (1 << 14) | (1 << 13);
    expect(board.bus.readRegister(0x60000208, 0) & modes).toBe((1 << bit) | (1 << 13));
    guest.call(ROM.read, [0x40000, OUT, 4]);
    expect([...guest.bytes(OUT, 4)]).toEqual([9, 8, 7, 6]);
  });

  it('spi_flash_attach gives the SD pins to SPI', () => {
    guest.call(ROM.attach);
    for (const pin of [0x1c, 0x20, 0x24, 0x28, 0x2c, 0x30]) {
      expect((board.bus.readRegister(0x60000800 + pin, 0) >> 4) & 3).toBe(1);
    }
  });
});
