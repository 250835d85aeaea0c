/**
 * UART0 at 0x60000000 and UART1 at 0x60000F00. Sources: esp-open-rtos `uart_regs.h`, chip.md 3.1; reset values:
 * OSLL/qemu-xtensa `hw/xtensa/esp8266.c`.
 */
import type { IrqLine, Peripheral, PeripheralContext, SavedState } from './peripheral';
import { SavedFields } from './saved-fields';
import { unknownRegister } from './unknown-register';
import { INPUT_BREAK } from './uart-input';
import {
  UART_CTS_CHG,
  UART_DSR_CHG,
  UART_INTERRUPTS,
  UART_RXFIFO_FULL,
  UART_RXFIFO_TOUT,
  UART_TXFIFO_EMPTY,
} from './uart-interrupts';
import { UartReceiver } from './uart-receiver';
import { UartSettings } from './uart-settings';
import { UartTransmitter } from './uart-transmitter';

export interface UartConfig {
  readonly name: 'uart0' | 'uart1';
  readonly garbleOnBaudMismatch: boolean;
  readonly instantTx: boolean;
  /** Bytes that the outside may send ahead of the wire. */
  readonly inputQueueBytes: number;
  /** Frames do not take their bit times (uart-receiver.ts, uart-transmitter.ts). */
  readonly fastWire: boolean;
}

export interface UartWiring {
  /** Interrupt 5, level; both UARTs share it. */
  readonly irq: IrqLine;
  /** A byte has left TXD, with the speed of its frame. */
  readonly onTransmit: (byte: number, baud: number, atTicks: number) => void;
}

/** What the harness likes to know about a line. */
export interface UartCounts {
  /** Received bytes lost because the guest did not fetch them. */
  readonly rxOverrunBytes: number;
  /** Bytes the guest wrote into a full TX FIFO. */
  readonly txOverrunBytes: number;
  /** Received bytes whose sender used another speed or format, and the last such speed. */
  readonly mismatchedBytes: number;
  readonly mismatchedBaud: number;
}

export const UART_SIZE = 0x100;

const UART_FIFO = 0x00;
const UART_INT_RAW = 0x04;
const UART_INT_ST = 0x08;
const UART_INT_ENA = 0x0c;
const UART_INT_CLR = 0x10;
const UART_CLKDIV = 0x14;
const UART_AUTOBAUD = 0x18;
const UART_STATUS = 0x1c;
const UART_CONF0 = 0x20;
const UART_CONF1 = 0x24;
const UART_LOWPULSE = 0x28;
const UART_HIGHPULSE = 0x2c;
const UART_RXD_CNT = 0x30;
const UART_DATE = 0x78;
const UART_ID = 0x7c;

const DATE_VALUE = 0x00062000;
const ID_VALUE = 0x500;

/** Registers and interrupts; the two shift registers are `UartReceiver` and `UartTransmitter`. */
export class Uart implements Peripheral {
  readonly name: string;
  private readonly wiring: UartWiring;
  private readonly settings: UartSettings;
  private readonly receiver: UartReceiver;
  private readonly transmitter: UartTransmitter;
  /** INT_RAW: events and level conditions stay until they are cleared. */
  private raw = 0;
  private enable = 0;
  private ctsLevel = 0;
  private dsrLevel = 0;
  private irqAsserted = false;

  constructor(context: PeripheralContext, wiring: UartWiring, config: UartConfig) {
    this.name = config.name;
    this.wiring = wiring;
    this.settings = new UartSettings(context.clocks);
    const changed = (): void => this.refresh();
    const raise = (bits: number): void => {
      this.raw |= bits;
    };
    this.receiver = new UartReceiver(context, this.settings, { raise, changed }, config);
    const transmitted = (byte: number, baud: number, atTicks: number): void => {
      if (this.settings.loopback) this.receiver.loop(byte);
      else this.wiring.onTransmit(byte, baud, atTicks);
    };
    this.transmitter = new UartTransmitter(context, this.settings, { transmitted, changed }, config);
    context.clocks.onChange(() => this.receiver.settingsChanged());
    this.refresh();
  }

  /** Speed the guest has set, whole bits per second. */
  get baud(): number {
    return this.settings.baud;
  }

  /** Nothing is left to send. */
  get txIdle(): boolean {
    return this.transmitter.idle;
  }

  /** Bytes that `receiveByte` would take now. */
  get inputFree(): number {
    return this.receiver.input.free;
  }

  get counts(): UartCounts {
    return {
      rxOverrunBytes: this.receiver.overrunBytes,
      txOverrunBytes: this.transmitter.overrunBytes,
      mismatchedBytes: this.receiver.mismatchedBytes,
      mismatchedBaud: this.receiver.mismatchedBaud,
    };
  }

  /** The outside sends a byte at `baud`, 8N1, behind what it has sent before; false when the queue is full. */
  receiveByte(byte: number, baud: number): boolean {
    return this.receiver.receive(byte & 0xff, baud);
  }

  /** The outside holds the line low for longer than a frame; false when the queue is full. */
  receiveBreak(baud: number): boolean {
    return this.receiver.receive(INPUT_BREAK, baud);
  }

  /** Forgets what the outside has sent and the wire has not carried yet. */
  dropInput(): void {
    this.receiver.input.clear();
  }

  /** Level of CTS, 0 when nothing is connected. */
  setCts(level: boolean): void {
    if (this.ctsLevel === Number(level)) return;
    this.ctsLevel = Number(level);
    this.raw |= UART_CTS_CHG;
    this.refresh();
  }

  /** Level of DSR, 0 when nothing is connected. */
  setDsr(level: boolean): void {
    if (this.dsrLevel === Number(level)) return;
    this.dsrLevel = Number(level);
    this.raw |= UART_DSR_CHG;
    this.refresh();
  }

  read32(offset: number): number {
    switch (offset) {
      case UART_FIFO:
        return this.receiver.pop();
      case UART_INT_RAW:
        return this.raw;
      case UART_INT_ST:
        return this.raw & this.enable;
      case UART_INT_ENA:
        return this.enable;
      case UART_INT_CLR:
        return 0;
      case UART_CLKDIV:
        return this.settings.clkdiv;
      case UART_AUTOBAUD:
        return this.receiver.autobaud.control;
      case UART_STATUS:
        return this.status;
      case UART_CONF0:
        return this.settings.conf0;
      case UART_CONF1:
        return this.settings.conf1;
      case UART_LOWPULSE:
        this.receiver.watchLine();
        return this.receiver.autobaud.lowPulse;
      case UART_HIGHPULSE:
        this.receiver.watchLine();
        return this.receiver.autobaud.highPulse;
      case UART_RXD_CNT:
        this.receiver.watchLine();
        return this.receiver.autobaud.edges;
      case UART_DATE:
        return DATE_VALUE;
      case UART_ID:
        return ID_VALUE;
      default:
        throw unknownRegister(this.name, offset);
    }
  }

  /**
   * All but the FIFO, whose reads take a byte out: the rest moves with alarms only, but for what shows the level of RXD
   * or counts its edges in the middle of a frame.
   */
  isSteady(offset: number): boolean {
    switch (offset) {
      case UART_FIFO:
        return false;
      case UART_STATUS:
      case UART_LOWPULSE:
      case UART_HIGHPULSE:
      case UART_RXD_CNT:
        return !this.receiver.receiving;
      default:
        return true;
    }
  }

  write32(offset: number, value: number): void {
    switch (offset) {
      case UART_FIFO:
        this.transmitter.write(value & 0xff);
        break;
      case UART_INT_ENA:
        this.enable = value & UART_INTERRUPTS;
        break;
      case UART_INT_CLR:
        this.raw &= ~value;
        break;
      case UART_CLKDIV:
        this.settings.clkdiv = value & 0xfffff;
        this.receiver.settingsChanged();
        break;
      case UART_AUTOBAUD:
        this.receiver.watchLine();
        this.receiver.autobaud.writeControl(value);
        break;
      case UART_CONF0:
        this.settings.conf0 = value;
        if (this.settings.rxFifoHeld) this.receiver.clearFifo();
        if (this.settings.txFifoHeld) this.transmitter.clearFifo();
        this.receiver.settingsChanged();
        break;
      case UART_CONF1:
        this.settings.conf1 = value;
        this.receiver.settingsChanged();
        break;
      case UART_INT_RAW:
      case UART_INT_ST:
      case UART_STATUS:
      case UART_LOWPULSE:
      case UART_HIGHPULSE:
      case UART_RXD_CNT:
      case UART_DATE:
      case UART_ID:
        return; // read only
      default:
        throw unknownRegister(this.name, offset);
    }
    this.refresh();
  }

  reset(): void {
    this.settings.reset();
    this.receiver.reset();
    this.transmitter.reset();
    this.raw = 0;
    this.enable = 0;
    this.refresh();
  }

  save(): SavedState {
    return {
      version: 1,
      settings: this.settings.save(),
      receiver: this.receiver.save(),
      transmitter: this.transmitter.save(),
      raw: this.raw,
      enable: this.enable,
      ctsLevel: this.ctsLevel,
      dsrLevel: this.dsrLevel,
    };
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the state does not fit. */
  restore(state: SavedState): void {
    const fields = new SavedFields(this.name, state, 1);
    this.settings.restore(fields.numbers('settings', 3));
    this.receiver.restore(fields.part('receiver'));
    this.transmitter.restore(fields.part('transmitter'));
    this.raw = fields.number('raw');
    this.enable = fields.number('enable');
    this.ctsLevel = fields.number('ctsLevel');
    this.dsrLevel = fields.number('dsrLevel');
    this.irqAsserted = (this.raw & this.enable) !== 0;
    this.wiring.irq(this.irqAsserted);
  }

  /**
   * Bit 31, called "TXD", is never set: firmware sends only while it reads 0 (chip.md 3.1), and a report on
   * bbs.espressif.com (t=56814) found it always 0 on silicon.
   */
  private get status(): number {
    return (
      this.receiver.fifo.length |
      (this.dsrLevel << 13) |
      (this.ctsLevel << 14) |
      (this.receiver.lineLevel << 15) |
      (this.transmitter.fifo.length << 16) |
      (this.settings.dtr ? 1 << 29 : 0) |
      (this.settings.rts ? 1 << 30 : 0)
    );
  }

  /** Level conditions set their raw bit again as long as they hold; then the line follows. */
  private refresh(): void {
    const { settings, receiver } = this;
    if (receiver.fifo.length >= settings.rxFullBytes) this.raw |= UART_RXFIFO_FULL;
    if (this.transmitter.fifo.length < settings.txEmptyBytes) this.raw |= UART_TXFIFO_EMPTY;
    if (receiver.timedOut) this.raw |= UART_RXFIFO_TOUT;
    const asserted = (this.raw & this.enable) !== 0;
    if (asserted === this.irqAsserted) return;
    this.irqAsserted = asserted;
    this.wiring.irq(asserted);
  }
}
