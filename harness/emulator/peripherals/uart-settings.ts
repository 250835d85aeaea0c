/**
 * The settings registers of a UART and what follows from them. Sources: esp-open-rtos `uart_regs.h`, chip.md 3.1;
 * reset values: OSLL/qemu-xtensa `hw/xtensa/esp8266.c`.
 */
import { TICKS_PER_SECOND } from '../time';
import type { Clocks } from './peripheral';
import { frameBits, type FrameFormat } from './uart-frame';

/** 80 MHz / 115200; with a 26 MHz crystal it makes 74928 baud. */
const CLKDIV_RESET = 0x2b6;
/** 8N1. */
const CONF0_RESET = 0x1c;
/** RX full at 96 bytes, TX empty below 96. */
const CONF1_RESET = 0x6060;

const CLKDIV_MASK = 0xfffff;

const SW_RTS = 1 << 6;
const SW_DTR = 1 << 7;
const LOOPBACK = 1 << 14;
const RXFIFO_RST = 1 << 17;
const TXFIFO_RST = 1 << 18;
const RX_TOUT_EN = 0x80000000;

/** CONF0 bits 4-5; the code 0 is described as "no stop bit" nowhere with a meaning, so it counts as one. */
const STOP_BITS = [1, 1, 1.5, 2] as const;

/** Every format that CONF0 bits 0-5 can name, so that reading it allocates nothing. */
const FORMATS: readonly FrameFormat[] = Array.from({ length: 64 }, (_unused, code) => ({
  dataBits: 5 + ((code >>> 2) & 3),
  parity: (code & 2) === 0 ? 'none' : (code & 1) === 0 ? 'even' : 'odd',
  stopBits: STOP_BITS[code >>> 4]!,
}));

/** CLKDIV, CONF0 and CONF1 with their meanings as getters. */
export class UartSettings {
  clkdiv = CLKDIV_RESET;
  conf0 = CONF0_RESET;
  conf1 = CONF1_RESET;
  private readonly clocks: Clocks;

  constructor(clocks: Clocks) {
    this.clocks = clocks;
  }

  reset(): void {
    this.clkdiv = CLKDIV_RESET;
    this.conf0 = CONF0_RESET;
    this.conf1 = CONF1_RESET;
  }

  /** APB cycles per bit; 0 would be no speed at all and counts as 1. */
  private get divider(): number {
    return this.clkdiv & CLKDIV_MASK || 1;
  }

  /** Rounded to a whole number: 74928, not 74927.95. */
  get baud(): number {
    return Math.round(this.clocks.apbHz / this.divider);
  }

  get bitTicks(): number {
    return (this.divider * TICKS_PER_SECOND) / this.clocks.apbHz;
  }

  get format(): FrameFormat {
    return FORMATS[this.conf0 & 0x3f]!;
  }

  get frameTicks(): number {
    return Math.ceil(frameBits(this.format) * this.bitTicks);
  }

  get dataMask(): number {
    return (1 << this.format.dataBits) - 1;
  }

  get rts(): boolean {
    return (this.conf0 & SW_RTS) !== 0;
  }

  get dtr(): boolean {
    return (this.conf0 & SW_DTR) !== 0;
  }

  get loopback(): boolean {
    return (this.conf0 & LOOPBACK) !== 0;
  }

  /** The FIFO is held empty while the bit is set. */
  get rxFifoHeld(): boolean {
    return (this.conf0 & RXFIFO_RST) !== 0;
  }

  get txFifoHeld(): boolean {
    return (this.conf0 & TXFIFO_RST) !== 0;
  }

  /** Bytes in the RX FIFO that raise RXFULL; a threshold of 0 counts as 1. */
  get rxFullBytes(): number {
    return this.conf1 & 0x7f || 1;
  }

  /** TXEMPTY is raised below this many bytes in the TX FIFO; a threshold of 0 counts as 1. */
  get txEmptyBytes(): number {
    return (this.conf1 >>> 8) & 0x7f || 1;
  }

  /** Idle time that raises the RX timeout, Infinity when it is off. */
  get rxTimeoutTicks(): number {
    if (this.conf1 >>> 0 < RX_TOUT_EN) return Infinity;
    return ((this.conf1 >>> 24) & 0x7f || 1) * this.frameTicks;
  }

  save(): readonly number[] {
    return [this.clkdiv, this.conf0, this.conf1];
  }

  restore(fields: readonly number[]): void {
    this.clkdiv = fields[0]!;
    this.conf0 = fields[1]!;
    this.conf1 = fields[2]!;
  }
}
