import { Alarm } from '../event-queue';
import { ByteFifo } from './byte-fifo';
import type { PeripheralContext, SavedState } from './peripheral';
import { SavedFields } from './saved-fields';
import { FAST_FRAME_TICKS, UART_FIFO_BYTES } from './uart-receiver';
import type { UartSettings } from './uart-settings';

export interface TransmitterConfig {
  readonly name: string;
  /** Bytes leave in the moment they are written; for hosts that want no pacing. */
  readonly instantTx: boolean;
  /** Frames take 1.5 µs at most: FIFO and interrupts as ever, and hardly any waiting. */
  readonly fastWire: boolean;
}

export interface TransmitterEvents {
  /** A frame's stop bit is over. `baud` is the speed it was begun with. */
  readonly transmitted: (byte: number, baud: number, atTicks: number) => void;
  /** The FIFO holds less than before. */
  readonly changed: () => void;
}

/**
 * TXD: a FIFO of 128 bytes and the shift register behind it. The byte being shifted is no longer in the FIFO, so
 * STATUS can count 0 while it is still on its way; the SDK waits one more byte time for that reason.
 */
export class UartTransmitter {
  readonly fifo = new ByteFifo(UART_FIFO_BYTES);
  /** Bytes written to a full FIFO. */
  overrunBytes = 0;
  private readonly context: PeripheralContext;
  private readonly settings: UartSettings;
  private readonly events: TransmitterEvents;
  private readonly config: TransmitterConfig;
  private readonly frameAlarm: Alarm;
  private shifting = false;
  private shiftByte = 0;
  private shiftBaud = 0;
  private shiftEndTicks = 0;

  constructor(
    context: PeripheralContext,
    settings: UartSettings,
    events: TransmitterEvents,
    config: TransmitterConfig,
  ) {
    this.context = context;
    this.settings = settings;
    this.events = events;
    this.config = config;
    this.frameAlarm = context.scheduler.register(new Alarm(`${config.name}.tx`, () => this.endFrame()));
  }

  /** Nothing is in the FIFO or on the line. */
  get idle(): boolean {
    return !this.shifting;
  }

  write(byte: number): void {
    if (this.settings.txFifoHeld) return;
    if (this.config.instantTx) {
      this.events.transmitted(
        byte & this.settings.dataMask,
        this.settings.baud,
        this.context.scheduler.nowTicks(),
      );
      return;
    }
    if (!this.fifo.push(byte)) this.overrunBytes++;
    if (!this.shifting) this.startFrame(this.context.scheduler.nowTicks());
  }

  /** What is in the FIFO is lost; the frame on the line is finished. */
  clearFifo(): void {
    this.fifo.clear();
  }

  reset(): void {
    this.context.scheduler.cancel(this.frameAlarm);
    this.fifo.clear();
    this.shifting = false;
  }

  save(): SavedState {
    return {
      version: 1,
      fifo: this.fifo.contents(),
      overrunBytes: this.overrunBytes,
      shifting: this.shifting,
      shiftByte: this.shiftByte,
      shiftBaud: this.shiftBaud,
      shiftEndTicks: this.shiftEndTicks,
    };
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the state does not fit. */
  restore(state: SavedState): void {
    const fields = new SavedFields(`${this.config.name} transmitter`, state, 1);
    this.fifo.refill(fields.bytes('fifo'));
    this.overrunBytes = fields.number('overrunBytes');
    this.shifting = fields.boolean('shifting');
    this.shiftByte = fields.number('shiftByte');
    this.shiftBaud = fields.number('shiftBaud');
    this.shiftEndTicks = fields.number('shiftEndTicks');
  }

  private startFrame(atTicks: number): void {
    this.shifting = true;
    this.shiftByte = this.fifo.pop() & this.settings.dataMask;
    this.shiftBaud = this.settings.baud;
    const lineTicks = this.settings.frameTicks;
    this.shiftEndTicks = atTicks + (this.config.fastWire ? Math.min(lineTicks, FAST_FRAME_TICKS) : lineTicks);
    this.context.scheduler.scheduleAt(this.frameAlarm, this.shiftEndTicks);
  }

  private endFrame(): void {
    const { shiftByte, shiftBaud, shiftEndTicks } = this;
    this.shifting = false;
    if (this.fifo.length > 0) this.startFrame(shiftEndTicks);
    this.events.transmitted(shiftByte, shiftBaud, shiftEndTicks);
    this.events.changed();
  }
}
