import { Alarm } from '../event-queue';
import { TICKS_PER_MICRO, TICKS_PER_SECOND } from '../time';
import { ByteFifo } from './byte-fifo';
import type { PeripheralContext, SavedState } from './peripheral';
import { SavedFields } from './saved-fields';
import { UartAutobaud } from './uart-autobaud';
import {
  encodeFrame,
  FORMAT_8N1,
  frameBits,
  levelAt,
  MAX_SAMPLED,
  SAMPLED_FRAME_ERROR,
  SAMPLED_PARITY_ERROR,
  sampleWaveform,
} from './uart-frame';
import { INPUT_BREAK, UartInput } from './uart-input';
import { UART_BRK_DET, UART_FRM_ERR, UART_PARITY_ERR, UART_RXFIFO_OVF } from './uart-interrupts';
import type { UartSettings } from './uart-settings';

export const UART_FIFO_BYTES = 128;

/** The last data bit is sampled 9.5 bits after the start: half a bit of drift is about 5 %. */
const BAUD_TOLERANCE = 0.05;
/** A break: low for longer than any frame, then high for a bit. */
const BREAK_LOW_BITS = 12;
const BREAK_WAVEFORM = (-1 << BREAK_LOW_BITS) >>> 0;

/** A frame on a fast wire, and how full the FIFO may be for the next one to start. */
export const FAST_FRAME_TICKS = 1.5 * TICKS_PER_MICRO;
const FAST_FIFO_BYTES = UART_FIFO_BYTES / 2;

/** Interrupt events of the receiver, and the word that its FIFO or its time-out changed. */
export interface ReceiverEvents {
  readonly raise: (bits: number) => void;
  readonly changed: () => void;
}

export interface ReceiverConfig {
  readonly name: string;
  /** A byte sent at a wrong speed arrives as the receiver would have sampled it, not as it was meant. */
  readonly garbleOnBaudMismatch: boolean;
  /** Bytes that the outside may send ahead of the wire. */
  readonly inputQueueBytes: number;
  /** Frames take 1.5 µs at most and wait while the FIFO is half full; auto-baud still sees them at their speed. */
  readonly fastWire: boolean;
}

/** RXD: one frame after the other off the wire into a FIFO of 128 bytes, with the idle time-out. Senders use 8N1. */
export class UartReceiver {
  readonly autobaud: UartAutobaud;
  readonly input: UartInput;
  readonly fifo = new ByteFifo(UART_FIFO_BYTES);
  /** The line has been idle for the time-out with bytes in the FIFO. */
  timedOut = false;
  /** Bytes lost because the FIFO was full. */
  overrunBytes = 0;
  /** Bytes whose sender used another speed or format, and the last such speed. */
  mismatchedBytes = 0;
  mismatchedBaud = 0;
  private readonly context: PeripheralContext;
  private readonly settings: UartSettings;
  private readonly events: ReceiverEvents;
  private readonly config: ReceiverConfig;
  private readonly frameAlarm: Alarm;
  private readonly timeoutAlarm: Alarm;
  private readonly sampled = new Int32Array(MAX_SAMPLED);
  /** The frame on the wire. */
  private shifting = false;
  private shiftCode = 0;
  private shiftBaud = 0;
  private shiftStartTicks = 0;
  private shiftEndTicks = 0;
  private watchedBits = 0;
  private idleSinceTicks = 0;

  constructor(
    context: PeripheralContext,
    settings: UartSettings,
    events: ReceiverEvents,
    config: ReceiverConfig,
  ) {
    this.context = context;
    this.settings = settings;
    this.events = events;
    this.config = config;
    this.autobaud = new UartAutobaud(context.clocks);
    this.input = new UartInput(config.inputQueueBytes);
    const { scheduler } = context;
    this.frameAlarm = scheduler.register(new Alarm(`${config.name}.rx`, () => this.endFrame()));
    this.timeoutAlarm = scheduler.register(new Alarm(`${config.name}.rx-timeout`, () => this.timeOut()));
  }

  /** Puts a byte, or INPUT_BREAK, behind those the wire still has to carry; false when there is no room. */
  receive(code: number, baud: number): boolean {
    if (!this.input.push(code, baud)) return false;
    if (!this.shifting && !this.isHeld) this.startFrame(this.context.scheduler.nowTicks());
    return true;
  }

  /** A frame is on the wire. */
  get receiving(): boolean {
    return this.shifting;
  }

  /** Level of RXD now. */
  get lineLevel(): number {
    if (!this.shifting) return 1;
    const elapsed = this.context.scheduler.nowTicks() - this.shiftStartTicks;
    return levelAt(this.waveform, Math.floor(elapsed / this.senderBitTicks));
  }

  /** Brings the speed measurement up to this moment, for software that reads it in the middle of a frame. */
  watchLine(): void {
    if (!this.shifting) return;
    const elapsed = this.context.scheduler.nowTicks() - this.shiftStartTicks;
    this.watchUpTo(Math.min(Math.floor(elapsed / this.senderBitTicks) + 1, this.shiftBits));
  }

  pop(): number {
    const byte = this.fifo.pop();
    if (this.fifo.length === 0) this.timedOut = false;
    this.release();
    this.armTimeout();
    return byte;
  }

  clearFifo(): void {
    this.fifo.clear();
    this.timedOut = false;
    this.release();
    this.armTimeout();
  }

  /** A byte from the UART's own transmitter. */
  loop(byte: number): void {
    this.idleSinceTicks = this.context.scheduler.nowTicks();
    this.deliver(byte);
    this.armTimeout();
  }

  /** Speed, thresholds or the time-out are other than before. */
  settingsChanged(): void {
    this.armTimeout();
  }

  /** The chip's side only: what is on the wire stays on the wire. */
  reset(): void {
    this.autobaud.reset();
    this.fifo.clear();
    this.timedOut = false;
    this.release();
    this.armTimeout();
  }

  save(): SavedState {
    return {
      version: 1,
      autobaud: this.autobaud.save(),
      input: this.input.save(),
      fifo: this.fifo.contents(),
      timedOut: this.timedOut,
      overrunBytes: this.overrunBytes,
      mismatchedBytes: this.mismatchedBytes,
      mismatchedBaud: this.mismatchedBaud,
      shifting: this.shifting,
      shiftCode: this.shiftCode,
      shiftBaud: this.shiftBaud,
      shiftStartTicks: this.shiftStartTicks,
      shiftEndTicks: this.shiftEndTicks,
      watchedBits: this.watchedBits,
      idleSinceTicks: this.idleSinceTicks,
    };
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the state does not fit. */
  restore(state: SavedState): void {
    const fields = new SavedFields(`${this.config.name} receiver`, state, 1);
    this.autobaud.restore(fields.numbers('autobaud', 6));
    this.input.restore(fields.part('input'));
    this.fifo.refill(fields.bytes('fifo'));
    this.timedOut = fields.boolean('timedOut');
    this.overrunBytes = fields.number('overrunBytes');
    this.mismatchedBytes = fields.number('mismatchedBytes');
    this.mismatchedBaud = fields.number('mismatchedBaud');
    this.shifting = fields.boolean('shifting');
    this.shiftCode = fields.number('shiftCode');
    this.shiftBaud = fields.number('shiftBaud');
    this.shiftStartTicks = fields.number('shiftStartTicks');
    this.shiftEndTicks = fields.number('shiftEndTicks');
    this.watchedBits = fields.number('watchedBits');
    this.idleSinceTicks = fields.number('idleSinceTicks');
  }

  private get senderBitTicks(): number {
    return TICKS_PER_SECOND / this.shiftBaud;
  }

  private get waveform(): number {
    return this.shiftCode === INPUT_BREAK ? BREAK_WAVEFORM : encodeFrame(this.shiftCode, FORMAT_8N1);
  }

  private get shiftBits(): number {
    return this.shiftCode === INPUT_BREAK ? BREAK_LOW_BITS + 1 : frameBits(FORMAT_8N1);
  }

  private get isFast(): boolean {
    return this.config.fastWire && !this.autobaud.enabled;
  }

  /** A fast wire waits for the guest, so that nothing is lost by being fast. */
  private get isHeld(): boolean {
    return this.isFast && this.fifo.length >= FAST_FIFO_BYTES;
  }

  private release(): void {
    if (this.shifting || this.input.length === 0 || this.isHeld) return;
    this.startFrame(this.context.scheduler.nowTicks());
  }

  private startFrame(atTicks: number): void {
    this.shifting = true;
    this.shiftCode = this.input.headCode;
    this.shiftBaud = this.input.headBaud;
    this.input.drop();
    this.shiftStartTicks = atTicks;
    const lineTicks = Math.round(this.shiftBits * this.senderBitTicks);
    this.shiftEndTicks = atTicks + (this.isFast ? Math.min(lineTicks, FAST_FRAME_TICKS) : lineTicks);
    this.watchedBits = 0;
    this.context.scheduler.scheduleAt(this.frameAlarm, this.shiftEndTicks);
    this.context.scheduler.cancel(this.timeoutAlarm);
  }

  private endFrame(): void {
    this.watchUpTo(this.shiftBits);
    this.shifting = false;
    this.idleSinceTicks = this.shiftEndTicks;
    if (!this.settings.loopback) this.decode();
    if (this.input.length > 0 && !this.isHeld) this.startFrame(this.shiftEndTicks);
    else this.armTimeout();
  }

  private watchUpTo(bits: number): void {
    this.autobaud.watch(this.waveform, this.shiftStartTicks, this.senderBitTicks, this.watchedBits, bits);
    this.watchedBits = bits;
  }

  private decode(): void {
    const { settings, senderBitTicks } = this;
    const { bitTicks, format } = settings;
    if (this.shiftCode === INPUT_BREAK) {
      this.events.raise(UART_BRK_DET | UART_FRM_ERR);
      this.deliver(0);
      return;
    }
    const sameSpeed = Math.abs(senderBitTicks - bitTicks) <= BAUD_TOLERANCE * bitTicks;
    if (sameSpeed && format.dataBits === FORMAT_8N1.dataBits && format.parity === FORMAT_8N1.parity) {
      this.deliver(this.shiftCode);
      return;
    }
    this.mismatchedBytes++;
    this.mismatchedBaud = this.shiftBaud;
    if (!this.config.garbleOnBaudMismatch) {
      this.deliver(this.shiftCode & settings.dataMask);
      return;
    }
    const found = sampleWaveform(this.waveform, senderBitTicks, bitTicks, format, this.sampled);
    for (let i = 0; i < found; i++) {
      const result = this.sampled[i]!;
      let errors = 0;
      if ((result & SAMPLED_FRAME_ERROR) !== 0) errors |= UART_FRM_ERR;
      if ((result & SAMPLED_PARITY_ERROR) !== 0) errors |= UART_PARITY_ERR;
      if (errors !== 0) this.events.raise(errors);
      this.deliver(result & 0xff);
    }
  }

  private deliver(byte: number): void {
    if (this.settings.rxFifoHeld) return;
    this.timedOut = false;
    if (!this.fifo.push(byte)) {
      this.overrunBytes++;
      this.events.raise(UART_RXFIFO_OVF);
    }
    this.events.changed();
  }

  private armTimeout(): void {
    const { scheduler } = this.context;
    const idleTicks = this.settings.rxTimeoutTicks;
    if (this.shifting || this.timedOut || this.fifo.length === 0 || idleTicks === Infinity) {
      scheduler.cancel(this.timeoutAlarm);
    } else {
      scheduler.scheduleAt(this.timeoutAlarm, this.idleSinceTicks + idleTicks);
    }
  }

  private timeOut(): void {
    this.timedOut = true;
    this.events.changed();
  }
}
