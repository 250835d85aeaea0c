import { describe, expect, it } from '@jest/globals';
import { createBench, type Bench } from '../testkit/manual-time';
import { TICKS_PER_SECOND } from '../time';
import { Uart, type UartConfig } from './uart';

const FIFO = 0x00;
const INT_RAW = 0x04;
const INT_ST = 0x08;
const INT_ENA = 0x0c;
const INT_CLR = 0x10;
const CLKDIV = 0x14;
const AUTOBAUD = 0x18;
const STATUS = 0x1c;
const CONF0 = 0x20;
const CONF1 = 0x24;
const LOWPULSE = 0x28;
const HIGHPULSE = 0x2c;
const RXD_CNT = 0x30;

const RXFULL = 1;
const TXEMPTY = 2;
const PARITY = 4;
const FRAME = 8;
const OVERFLOW = 0x10;
const BREAK = 0x80;
const TIMEOUT = 0x100;

const FORMAT_8N1 = 0x1c;
const LOOPBACK = 1 << 14;
const RXFIFO_RST = 1 << 17;
const TXFIFO_RST = 1 << 18;
const TIMEOUT_ENABLE = 0x80000000;

/** Ticks of a bit and of a frame at the divider after reset, APB 52 MHz. */
const BIT = 694 * 40;
const BYTE = 10 * BIT;
const ROM_BAUD = 74928;

/** "ets Jan", how the ROM's greeting begins. */
const ROM_TEXT: readonly number[] = [0x65, 0x74, 0x73, 0x20, 0x4a, 0x61, 0x6e];

const rxCount = (uart: Uart): number => uart.read32(STATUS) & 0xff;
const txCount = (uart: Uart): number => (uart.read32(STATUS) >>> 16) & 0xff;
const frameTicks = (baud: number): number => Math.round((10 * TICKS_PER_SECOND) / baud);

interface UartBench extends Bench {
  readonly uart: Uart;
  readonly sent: [byte: number, baud: number, atTicks: number][];
  readonly irq: { level: boolean };
}

function createUartBench(config: Partial<UartConfig> = {}): UartBench {
  const bench = createBench();
  const sent: [number, number, number][] = [];
  const irq = { level: false };
  const uart = new Uart(
    bench.context,
    {
      irq: (asserted) => {
        irq.level = asserted;
      },
      onTransmit: (byte, baud, atTicks) => sent.push([byte, baud, atTicks]),
    },
    {
      name: 'uart0',
      garbleOnBaudMismatch: false,
      instantTx: false,
      inputQueueBytes: 1024,
      fastWire: false,
      ...config,
    },
  );
  return { ...bench, uart, sent, irq };
}

function send(uart: Uart, bytes: readonly number[], baud = ROM_BAUD): void {
  for (const byte of bytes) expect(uart.receiveByte(byte, baud)).toBe(true);
}

function drain(uart: Uart): readonly number[] {
  const bytes: number[] = [];
  while (rxCount(uart) > 0) bytes.push(uart.read32(FIFO));
  return bytes;
}

describe('UART registers', () => {
  it('have the documented reset values', () => {
    const { uart } = createUartBench();
    const read = (offset: number): number => uart.read32(offset);
    expect([CLKDIV, AUTOBAUD, CONF0, CONF1, LOWPULSE, HIGHPULSE, RXD_CNT, 0x78, 0x7c].map(read)).toEqual([
      0x2b6, 0x1000, 0x1c, 0x6060, 0xfffff, 0xfffff, 0, 0x00062000, 0x500,
    ]);
    expect([read(INT_ENA), read(INT_ST), rxCount(uart), txCount(uart)]).toEqual([0, 0, 0, 0]);
    expect(uart.baud).toBe(ROM_BAUD);
  });

  it('refuse an offset that no source knows', () => {
    const { uart } = createUartBench();
    expect(() => uart.read32(0x34)).toThrow('uart0 has no register at +0x34');
    expect(() => uart.write32(0x34, 0)).toThrow('uart0 has no register at +0x34');
  });

  it('come back after a reset of the chip, with empty FIFOs and no interrupt', () => {
    const { uart, time, irq, sent } = createUartBench();
    uart.write32(CONF1, 0x6001);
    uart.write32(INT_ENA, RXFULL);
    uart.write32(CLKDIV, 100);
    send(uart, [1], 520_000);
    uart.write32(FIFO, 0x41);
    uart.write32(FIFO, 0x42);
    time.advanceBy(frameTicks(520_000));
    expect(irq.level).toBe(true);
    sent.length = 0;
    uart.reset();
    expect([irq.level, rxCount(uart), txCount(uart), uart.read32(CLKDIV), uart.read32(CONF1)]).toEqual([
      false,
      0,
      0,
      0x2b6,
      0x6060,
    ]);
    time.advanceBy(10 * BYTE);
    expect([sent, uart.txIdle]).toEqual([[], true]);
  });
});

describe('UART transmitter', () => {
  it('sends a byte in ten bit times and tags it with its baud', () => {
    const { uart, time, sent } = createUartBench();
    uart.write32(FIFO, 0x41);
    time.advanceBy(BYTE - 1);
    expect(sent).toEqual([]);
    time.advanceBy(1);
    expect(sent).toEqual([[0x41, ROM_BAUD, BYTE]]);
  });

  it('sends bytes back to back while its count goes down', () => {
    const { uart, time, sent } = createUartBench();
    for (let i = 0; i < 5; i++) uart.write32(FIFO, i);
    expect(txCount(uart)).toBe(4); // one is in the shift register
    const counts = [1, 2, 3, 4, 5].map(() => {
      time.advanceBy(BYTE);
      return txCount(uart);
    });
    expect(counts).toEqual([3, 2, 1, 0, 0]);
    expect(sent.map(([byte, , at]) => [byte, at / BYTE])).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
      [4, 5],
    ]);
  });

  it('keeps the moments of its bytes when one is served late', () => {
    const { uart, time, sent } = createUartBench();
    for (let i = 0; i < 3; i++) uart.write32(FIFO, i);
    time.jumpTo(BYTE + 777);
    time.jumpTo(5 * BYTE);
    expect(sent.map(([, , at]) => at / BYTE)).toEqual([1, 2, 3]);
  });

  it.each([
    ['8N1', 0x1c, 10],
    ['8N2', 0x3c, 11],
    ['8N1.5', 0x2c, 10.5],
    ['8E1', 0x1e, 11],
    ['7O2', 0x3b, 11],
    ['5N1', 0x10, 7],
  ])('takes the frame length of %s', (_name, conf0, bits) => {
    const { uart, time, sent } = createUartBench();
    uart.write32(CONF0, conf0);
    uart.write32(FIFO, 0xff);
    time.advanceBy(20 * BIT);
    expect(sent[0]![2]).toBe(bits * BIT);
    expect(sent[0]![0]).toBe((1 << (5 + ((conf0 >>> 2) & 3))) - 1);
  });

  it('never shows STATUS bit 31, busy or idle', () => {
    const { uart, time } = createUartBench();
    expect(uart.read32(STATUS) >>> 31).toBe(0);
    uart.write32(FIFO, 0);
    for (let i = 0; i < 12; i++) {
      expect(uart.read32(STATUS) >>> 31).toBe(0);
      time.advanceBy(BIT);
    }
  });

  it('loses what is written into a full FIFO', () => {
    const { uart, time, sent } = createUartBench();
    for (let i = 0; i < 140; i++) uart.write32(FIFO, i);
    expect([txCount(uart), uart.counts.txOverrunBytes]).toEqual([128, 11]);
    time.advanceBy(140 * BYTE);
    expect(sent.map(([byte]) => byte)).toEqual(Array.from({ length: 129 }, (_unused, i) => i));
  });

  it('follows CLKDIV from the next byte on', () => {
    const { uart, time, sent } = createUartBench();
    uart.write32(FIFO, 1);
    uart.write32(FIFO, 2);
    time.advanceBy(BIT);
    uart.write32(CLKDIV, 451);
    time.advanceBy(3 * BYTE);
    expect(sent).toEqual([
      [1, ROM_BAUD, BYTE],
      [2, 115299, BYTE + 10 * 451 * 40],
    ]);
  });

  it('speeds up with the APB clock', () => {
    const { uart, time, clocks, sent } = createUartBench();
    clocks.setPllRegister1(136);
    uart.write32(FIFO, 1);
    time.advanceBy(BYTE);
    expect(sent).toEqual([[1, 115274, 10 * 694 * 26]]);
  });

  it('drops its FIFO on reset but finishes the byte on the line', () => {
    const { uart, time, sent } = createUartBench();
    for (let i = 1; i <= 4; i++) uart.write32(FIFO, i);
    uart.write32(CONF0, FORMAT_8N1 | TXFIFO_RST);
    uart.write32(FIFO, 9);
    uart.write32(CONF0, FORMAT_8N1);
    expect(txCount(uart)).toBe(0);
    uart.write32(FIFO, 5);
    time.advanceBy(10 * BYTE);
    expect(sent.map(([byte]) => byte)).toEqual([1, 5]);
  });

  it('raises TXEMPTY below its threshold and again after it was cleared', () => {
    const { uart, time, irq } = createUartBench();
    uart.write32(CONF1, 0x0200); // below two bytes
    for (let i = 0; i < 4; i++) uart.write32(FIFO, i);
    uart.write32(INT_CLR, 0x1ff);
    uart.write32(INT_ENA, TXEMPTY);
    expect([uart.read32(INT_RAW), irq.level]).toEqual([0, false]);
    time.advanceBy(2 * BYTE - 1);
    expect(irq.level).toBe(false);
    time.advanceBy(1);
    expect([uart.read32(INT_ST), irq.level]).toEqual([TXEMPTY, true]);
    uart.write32(INT_CLR, TXEMPTY);
    expect(irq.level).toBe(true);
    for (let i = 0; i < 4; i++) uart.write32(FIFO, i);
    uart.write32(INT_CLR, TXEMPTY);
    expect(irq.level).toBe(false);
  });

  it('sends at once when pacing is off', () => {
    const { uart, sent } = createUartBench({ instantTx: true });
    for (let i = 0; i < 300; i++) uart.write32(FIFO, i & 0xff);
    expect(sent).toHaveLength(300);
    expect([txCount(uart), sent[299]]).toEqual([0, [299 & 0xff, ROM_BAUD, 0]]);
  });
});

describe('UART receiver', () => {
  it('delivers what was sent one frame time after the other', () => {
    const { uart, time } = createUartBench();
    send(uart, [0x11, 0x22, 0x33]);
    const frame = frameTicks(ROM_BAUD);
    time.advanceBy(frame - 1);
    expect(rxCount(uart)).toBe(0);
    time.advanceBy(1);
    expect(rxCount(uart)).toBe(1);
    time.advanceBy(2 * frame);
    expect(drain(uart)).toEqual([0x11, 0x22, 0x33]);
    expect(uart.read32(FIFO)).toBe(0);
  });

  it('keeps the pace of the line when a byte is served late', () => {
    const { uart, time } = createUartBench();
    send(uart, [1, 2, 3]);
    const frame = frameTicks(ROM_BAUD);
    time.jumpTo(frame + 777);
    time.runUntil(3 * frame - 1);
    expect(rxCount(uart)).toBe(2);
    time.runUntil(3 * frame);
    expect(rxCount(uart)).toBe(3);
  });

  it('shows the level of the line', () => {
    const { uart, time } = createUartBench();
    const level = (): number => (uart.read32(STATUS) >>> 15) & 1;
    expect(level()).toBe(1);
    send(uart, [0x02]);
    const seen = Array.from({ length: 11 }, () => {
      time.advanceBy(BIT / 2);
      const now = level();
      time.advanceBy(BIT / 2);
      return now;
    });
    expect(seen.join('')).toBe('00100000011');
  });

  it('raises RXFULL at its threshold and again as long as the FIFO stays full', () => {
    const { uart, time, irq } = createUartBench();
    uart.write32(CONF1, 0x6003);
    uart.write32(INT_ENA, RXFULL);
    send(uart, [1, 2, 3]);
    time.advanceBy(2 * frameTicks(ROM_BAUD));
    expect(irq.level).toBe(false);
    time.advanceBy(frameTicks(ROM_BAUD));
    expect([irq.level, uart.read32(INT_ST)]).toEqual([true, RXFULL]);
    uart.write32(INT_CLR, RXFULL);
    expect(irq.level).toBe(true);
    uart.read32(FIFO);
    expect(irq.level).toBe(true); // latched
    uart.write32(INT_CLR, RXFULL);
    expect(irq.level).toBe(false);
  });

  it('keeps 128 bytes and reports the loss of more', () => {
    const { uart, time } = createUartBench();
    send(
      uart,
      Array.from({ length: 130 }, (_unused, i) => i),
    );
    time.advanceBy(128 * frameTicks(ROM_BAUD));
    expect([rxCount(uart), uart.read32(INT_RAW) & OVERFLOW]).toEqual([128, 0]);
    time.advanceBy(2 * frameTicks(ROM_BAUD));
    expect([rxCount(uart), uart.read32(INT_RAW) & OVERFLOW, uart.counts.rxOverrunBytes]).toEqual([
      128,
      OVERFLOW,
      2,
    ]);
    expect(drain(uart)).toEqual(Array.from({ length: 128 }, (_unused, i) => i));
    uart.write32(INT_CLR, OVERFLOW);
    expect(uart.read32(INT_RAW) & OVERFLOW).toBe(0);
  });

  it('takes no more than its input queue holds and loses nothing of that', () => {
    const { uart, time } = createUartBench({ inputQueueBytes: 4 });
    const taken = [1, 2, 3, 4, 5, 6].map((byte) => uart.receiveByte(byte, ROM_BAUD));
    // One is on the wire already.
    expect(taken).toEqual([true, true, true, true, true, false]);
    expect(uart.inputFree).toBe(0);
    time.advanceBy(frameTicks(ROM_BAUD));
    expect([uart.inputFree, uart.receiveByte(7, ROM_BAUD)]).toEqual([1, true]);
    time.advanceBy(10 * BYTE);
    expect(drain(uart)).toEqual([1, 2, 3, 4, 5, 7]);
  });

  it('forgets bytes not sent yet when told so', () => {
    const { uart, time } = createUartBench();
    send(uart, [1, 2, 3]);
    uart.dropInput();
    time.advanceBy(5 * BYTE);
    expect(drain(uart)).toEqual([1]);
  });

  it('clears only the interrupts that are named', () => {
    const { uart, time } = createUartBench();
    uart.setCts(true);
    uart.receiveBreak(ROM_BAUD);
    time.advanceBy(13 * BIT + BIT);
    uart.write32(INT_CLR, BREAK);
    expect(uart.read32(INT_RAW) & (BREAK | FRAME | 0x40)).toBe(FRAME | 0x40);
  });

  it('drops its FIFO on reset and takes nothing while it is held', () => {
    const { uart, time } = createUartBench();
    send(uart, [1, 2]);
    time.advanceBy(2 * BYTE);
    uart.write32(CONF0, FORMAT_8N1 | RXFIFO_RST);
    expect(rxCount(uart)).toBe(0);
    send(uart, [3]);
    time.advanceBy(2 * BYTE);
    uart.write32(CONF0, FORMAT_8N1);
    send(uart, [4]);
    time.advanceBy(2 * BYTE);
    expect(drain(uart)).toEqual([4]);
  });

  it('reports a break with a zero byte', () => {
    const { uart, time } = createUartBench();
    expect(uart.receiveBreak(ROM_BAUD)).toBe(true);
    send(uart, [0x41]);
    time.advanceBy(13 * BIT + BYTE + BIT);
    expect(uart.read32(INT_RAW) & (BREAK | FRAME)).toBe(BREAK | FRAME);
    expect(drain(uart)).toEqual([0, 0x41]);
  });

  it('reports changes of CTS and DSR', () => {
    const { uart, irq } = createUartBench();
    uart.write32(INT_ENA, 0x60);
    uart.setCts(false);
    expect(irq.level).toBe(false);
    uart.setCts(true);
    expect([uart.read32(INT_ST), (uart.read32(STATUS) >>> 13) & 3]).toEqual([0x40, 2]);
    uart.write32(INT_CLR, 0x40);
    uart.setDsr(true);
    expect([uart.read32(INT_ST), (uart.read32(STATUS) >>> 13) & 3, irq.level]).toEqual([0x20, 3, true]);
  });
});

describe('UART receive time-out', () => {
  /** As the second flasher stub sets it: full at 32 bytes, time-out after 10 byte times. */
  const STUB_CONF1 = 0x8a000020;

  it('fires after its idle byte times with bytes in the FIFO', () => {
    const { uart, time, irq } = createUartBench();
    uart.write32(CONF1, STUB_CONF1);
    uart.write32(INT_ENA, RXFULL | TIMEOUT);
    send(uart, [1, 2, 3]);
    time.advanceBy(3 * frameTicks(ROM_BAUD) + 10 * BYTE - 1);
    expect(irq.level).toBe(false);
    time.advanceBy(1);
    expect([irq.level, uart.read32(INT_ST)]).toEqual([true, TIMEOUT]);
  });

  it('waits again from each byte, also from one that is just arriving', () => {
    const { uart, time, irq } = createUartBench();
    uart.write32(CONF1, STUB_CONF1);
    uart.write32(INT_ENA, TIMEOUT);
    for (let i = 0; i < 5; i++) {
      send(uart, [i]);
      time.advanceBy(frameTicks(ROM_BAUD) + 9.5 * BYTE);
      expect(irq.level).toBe(false);
    }
    send(uart, [9]);
    time.advanceBy(frameTicks(ROM_BAUD) + 10 * BYTE);
    expect(irq.level).toBe(true);
  });

  it('does not fire with an empty FIFO, nor when it is off', () => {
    const { uart, time } = createUartBench();
    uart.write32(CONF1, STUB_CONF1);
    send(uart, [1]);
    time.advanceBy(2 * BYTE);
    drain(uart);
    time.advanceBy(30 * BYTE);
    expect(uart.read32(INT_RAW) & TIMEOUT).toBe(0);
    uart.write32(CONF1, (STUB_CONF1 & ~TIMEOUT_ENABLE) >>> 0);
    send(uart, [1]);
    time.advanceBy(30 * BYTE);
    expect(uart.read32(INT_RAW) & TIMEOUT).toBe(0);
  });

  it('comes back after it was cleared until the FIFO is empty', () => {
    const { uart, time } = createUartBench();
    uart.write32(CONF1, STUB_CONF1);
    send(uart, [1]);
    time.advanceBy(20 * BYTE);
    uart.write32(INT_CLR, TIMEOUT);
    expect(uart.read32(INT_RAW) & TIMEOUT).toBe(TIMEOUT);
    drain(uart);
    uart.write32(INT_CLR, TIMEOUT);
    expect(uart.read32(INT_RAW) & TIMEOUT).toBe(0);
  });

  it('counts the idle time that passed before it was switched on', () => {
    const { uart, time } = createUartBench();
    send(uart, [1]);
    time.advanceBy(frameTicks(ROM_BAUD) + 8 * BYTE);
    uart.write32(CONF1, STUB_CONF1);
    time.advanceBy(2 * BYTE - 1);
    expect(uart.read32(INT_RAW) & TIMEOUT).toBe(0);
    time.advanceBy(1);
    expect(uart.read32(INT_RAW) & TIMEOUT).toBe(TIMEOUT);
  });
});

describe('UART speeds that differ', () => {
  it('are counted and tolerated by default', () => {
    const { uart, time } = createUartBench();
    send(uart, [0x41, 0x42], 115200);
    time.advanceBy(10 * BYTE);
    expect(drain(uart)).toEqual([0x41, 0x42]);
    expect(uart.counts).toMatchObject({ mismatchedBytes: 2, mismatchedBaud: 115200 });
    expect(uart.read32(INT_RAW) & (FRAME | PARITY)).toBe(0);
  });

  it('do not count within five per cent', () => {
    const { uart, time } = createUartBench();
    send(uart, [0x41], 74880);
    send(uart, [0x42], 72000);
    time.advanceBy(10 * BYTE);
    expect(uart.counts.mismatchedBytes).toBe(0);
  });

  it('make deterministic garbage with frame errors when the board is set so', () => {
    const garbage = [0, 1].map(() => {
      const { uart, time } = createUartBench({ garbleOnBaudMismatch: true });
      send(uart, ROM_TEXT, 38400);
      time.advanceBy(40 * BYTE);
      return [uart.read32(INT_RAW) & FRAME, drain(uart)];
    });
    expect(garbage[0]).toEqual(garbage[1]);
    expect(garbage[0]![0]).toBe(FRAME);
    expect(garbage[0]![1]).not.toEqual(ROM_TEXT);
  });

  it('arrive unharmed from the right sender on such a board', () => {
    const { uart, time } = createUartBench({ garbleOnBaudMismatch: true });
    const bytes = Array.from({ length: 100 }, (_unused, i) => i * 2);
    send(uart, bytes, 74880);
    time.advanceBy(110 * BYTE);
    expect(drain(uart)).toEqual(bytes);
  });

  it('show parity errors when the guest expects a parity that nobody sends', () => {
    const { uart, time } = createUartBench({ garbleOnBaudMismatch: true });
    uart.write32(CONF0, FORMAT_8N1 | 2);
    send(uart, [0x01, 0x03]);
    time.advanceBy(5 * BYTE);
    // The idle line reads as parity 1: right for one set bit, wrong for two.
    expect(uart.read32(INT_RAW) & (PARITY | FRAME)).toBe(PARITY);
    expect(drain(uart)).toEqual([1, 3]);
  });
});

describe('UART loopback', () => {
  it('feeds the receiver and keeps the bytes inside', () => {
    const { uart, time, sent } = createUartBench();
    uart.write32(CONF0, FORMAT_8N1 | LOOPBACK);
    uart.write32(FIFO, 0x5a);
    send(uart, [0x99]);
    time.advanceBy(3 * BYTE);
    expect([drain(uart), sent]).toEqual([[0x5a], []]);
  });
});

describe('UART auto-baud', () => {
  it('measures the shortest pulses of a sync byte in APB cycles', () => {
    const { uart, time } = createUartBench();
    uart.write32(AUTOBAUD, 0x1001);
    send(uart, [0x55, 0x55], 115200);
    time.advanceBy(10 * BYTE);
    // 52 MHz / 115200 = 451.4 cycles a bit; the filter eats 12 of them, which the ROM adds again.
    expect([uart.read32(LOWPULSE), uart.read32(HIGHPULSE)]).toEqual([439, 439]);
    expect(uart.read32(RXD_CNT)).toBe(20);
  });

  it('finds the shortest pulse among longer ones', () => {
    const { uart, time } = createUartBench();
    uart.write32(AUTOBAUD, 0x1001);
    send(uart, [0x18], 9600); // 0 000 11 000 1: low 4, high 2, low 3
    time.advanceBy(20 * BYTE);
    const bit = 52e6 / 9600;
    expect(uart.read32(LOWPULSE)).toBe(Math.round(3 * bit) - 12);
    expect(uart.read32(HIGHPULSE)).toBe(Math.round(2 * bit) - 12);
    expect(uart.read32(RXD_CNT)).toBe(4);
  });

  it('counts edges while a byte is still arriving', () => {
    const { uart, time } = createUartBench();
    uart.write32(AUTOBAUD, 0x1001);
    send(uart, [0x55]);
    const counts = Array.from({ length: 4 }, () => {
      time.advanceBy(BIT / 2);
      const count = uart.read32(RXD_CNT);
      time.advanceBy(BIT / 2);
      return count;
    });
    expect(counts).toEqual([1, 2, 3, 4]);
  });

  it('measures nothing while it is off and starts afresh when switched on', () => {
    const { uart, time } = createUartBench();
    send(uart, [0x55]);
    time.advanceBy(2 * BYTE);
    expect([uart.read32(LOWPULSE), uart.read32(RXD_CNT)]).toEqual([0xfffff, 0]);
    uart.write32(AUTOBAUD, 0x1001);
    send(uart, [0x55], 115200);
    time.advanceBy(2 * BYTE);
    uart.write32(AUTOBAUD, 0x1000);
    expect(uart.read32(LOWPULSE)).toBe(439);
    uart.write32(AUTOBAUD, 0x1001);
    expect([uart.read32(LOWPULSE), uart.read32(HIGHPULSE), uart.read32(RXD_CNT)]).toEqual([
      0xfffff, 0xfffff, 0,
    ]);
  });

  it('ignores pulses shorter than its glitch filter', () => {
    const { uart, time } = createUartBench();
    uart.write32(AUTOBAUD, 0xff01);
    send(uart, [0x55], 921600); // 56 cycles a bit
    time.advanceBy(2 * BYTE);
    expect(uart.read32(LOWPULSE)).toBe(0xfffff);
  });
});

describe('UART snapshot', () => {
  it('in the middle of both directions repeats everything that follows', () => {
    const bench = createUartBench({ garbleOnBaudMismatch: true });
    const { uart, time, clocks, sent, irq } = bench;
    uart.write32(CONF1, 0x82000103);
    uart.write32(INT_ENA, 0x1ff);
    uart.write32(AUTOBAUD, 0x1001);
    uart.write32(INT_CLR, 0x1ff);
    for (let i = 0; i < 10; i++) uart.write32(FIFO, 0x30 + i);
    send(uart, [1, 2, 3, 4, 5]);
    send(uart, [6, 7], 115200);
    uart.setCts(true);
    time.advanceBy(2.5 * BYTE);
    const saved = structuredClone({ uart: uart.save(), time: time.save(), clocks: clocks.save() });
    const run = (): unknown => {
      sent.length = 0;
      const trace: unknown[] = [];
      for (let step = 0; step < 40; step++) {
        time.advanceBy(BYTE / 3);
        trace.push([
          uart.read32(INT_RAW),
          uart.read32(STATUS),
          irq.level,
          uart.read32(RXD_CNT),
          uart.read32(LOWPULSE),
        ]);
        if (step % 9 === 0) trace.push(uart.read32(FIFO));
        if (step % 5 === 0) uart.write32(INT_CLR, 0x1ff);
      }
      return [trace, [...sent], uart.counts];
    };
    const first = run();
    uart.reset();
    send(uart, [9, 9, 9]);
    time.advanceBy(12345);
    clocks.restore(saved.clocks);
    uart.restore(saved.uart);
    time.restore(saved.time);
    expect(run()).toEqual(first);
    expect(sent.length).toBeGreaterThan(5);
  });

  it('of another version is refused', () => {
    const { uart } = createUartBench();
    expect(() => uart.restore({ ...uart.save(), version: 0 })).toThrow('snapshot of uart0: version 0');
  });
});

describe('A fast wire', () => {
  it('carries a byte in 1.5 µs and says at which speed it was sent', () => {
    const { uart, time } = createUartBench({ fastWire: true });
    send(uart, ROM_TEXT, 921_600);
    time.advanceByMicros(1.5 * ROM_TEXT.length + 0.1);
    expect(drain(uart)).toEqual(ROM_TEXT);
    expect(uart.counts.mismatchedBaud).toBe(921_600);
  });

  it('waits while the FIFO is half full, so that a slow guest loses nothing', () => {
    const { uart, time } = createUartBench({ fastWire: true });
    const bytes = Array.from({ length: 300 }, (_unused, i) => i & 0xff);
    send(uart, bytes);
    time.advanceByMicros(5000);
    expect(rxCount(uart)).toBe(64);
    const received: number[] = [];
    for (let turn = 0; turn < 20 && received.length < bytes.length; turn++) {
      received.push(...drain(uart));
      time.advanceByMicros(200);
    }
    expect(received).toEqual(bytes);
    expect(uart.counts.rxOverrunBytes).toBe(0);
  });

  it('keeps its real speed while the guest measures it', () => {
    const { uart, time } = createUartBench({ fastWire: true });
    uart.write32(AUTOBAUD, 1);
    send(uart, [0x55, 0x55], 115_200);
    time.advanceByMicros(20);
    expect(rxCount(uart)).toBe(0);
    time.advanceByMicros(180);
    expect(rxCount(uart)).toBe(2);
  });
});
