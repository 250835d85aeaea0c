/**
 * The WiFi MAC ("wDev") at 0x3FF20000 by its registers: interrupts, receive ring, transmit queues, address filters,
 * key slots, the microsecond counter and the two TSF timers. Source: wifi.md sections 2 to 7, which tells for every
 * statement what it rests on. The guest's own driver runs on it unmodified.
 */
import { WDEV_SIZE } from '../../chip/esp8266';
import type { Medium, Radio, RxMeta } from '../air';
import type { IrqLine, Peripheral, PeripheralContext, Rng, SavedState } from '../peripherals';
import { SavedFields, unknownRegister } from '../peripherals';
import { AddressFilter, MATCH_DA } from './address-filter';
import type { GuestDma } from './guest-dma';
import { KeySlots } from './key-slots';
import { MacInterrupts } from './mac-interrupts';
import { controlQueue, INT, MAC, RX_FILTER_ADDRESSES, RX_ON, TX_START } from './mac-map';
import { RxPath, type RxCounts } from './rx-path';
import { MicroCounter, TSF_ALARM_ENABLE, TsfTimer } from './tsf-timer';
import { TxPath, type TxCounts } from './tx-path';

export interface WifiMacWiring {
  /** The NMI, already behind the gate of DPORT +00. */
  readonly irq: IrqLine;
  /** The CPU is between an NMI and its `rfi 3`. */
  readonly inHandler: () => boolean;
  readonly dma: GuestDma;
  readonly rng: Rng;
  /** The MAC lost its state while the chip may run on: whoever talks to it must start over. */
  readonly onVanished?: () => void;
}

export interface WifiCounts extends Readonly<RxCounts>, Readonly<TxCounts> {
  /** Frames that came while the receiver was off. */
  readonly missed: number;
}

const TSF0_LOW = 0x1004;
const TSF0_HIGH = 0x1008;
const TSF0_LOAD_LOW = 0x1018;
const TSF0_LOAD_HIGH = 0x101c;
const TSF0_ALARM_ENABLE = 0x1098;
const TSF0_ALARM_LOW = 0x109c;
const TSF1_LOW = 0x1048;
const TSF1_HIGH = 0x104c;
const TSF1_LOAD_LOW = 0x105c;
const TSF1_LOAD_HIGH = 0x1060;
const TSF1_ALARM_ENABLE = 0x10c8;
const TSF1_ALARM_LOW = 0x10cc;

/** What a sender without a channel is said to have been heard on; the driver writes its own number over it. */
const SOME_CHANNEL = 1;

export class WifiMac implements Peripheral, Radio {
  readonly name = 'wdev';
  /** Own address on the air: the access point's once it has one, else the station's. */
  readonly mac = new Uint8Array(6);
  private readonly wiring: WifiMacWiring;
  private readonly words = new Uint32Array(WDEV_SIZE / 4);
  private readonly clock: MicroCounter;
  private readonly interrupts: MacInterrupts;
  private readonly filter = new AddressFilter(this.words);
  private readonly keys = new KeySlots(this.words);
  private readonly tsf0: TsfTimer;
  private readonly tsf1: TsfTimer;
  private readonly rx: RxPath;
  private readonly tx: TxPath;
  private medium: Medium | undefined;
  private missed = 0;

  constructor(context: PeripheralContext, wiring: WifiMacWiring) {
    const { scheduler } = context;
    this.wiring = wiring;
    this.clock = new MicroCounter(scheduler);
    const interrupts = new MacInterrupts(wiring.irq);
    this.interrupts = interrupts;
    this.tsf0 = new TsfTimer('wifi.tsf0', this.clock, scheduler, () => {
      if ((this.words[TSF0_ALARM_ENABLE >>> 2]! & TSF_ALARM_ENABLE) !== 0) interrupts.raise(INT.TSF0);
    });
    this.tsf1 = new TsfTimer('wifi.tsf1', this.clock, scheduler, () => {
      if ((this.words[TSF1_ALARM_ENABLE >>> 2]! & TSF_ALARM_ENABLE) !== 0) interrupts.raise(INT.TSF1);
    });
    const { dma, inHandler } = wiring;
    this.rx = new RxPath({ scheduler, dma, interrupts, inHandler, isOn: () => this.receiverOn });
    this.tx = new TxPath({
      ...{ scheduler, dma, interrupts, inHandler, words: this.words },
      send: ({ frame, rate }, onOutcome) => {
        if (!this.medium) return false;
        // The channel stands in RF registers that nobody has decoded: the frame is heard on all.
        this.medium.transmit(this, frame, { channel: null, rate }, onOutcome);
        return true;
      },
    });
  }

  // --- the air --------------------------------------------------------------------------------------------------

  /** Puts the MAC on a medium; returns the way to take it off. One at a time. */
  attach(medium: Medium): () => void {
    const detach = medium.attach(this);
    this.medium = medium;
    return () => {
      detach();
      if (this.medium === medium) this.medium = undefined;
    };
  }

  get counts(): WifiCounts {
    return { ...this.rx.counts, ...this.tx.counts, missed: this.missed };
  }

  /** An interface has an address and the receiver is on: the driver is up. */
  get isUp(): boolean {
    return this.receiverOn && this.rx.head !== 0 && (this.filter.isEnabled(0) || this.filter.isEnabled(1));
  }

  acknowledges(frame: Uint8Array): boolean {
    return this.listening && this.rx.hasRoom && (this.filter.match(frame) & MATCH_DA) !== 0;
  }

  receive(frame: Uint8Array, meta: RxMeta): void {
    if (frame.length < 10) return;
    if (!this.listening) {
      this.missed++;
      return;
    }
    const match = this.filter.match(frame);
    const isGroup = (frame[4]! & 1) !== 0;
    const filtered = (this.words[MAC.RX_FILTER >>> 2]! & RX_FILTER_ADDRESSES) !== 0;
    // Frames to others never reach the ring; the driver would drop them one by one.
    if (filtered && (isGroup ? match === 0 : (match & MATCH_DA) === 0)) return;
    this.rx.push({
      frame,
      match,
      trailerBytes: this.keys.trailerBytes(frame),
      rssiDbm: meta.rssiDbm,
      rate: meta.rate,
      channel: meta.channel ?? SOME_CHANNEL,
    });
  }

  // --- registers --------------------------------------------------------------------------------------------------

  /** DPORT +00 bit 0. */
  setNmiGate(open: boolean): void {
    this.interrupts.setGate(open);
  }

  read32(offset: number): number {
    switch (offset) {
      case MAC.SYS_TIME:
        return this.micros32;
      case MAC.INT_ENA:
        return this.interrupts.enabled;
      case MAC.INT_RAW:
        return this.interrupts.raw;
      case MAC.INT_ST:
        return this.interrupts.status;
      case MAC.INT_CLR:
        return 0;
      case MAC.RX_LAST:
        // What this read reports must not be reported again (wifi.md 4.4).
        this.interrupts.clear(INT.RX);
        return this.rx.lastCompleted;
      case MAC.RX_NEXT:
        return this.rx.head;
      case MAC.RX_END_COUNT:
        return this.receiverOn ? this.micros32 >>> 8 : this.words[MAC.RX_END_COUNT >>> 2]!;
      case MAC.RANDOM:
        return this.wiring.rng.next32();
      case TSF0_LOW:
        return this.tsf0.low;
      case TSF0_HIGH:
        return this.tsf0.high;
      case TSF1_LOW:
        return this.tsf1.low;
      case TSF1_HIGH:
        return this.tsf1.high;
      default: {
        const word = this.words[offset >>> 2];
        if (word === undefined) throw unknownRegister(this.name, offset);
        return word;
      }
    }
  }

  write32(offset: number, value: number): void {
    if (offset >= WDEV_SIZE) throw unknownRegister(this.name, offset);
    switch (offset) {
      case MAC.SYS_TIME:
      case MAC.INT_RAW:
      case MAC.INT_ST:
      case MAC.RX_LAST:
      case MAC.RX_NEXT:
      case MAC.TX_STATUS:
        return; // read only
      case MAC.INT_ENA:
        this.interrupts.enable(value);
        return;
      case MAC.INT_CLR:
        this.interrupts.clear(value);
        return;
      case MAC.RX_CONTROL:
        // The counter stands where it was when the receiver goes off.
        if (this.receiverOn) this.words[MAC.RX_END_COUNT >>> 2] = this.micros32 >>> 8;
        break;
      case MAC.RX_END_COUNT:
        return;
    }
    this.words[offset >>> 2] = value;
    this.written(offset, value);
  }

  /** True for what only an alarm or a write can change: everything but the clocks, chance and reads that acknowledge. */
  isSteady(offset: number): boolean {
    switch (offset) {
      case MAC.SYS_TIME:
      case MAC.RX_LAST:
      case MAC.RX_END_COUNT:
      case MAC.RANDOM:
      case TSF0_LOW:
      case TSF0_HIGH:
      case TSF1_LOW:
      case TSF1_HIGH:
        return false;
      default:
        return offset < WDEV_SIZE;
    }
  }

  private written(offset: number, value: number): void {
    switch (offset) {
      case MAC.RX_RING_HEAD:
        this.rx.setHead(value);
        return;
      case TSF0_LOAD_LOW:
        this.tsf0.load(value, this.words[TSF0_LOAD_HIGH >>> 2]!, this.words[TSF0_ALARM_LOW >>> 2]!);
        return;
      case TSF1_LOAD_LOW:
        this.tsf1.load(value, this.words[TSF1_LOAD_HIGH >>> 2]!, this.words[TSF1_ALARM_LOW >>> 2]!);
        return;
      case TSF0_ALARM_ENABLE:
        if ((value & TSF_ALARM_ENABLE) !== 0) this.tsf0.arm(this.words[TSF0_ALARM_LOW >>> 2]!);
        return;
      case TSF1_ALARM_ENABLE:
        if ((value & TSF_ALARM_ENABLE) !== 0) this.tsf1.arm(this.words[TSF1_ALARM_LOW >>> 2]!);
        return;
      default:
    }
    if (offset >= MAC.OWN && offset < MAC.OWN_MASK + 16) this.ownAddressChanged();
    else if ((value & TX_START) >>> 0 === TX_START) {
      const queue = controlQueue(offset);
      if (queue >= 0) this.tx.start(queue, value);
    }
  }

  // --- reset, snapshot --------------------------------------------------------------------------------------------

  reset(): void {
    this.clock.restart();
    this.clear();
  }

  /** The MAC's own reset, 0x60000D48 bit 1: everything but the microsecond counter (wifi.md 3.1). */
  clearByRestart(): void {
    this.clear();
  }

  private clear(): void {
    const wasUp = this.isUp;
    this.words.fill(0);
    this.mac.fill(0);
    this.tsf0.reset();
    this.tsf1.reset();
    this.rx.reset();
    this.tx.reset();
    this.medium?.cutOff(this);
    this.interrupts.reset();
    if (wasUp) this.wiring.onVanished?.();
  }

  save(): SavedState {
    return {
      version: 2,
      words: Array.from(this.words),
      zeroTicks: this.clock.zeroTicks,
      intRaw: this.interrupts.raw,
      intEna: this.interrupts.enabled,
      nmiGate: this.interrupts.gate,
      tsf0OffsetMicros: this.tsf0.save(),
      tsf1OffsetMicros: this.tsf1.save(),
      rx: this.rx.save(),
      tx: this.tx.save(),
    };
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the state does not fit. */
  restore(state: SavedState): void {
    const fields = new SavedFields(this.name, state, 2);
    this.words.set(fields.numbers('words', this.words.length));
    this.clock.zeroTicks = fields.number('zeroTicks');
    this.interrupts.restore(fields.number('intRaw'), fields.number('intEna'), fields.boolean('nmiGate'));
    this.tsf0.restore(fields.number('tsf0OffsetMicros'));
    this.tsf1.restore(fields.number('tsf1OffsetMicros'));
    this.rx.restore(fields.part('rx'));
    this.tx.restore(fields.part('tx'));
    this.ownAddressChanged();
    // What is on the air was sent in a life that has not been.
    this.medium?.cutOff(this);
  }

  /** Behind the restore of the whole board, when its alarms stand again. */
  restored(): void {
    this.tx.resume();
  }

  private get micros32(): number {
    return this.clock.micros() % 0x1_0000_0000;
  }

  private get receiverOn(): boolean {
    return (this.words[MAC.RX_CONTROL >>> 2]! & RX_ON) !== 0;
  }

  /** The receiver hears and has somewhere to put what it hears. */
  private get listening(): boolean {
    return this.receiverOn && this.rx.head !== 0;
  }

  private ownAddressChanged(): void {
    this.filter.copyOwn(this.filter.isEnabled(1) ? 1 : 0, this.mac);
  }
}
