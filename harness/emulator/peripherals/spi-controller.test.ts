import { describe, expect, it } from '@jest/globals';
import { EmulatorFault } from '../fault';
import { FlashBench } from './flash-testbench';
import type { Clocks } from './peripheral';
import { SpiController } from './spi-controller';
import { SPI_REGISTERS as R } from './spi-registers';

const APB_80_TICKS = 26;

const CONTENT = Uint8Array.from({ length: 0x400000 }, (_, i) => (i * 13 + (i >> 8)) & 0xff);

interface Board {
  readonly bench: FlashBench;
  readonly spi: SpiController;
  readonly irqs: boolean[];
  readonly ahb: boolean[];
}

function board(
  options: {
    readonly busTiming?: 'clocked' | 'instant';
    readonly apbHz?: number;
    readonly empty?: boolean;
  } = {},
): Board {
  const bench = new FlashBench({ sizeBytes: 0x400000, timing: 'fast' });
  bench.content.set(CONTENT);
  const apbHz = options.apbHz ?? 80_000_000;
  const clocks: Clocks = { crystalHz: 26_000_000, apbHz, cpuHz: apbHz, onChange: () => undefined };
  const spi = new SpiController({
    name: 'SPI0',
    scheduler: bench.queue,
    clocks,
    busTiming: options.busTiming ?? 'instant',
    ...(options.empty === true ? {} : { device: bench.chip }),
  });
  const irqs: boolean[] = [];
  const ahb: boolean[] = [];
  spi.onIrq = (asserted) => irqs.push(asserted);
  spi.onAhbChange = (enabled) => ahb.push(enabled);
  return { bench, spi, irqs, ahb };
}

/** Starts a command and waits as software does: until CMD reads 0. */
function run({ bench, spi }: Board, bit: number): void {
  spi.write32(R.SPI_CMD, bit);
  for (let polls = 0; spi.read32(R.SPI_CMD) !== 0; polls++) {
    if (polls > 100_000) throw new Error('CMD never cleared');
    bench.advanceTo(bench.nowTicks + APB_80_TICKS);
  }
}

function words(spi: SpiController, count: number): number[] {
  return Array.from({ length: count }, (_, i) => spi.read32(R.SPI_W0 + 4 * i));
}

function word(content: Uint8Array, at: number): number {
  return new DataView(content.buffer, content.byteOffset).getUint32(at, true);
}

describe('flash commands', () => {
  it('leaves the JEDEC id in W0, manufacturer low', () => {
    const b = board();
    b.spi.write32(R.SPI_W0, 0xffffffff);
    run(b, R.SPI_FLASH_RDID);
    expect(b.spi.read32(R.SPI_W0)).toBe(0x1640ef);
  });

  it.each([1, 4, 32, 63, 64])('reads %i bytes in wire order and leaves the rest of the buffer', (bytes) => {
    const b = board();
    for (let i = 0; i < 16; i++) b.spi.write32(R.SPI_W0 + 4 * i, 0xeeeeeeee);
    b.spi.write32(R.SPI_ADDR, ((bytes << 24) | 0x123457) >>> 0);
    run(b, R.SPI_FLASH_READ);
    const expected = new Uint8Array(64).fill(0xee);
    expected.set(b.bench.content.subarray(0x123457, 0x123457 + bytes));
    expect(words(b.spi, 16)).toEqual(Array.from({ length: 16 }, (_, i) => word(expected, 4 * i)));
  });

  it.each([
    ['slow', 0],
    ['fast', R.SPI_FASTRD_MODE],
    ['dual output', R.SPI_FASTRD_MODE | R.SPI_DOUT_MODE],
    ['dual I/O', R.SPI_FASTRD_MODE | R.SPI_DIO_MODE],
    ['quad output', R.SPI_FASTRD_MODE | R.SPI_QOUT_MODE],
    ['quad I/O', R.SPI_FASTRD_MODE | R.SPI_QIO_MODE],
    ['slow, since the mode bits need FASTRD', R.SPI_QIO_MODE],
  ])('reads the same in %s mode', (_name, ctrl) => {
    const b = board();
    b.spi.write32(R.SPI_CTRL, ctrl);
    b.spi.write32(R.SPI_ADDR, 0x04abcdef & 0x043fffff);
    run(b, R.SPI_FLASH_READ);
    expect(b.spi.read32(R.SPI_W0)).toBe(word(b.bench.content, 0x2bcdef));
  });

  it('reads all-ones in quad mode from a chip whose QE is clear', () => {
    const b = board();
    b.bench.write([0x31, 0x00]);
    b.spi.write32(R.SPI_CTRL, R.SPI_FASTRD_MODE | R.SPI_QIO_MODE);
    b.spi.write32(R.SPI_ADDR, 0x04000000);
    run(b, R.SPI_FLASH_READ);
    expect(b.spi.read32(R.SPI_W0)).toBe(0xffffffff);
    expect(b.spi.fetchable).toBe(false);
  });

  it('programs and erases the way the ROM does: WREN, wait for WEL, command, wait for WIP', () => {
    const b = board();
    const status = (): number => {
      b.spi.write32(R.SPI_RD_STATUS, 0);
      run(b, R.SPI_FLASH_RDSR);
      return b.spi.read32(R.SPI_RD_STATUS);
    };
    const finish = (): void => {
      for (let polls = 0; (status() & 1) !== 0; polls++) {
        if (polls > 10_000) throw new Error('WIP never cleared');
        b.bench.advanceTo(b.bench.nowTicks + 100);
      }
    };
    const operation = (bit: number, addr: number): void => {
      run(b, R.SPI_FLASH_WREN);
      expect(status() & 3).toBe(2);
      b.spi.write32(R.SPI_ADDR, addr);
      run(b, bit);
      expect(status() & 1).toBe(1);
      expect(b.spi.fetchable).toBe(false);
      finish();
      expect(status()).toBe(0);
      expect(b.spi.fetchable).toBe(true);
    };
    operation(R.SPI_FLASH_SE, 0x021000);
    operation(R.SPI_FLASH_BE, 0x100000);
    for (let i = 0; i < 16; i++) b.spi.write32(R.SPI_W0 + 4 * i, (0x01020304 * (i + 1)) >>> 0);
    operation(R.SPI_FLASH_PP, (64 << 24) | 0x021040);
    operation(R.SPI_FLASH_PP, (3 << 24) | 0x021080);
    b.spi.write32(R.SPI_USER, R.SPI_FWRITE_QUAD);
    operation(R.SPI_FLASH_PP, (32 << 24) | 0x021100);
    expect(b.bench.operations).toMatchObject([
      { kind: 'erase-sector', addr: 0x21000 },
      { kind: 'erase-block', addr: 0x100000 },
      { kind: 'program', addr: 0x21040, length: 64 },
      { kind: 'program', addr: 0x21080, length: 3 },
      { kind: 'program', addr: 0x21100, length: 32 },
    ]);
    expect(word(b.bench.content, 0x21040)).toBe(0x01020304);
    expect(word(b.bench.content, 0x2107c)).toBe(0x10203040);
    expect(word(b.bench.content, 0x21080)).toBe(0xff020304);
    expect(word(b.bench.content, 0x21104)).toBe(0x02040608);
    operation(R.SPI_FLASH_CE, 0);
    expect(b.bench.content.every((byte) => byte === 0xff)).toBe(true);
  });

  it('writes one status byte, or two with CTRL bit 22, and keeps the mode byte over RDSR', () => {
    const b = board();
    run(b, R.SPI_FLASH_WREN);
    b.spi.write32(R.SPI_RD_STATUS, 0x00a5001c);
    run(b, R.SPI_FLASH_WRSR);
    b.bench.finish();
    expect([b.bench.status(1), b.bench.status(2)]).toEqual([0x1c, 0x02]);
    run(b, R.SPI_FLASH_RDSR);
    expect(b.spi.read32(R.SPI_RD_STATUS)).toBe(0x00a5001c);
    b.spi.write32(R.SPI_CTRL, R.SPI_WRSR_2B);
    b.spi.write32(R.SPI_RD_STATUS, 0x0000);
    run(b, R.SPI_FLASH_WREN);
    run(b, R.SPI_FLASH_WRSR);
    b.bench.finish();
    expect([b.bench.status(1), b.bench.status(2)]).toEqual([0, 0]);
  });

  it('clears WEL by WRDI, and sends power-down and release', () => {
    const b = board();
    run(b, R.SPI_FLASH_WREN);
    run(b, R.SPI_FLASH_WRDI);
    expect(b.bench.status()).toBe(0);
    run(b, R.SPI_FLASH_DP);
    run(b, R.SPI_FLASH_RDID);
    expect(b.spi.read32(R.SPI_W0)).toBe(0xffffff);
    run(b, R.SPI_FLASH_RES);
    run(b, R.SPI_FLASH_HPM);
    run(b, R.SPI_FLASH_RDID);
    expect(b.spi.read32(R.SPI_W0)).toBe(0x1640ef);
  });

  it('faults on a transfer longer than its buffer', () => {
    const b = board();
    b.spi.write32(R.SPI_ADDR, 65 << 24);
    expect(() => b.spi.write32(R.SPI_CMD, R.SPI_FLASH_READ)).toThrow(EmulatorFault);
  });
});

describe('user transfers', () => {
  it('reads the id as a host tool does through USER, USER1, USER2', () => {
    const b = board();
    b.spi.write32(R.SPI_USER, R.SPI_USR_COMMAND | R.SPI_USR_MISO);
    b.spi.write32(R.SPI_USER1, 23 << 8);
    b.spi.write32(R.SPI_USER2, (7 << 28) | 0x9f);
    b.spi.write32(R.SPI_W0, 0);
    run(b, R.SPI_USR);
    expect(b.spi.read32(R.SPI_W0)).toBe(0x1640ef);
  });

  it('reads SFDP with a left-justified address and eight dummy clocks', () => {
    const b = board();
    b.spi.write32(R.SPI_USER, R.SPI_USR_COMMAND | R.SPI_USR_ADDR | R.SPI_USR_DUMMY | R.SPI_USR_MISO);
    b.spi.write32(R.SPI_USER1, ((23 << 26) | (31 << 8) | 7) >>> 0);
    b.spi.write32(R.SPI_USER2, (7 << 28) | 0x5a);
    b.spi.write32(R.SPI_ADDR, 0);
    run(b, R.SPI_USR);
    expect(b.spi.read32(R.SPI_W0)).toBe(0x50444653);
    b.spi.write32(R.SPI_ADDR, 0x10 << 8);
    b.spi.write32(R.SPI_USER1, ((23 << 26) | (7 << 8) | 7) >>> 0);
    b.spi.write32(R.SPI_W0, 0);
    run(b, R.SPI_USR);
    expect(b.spi.read32(R.SPI_W0)).toBe(0xff);
  });

  it('takes an address that is sent as data just as well', () => {
    const b = board();
    b.spi.write32(R.SPI_USER, R.SPI_USR_COMMAND | R.SPI_USR_MOSI | R.SPI_USR_MISO);
    b.spi.write32(R.SPI_USER1, (23 << 17) | (31 << 8));
    b.spi.write32(R.SPI_USER2, (7 << 28) | 0x03);
    b.spi.write32(R.SPI_W0, 0x785634);
    run(b, R.SPI_USR);
    expect(b.spi.read32(R.SPI_W0)).toBe(word(b.bench.content, 0x345678));
  });

  it('writes and reads the second status register', () => {
    const b = board();
    run(b, R.SPI_FLASH_WREN);
    b.spi.write32(R.SPI_USER, R.SPI_USR_COMMAND | R.SPI_USR_MOSI);
    b.spi.write32(R.SPI_USER1, 7 << 17);
    b.spi.write32(R.SPI_USER2, (7 << 28) | 0x31);
    b.spi.write32(R.SPI_W0, 0x40);
    run(b, R.SPI_USR);
    b.bench.finish();
    b.spi.write32(R.SPI_USER, R.SPI_USR_COMMAND | R.SPI_USR_MISO);
    b.spi.write32(R.SPI_USER1, 7 << 8);
    b.spi.write32(R.SPI_USER2, (7 << 28) | 0x35);
    b.spi.write32(R.SPI_W0, 0);
    run(b, R.SPI_USR);
    expect(b.spi.read32(R.SPI_W0)).toBe(0x40);
  });

  it('sends from and receives into the upper half of the buffer', () => {
    const b = board();
    b.spi.write32(
      R.SPI_USER,
      R.SPI_USR_COMMAND | R.SPI_USR_MOSI | R.SPI_USR_MISO | R.SPI_USR_MOSI_HIGHPART | R.SPI_USR_MISO_HIGHPART,
    );
    b.spi.write32(R.SPI_USER1, (23 << 17) | (63 << 8));
    b.spi.write32(R.SPI_USER2, (7 << 28) | 0x03);
    b.spi.write32(R.SPI_W0 + 32, 0x001000);
    run(b, R.SPI_USR);
    expect(b.spi.read32(R.SPI_W0 + 32)).toBe(word(b.bench.content, 0x001000));
    expect(b.spi.read32(R.SPI_W0 + 36)).toBe(word(b.bench.content, 0x001004));
    expect(b.spi.read32(R.SPI_W0)).toBe(0);
  });

  it('turns bytes and bits around when told to', () => {
    const b = board();
    const read = (user: number, ctrl: number): number => {
      b.spi.write32(R.SPI_CTRL, ctrl);
      b.spi.write32(R.SPI_USER, R.SPI_USR_COMMAND | R.SPI_USR_MISO | user);
      b.spi.write32(R.SPI_USER1, 23 << 8);
      b.spi.write32(R.SPI_USER2, (7 << 28) | 0x9f);
      b.spi.write32(R.SPI_W0, 0);
      run(b, R.SPI_USR);
      return b.spi.read32(R.SPI_W0);
    };
    expect(read(R.SPI_RD_BYTE_ORDER, 0)).toBe(0xef401600);
    expect(read(0, R.SPI_RD_BIT_ORDER)).toBe(0x6802f7);
    b.spi.write32(R.SPI_CTRL, R.SPI_WR_BIT_ORDER);
    b.spi.write32(R.SPI_USER, R.SPI_USR_MOSI | R.SPI_USR_MISO | R.SPI_WR_BYTE_ORDER);
    b.spi.write32(R.SPI_USER1, (7 << 17) | (7 << 8));
    b.spi.write32(R.SPI_W0, 0xf9000000);
    run(b, R.SPI_USR);
    expect(b.spi.read32(R.SPI_W0)).toBe(0xf90000ef);
  });

  it('receives a part of a byte in its upper bits', () => {
    const b = board();
    b.spi.write32(R.SPI_USER, R.SPI_USR_COMMAND | R.SPI_USR_MISO);
    b.spi.write32(R.SPI_USER1, 11 << 8);
    b.spi.write32(R.SPI_USER2, (7 << 28) | 0x9f);
    b.spi.write32(R.SPI_W0, 0);
    run(b, R.SPI_USR);
    expect(b.spi.read32(R.SPI_W0)).toBe(0x40ef);
  });

  it('sends a 16-bit command low byte first', () => {
    const b = board();
    run(b, R.SPI_FLASH_WREN);
    b.spi.write32(R.SPI_USER, R.SPI_USR_COMMAND);
    b.spi.write32(R.SPI_USER2, ((15 << 28) | 0x1c01) >>> 0);
    run(b, R.SPI_USR);
    b.bench.finish();
    expect(b.bench.status()).toBe(0x1c);
  });
});

describe('a controller with nothing attached', () => {
  it('reads all-ones, half and full duplex, and can never feed the cache', () => {
    const b = board({ empty: true });
    b.spi.write32(R.SPI_USER, R.SPI_USR_MISO);
    b.spi.write32(R.SPI_USER1, 511 << 8);
    run(b, R.SPI_USR);
    expect(words(b.spi, 16)).toEqual(new Array(16).fill(0xffffffff));
    b.spi.write32(R.SPI_W0, 0x12345678);
    b.spi.write32(R.SPI_USER, R.SPI_USR_MOSI | R.SPI_DUPLEX);
    b.spi.write32(R.SPI_USER1, (31 << 17) | (31 << 8));
    run(b, R.SPI_USR);
    expect(b.spi.read32(R.SPI_W0)).toBe(0xffffffff);
    expect(b.spi.fetchable).toBe(false);
  });
});

describe('time on the bus', () => {
  it.each([
    ['80 MHz, undivided', 80_000_000, R.SPI_CTRL_CLK_EQU_SYSCLK, 1 * 26],
    ['80 MHz by 2', 80_000_000, 0x101, 2 * 26],
    ['80 MHz by 4', 80_000_000, 0x313, 4 * 26],
    ['52 MHz by 3', 52_000_000, 0x202, 3 * 40],
  ])('keeps CMD set for the clock cycles of the transfer at %s', (_name, apbHz, divider, ticksPerClock) => {
    const b = board({ busTiming: 'clocked', apbHz });
    b.spi.write32(R.SPI_CTRL, divider);
    b.spi.write32(R.SPI_ADDR, 32 << 24);
    b.spi.write32(R.SPI_CMD, R.SPI_FLASH_READ);
    const ticks = (8 + 24 + 256) * ticksPerClock;
    b.bench.advanceTo(ticks - 1);
    expect([b.spi.read32(R.SPI_CMD), b.spi.read32(R.SPI_EXT2)]).toEqual([R.SPI_FLASH_READ, 1]);
    expect(b.spi.fetchable).toBe(false);
    b.bench.advanceTo(ticks);
    expect([b.spi.read32(R.SPI_CMD), b.spi.read32(R.SPI_EXT2)]).toEqual([0, 0]);
    expect(b.spi.fetchable).toBe(true);
  });

  it.each([
    [R.SPI_DOUT_MODE, 8 + 24 + 8 + 256 / 2],
    [R.SPI_DIO_MODE, 8 + 24 / 2 + 4 + 256 / 2],
    [R.SPI_QOUT_MODE, 8 + 24 + 8 + 256 / 4],
    [R.SPI_QIO_MODE, 8 + 24 / 4 + 6 + 256 / 4],
    [0, 8 + 24 + 8 + 256],
  ])('is shorter over more lines (mode %i: %i clocks)', (mode, clocks) => {
    const b = board({ busTiming: 'clocked' });
    b.spi.write32(R.SPI_CTRL, R.SPI_CTRL_CLK_EQU_SYSCLK | R.SPI_FASTRD_MODE | mode);
    b.spi.write32(R.SPI_ADDR, 32 << 24);
    b.spi.write32(R.SPI_CMD, R.SPI_FLASH_READ);
    b.bench.advanceTo(clocks * APB_80_TICKS - 1);
    expect(b.spi.read32(R.SPI_CMD)).not.toBe(0);
    b.bench.advanceTo(clocks * APB_80_TICKS);
    expect(b.spi.read32(R.SPI_CMD)).toBe(0);
  });

  it('divides user transfers by CLOCK', () => {
    const b = board({ busTiming: 'clocked' });
    b.spi.write32(R.SPI_CLOCK, (1 << 18) | (3 << 12));
    b.spi.write32(R.SPI_USER, R.SPI_USR_COMMAND | R.SPI_USR_MISO);
    b.spi.write32(R.SPI_USER1, 23 << 8);
    b.spi.write32(R.SPI_USER2, (7 << 28) | 0x9f);
    b.spi.write32(R.SPI_CMD, R.SPI_USR);
    const ticks = 32 * 8 * APB_80_TICKS;
    b.bench.advanceTo(ticks - 1);
    expect(b.spi.read32(R.SPI_CMD)).toBe(R.SPI_USR);
    b.bench.advanceTo(ticks);
    expect(b.spi.read32(R.SPI_CMD)).toBe(0);
  });

  it('starts the chip busy when chip select rises, and queues a command given too early', () => {
    const b = board({ busTiming: 'clocked' });
    b.spi.write32(R.SPI_CTRL, R.SPI_CTRL_CLK_EQU_SYSCLK);
    b.spi.write32(R.SPI_CMD, R.SPI_FLASH_WREN);
    b.spi.write32(R.SPI_CMD, R.SPI_FLASH_SE);
    expect(b.bench.operations).toMatchObject([{ atTicks: (8 + 32) * APB_80_TICKS }]);
  });
});

describe('the rest of the registers', () => {
  it('tells the cache when the AHB bit changes, and only then', () => {
    const b = board();
    b.spi.write32(R.SPI_CTRL, R.SPI_ENABLE_AHB | 0x101);
    b.spi.write32(R.SPI_CTRL, R.SPI_ENABLE_AHB);
    expect(b.spi.ahbEnabled).toBe(true);
    b.spi.write32(R.SPI_CTRL, 0);
    b.spi.write32(R.SPI_CTRL, R.SPI_ENABLE_AHB);
    b.spi.reset();
    expect(b.ahb).toEqual([true, false, true, false]);
    expect(b.spi.ahbEnabled).toBe(false);
  });

  it('raises TRANS_DONE at the end of a transfer and interrupts when enabled, until software clears it', () => {
    const b = board({ busTiming: 'clocked' });
    b.spi.write32(R.SPI_SLAVE, R.SPI_TRANS_DONE_EN);
    b.irqs.length = 0;
    b.spi.write32(R.SPI_CMD, R.SPI_FLASH_WREN);
    expect(b.spi.read32(R.SPI_SLAVE) & R.SPI_TRANS_DONE).toBe(0);
    b.bench.advanceTo(8 * APB_80_TICKS - 1);
    expect(b.irqs).toEqual([]);
    b.bench.advanceTo(8 * APB_80_TICKS);
    expect(b.irqs).toEqual([true]);
    expect(b.spi.read32(R.SPI_SLAVE)).toBe(R.SPI_TRANS_DONE | R.SPI_TRANS_DONE_EN | R.SPI_TRANS_CNT_ONE);
    b.spi.write32(R.SPI_CMD, R.SPI_FLASH_WREN);
    expect(b.spi.read32(R.SPI_SLAVE) & R.SPI_TRANS_DONE).toBe(R.SPI_TRANS_DONE);
    b.bench.finish();
    b.spi.write32(R.SPI_SLAVE, R.SPI_TRANS_DONE_EN);
    expect(b.irqs.at(-1)).toBe(false);
    expect(b.spi.read32(R.SPI_SLAVE)).toBe(R.SPI_TRANS_DONE_EN);
  });

  it('remembers the end of a transfer for an interrupt enabled later', () => {
    const b = board();
    run(b, R.SPI_FLASH_WREN);
    expect(b.irqs).toEqual([]);
    b.spi.write32(R.SPI_SLAVE, b.spi.read32(R.SPI_SLAVE) | R.SPI_TRANS_DONE_EN);
    expect(b.irqs.at(-1)).toBe(true);
  });

  it('keeps TRANS_DONE while the next transfer is under way', () => {
    const b = board({ busTiming: 'clocked' });
    run(b, R.SPI_FLASH_WREN);
    b.spi.write32(R.SPI_CMD, R.SPI_FLASH_WREN);
    expect(b.spi.read32(R.SPI_CMD)).toBe(R.SPI_FLASH_WREN);
    expect(b.spi.read32(R.SPI_SLAVE) & R.SPI_TRANS_DONE).toBe(R.SPI_TRANS_DONE);
  });

  it('does nothing as a slave without a master', () => {
    const b = board();
    b.spi.write32(R.SPI_SLAVE, R.SPI_SLAVE_MODE);
    b.spi.write32(R.SPI_W0, 0x11223344);
    run(b, R.SPI_USR);
    expect(b.spi.read32(R.SPI_W0)).toBe(0x11223344);
  });

  it('stores what it has no use for, and faults between W15 and the extension registers', () => {
    const b = board();
    for (const offset of [0x04, 0x0c, 0x14, 0x28, 0x2c, 0x34, 0x3c, 0xf0, 0xfc]) {
      b.spi.write32(offset, 0xdeadbeef);
      expect(b.spi.read32(offset)).toBe(0xdeadbeef);
    }
    b.spi.write32(R.SPI_EXT2, 7);
    expect(b.spi.read32(R.SPI_EXT2)).toBe(0);
    expect(() => b.spi.read32(0x80)).toThrow('SPI0 has no register +0x80');
    expect(() => b.spi.write32(0xec, 0)).toThrow(EmulatorFault);
  });

  it('forgets everything at a reset, while the chip goes on with what it does', () => {
    const b = board();
    run(b, R.SPI_FLASH_WREN);
    b.spi.write32(R.SPI_ADDR, 0x1000);
    run(b, R.SPI_FLASH_SE);
    b.spi.write32(R.SPI_W0, 5);
    b.spi.reset();
    expect([R.SPI_ADDR, R.SPI_W0, R.SPI_SLAVE, R.SPI_CMD].map((offset) => b.spi.read32(offset))).toEqual([
      0, 0, 0, 0,
    ]);
    expect(b.bench.chip.busy).toBe(true);
    b.bench.finish();
    expect(b.bench.content.subarray(0x1000, 0x2000).every((byte) => byte === 0xff)).toBe(true);
  });
});

describe('a snapshot of the controller', () => {
  it('goes on with the transfer, the interrupt and the AHB bit', () => {
    const first = board({ busTiming: 'clocked' });
    first.spi.write32(R.SPI_SLAVE, R.SPI_TRANS_DONE_EN);
    first.spi.write32(R.SPI_CTRL, R.SPI_ENABLE_AHB);
    first.spi.write32(R.SPI_CMD, R.SPI_FLASH_RDID);
    const saved = structuredClone({ spi: first.spi.save(), queue: first.bench.queue.save() });
    const second = board({ busTiming: 'clocked' });
    second.bench.queue.register(second.spi.alarm);
    second.bench.queue.register(second.bench.chip.alarm);
    second.spi.restore(saved.spi);
    second.bench.queue.restore(saved.queue);
    expect(second.spi.read32(R.SPI_CMD)).toBe(R.SPI_FLASH_RDID);
    expect(second.ahb).toEqual([true]);
    expect(second.irqs).toEqual([false]);
    second.bench.finish();
    expect(second.irqs).toEqual([false, true]);
    expect(second.spi.read32(R.SPI_W0)).toBe(0x1640ef);
    expect(() => second.spi.restore({ ...saved.spi, version: 3 })).toThrow('version 3');
  });
});
