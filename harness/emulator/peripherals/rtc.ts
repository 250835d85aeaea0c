/**
 * The always-on block, 0x60000700. Sources: esp-open-rtos `rtc_regs.h`, ESP8266_RTOS_SDK `rtc_register.h`, chip.md
 * 3.6; the sleep registers: behaviour of the SDK's `pm_set_sleep_cycles`, `pm_goto_sleep`, `rtc_get_reset_reason` and
 * `system_deep_sleep_instant` (which registers they write, and which bits they then wait for). RTC memory is plain RAM
 * elsewhere.
 */
import { RESET_CAUSE } from '../../chip/esp8266';
import { Alarm } from '../event-queue';
import type { IrqLine, Peripheral, PeripheralContext, ResetKind, SavedState } from './peripheral';
import { RTC_PERIOD_TICKS } from './rtc-clock';
import { SavedFields } from './saved-fields';
import { unknownRegister } from './unknown-register';

export interface RtcWiring {
  /** Interrupt 3, level. */
  readonly irq: IrqLine;
  /** CTRL bit 31: the chip is to reset with cause 3. */
  readonly onSoftwareReset: () => void;
  /** The CPU's clock stops until the counter reaches its target; the wake status says so afterwards. */
  readonly onLightSleep: (untilTicks: number) => void;
  /** Everything but this block goes off until `untilTicks`; Infinity when nothing is set to wake it. */
  readonly onDeepSleep: (untilTicks: number) => void;
  /** GPIO16 pulls EN low: the chip is to do an `external` reset, which then shows cause 5. */
  readonly onDeepSleepWake: () => void;
  /** GPIO16 as an output. */
  readonly onGpio16: (level: boolean, driven: boolean) => void;
}

export interface RtcConfig {
  /** GPIO16 is wired to EN; without the wire a deep sleep ends only by a reset from outside. */
  readonly wakeWired: boolean;
}

export const RTC_SIZE = 0x100;

const RTC_CTRL = 0x00;
const RTC_SLP_VAL = 0x04; // counter value that ends a sleep
const RTC_SLEEP = 0x08;
const RTC_STATE1 = 0x14; // bits 0-3 reset cause
const RTC_STATE2 = 0x18; // bits 0-5 wake enables, 8-13 wake cause
const RTC_SLP_CNT = 0x1c; // slow counter
const RTC_INT_ENA = 0x20;
const RTC_INT_CLR = 0x24;
const RTC_INT_ST = 0x28;
const RTC_SCRATCH0 = 0x30;
const RTC_SCRATCH_END = 0x40;
const RTC_SLEEP_OPTIONS = 0x44;
const RTC_GPIO_OUT = 0x68;
const RTC_GPIO_ENABLE = 0x74;
const RTC_GPIO_IN = 0x8c;

const CTRL_SOFTWARE_RESET = 0x80000000;
const SLEEP_START = 1 << 20;
const WAKE_ON_TIMER = 1 << 3;
const WAKE_ENABLES = 0x3f;
const WAKE_CAUSE_SHIFT = 8;
const WAKE_CAUSE_MASK = 0x3f << WAKE_CAUSE_SHIFT;
/** +44 in the last step of the SDK's deep sleep; every light sleep leaves it clear. */
const SLEEP_IS_DEEP = 1 << 5;
const STATUS_WOKEN = 1;

type Sleep = 'awake' | 'light' | 'deep';

/** Reset cause, slow counter, scratch words, sleep and GPIO16. */
export class Rtc implements Peripheral {
  readonly name = 'rtc';
  private readonly context: PeripheralContext;
  private readonly wiring: RtcWiring;
  private readonly config: RtcConfig;
  private readonly wakeAlarm: Alarm;
  private readonly words = new Uint32Array(RTC_SIZE / 4);
  private resetCause: number = RESET_CAUSE.POWER_ON;
  private wakeCause = 0;
  private wakeStatus = 0;
  private sleep: Sleep = 'awake';
  private wokenFromDeepSleep = false;
  private gpio16Input = false;
  /** When the counter was 0. */
  private counterZeroTicks = 0;

  constructor(context: PeripheralContext, wiring: RtcWiring, config: RtcConfig) {
    this.context = context;
    this.wiring = wiring;
    this.config = config;
    this.wakeAlarm = context.scheduler.register(new Alarm('rtc.wake', () => this.wake()));
  }

  get sleeping(): Sleep {
    return this.sleep;
  }

  read32(offset: number): number {
    switch (offset) {
      case RTC_STATE1:
        return ((this.word(offset) & ~0xf) | this.resetCause) >>> 0;
      case RTC_STATE2:
        return ((this.word(offset) & ~WAKE_CAUSE_MASK) | (this.wakeCause << WAKE_CAUSE_SHIFT)) >>> 0;
      case RTC_SLP_CNT:
        return this.counter;
      case RTC_INT_CLR:
        return 0;
      case RTC_INT_ST:
        // Software spins until bits 0-1 are not 0, at start-up before it ever slept.
        return this.sleep === 'awake' ? STATUS_WOKEN : 0;
      case RTC_GPIO_IN:
        return this.gpio16Level ? 1 : 0;
      default:
        return this.word(offset);
    }
  }

  write32(offset: number, value: number): void {
    if (offset >= RTC_SIZE) throw unknownRegister(this.name, offset);
    this.words[offset >>> 2] = value;
    switch (offset) {
      case RTC_CTRL:
        if (value >>> 0 >= CTRL_SOFTWARE_RESET) this.wiring.onSoftwareReset();
        break;
      case RTC_SLEEP:
        if ((value & SLEEP_START) !== 0) this.goToSleep();
        break;
      case RTC_INT_CLR:
        this.wakeStatus &= ~value;
        this.driveIrq();
        break;
      case RTC_INT_ENA:
        this.driveIrq();
        break;
      case RTC_GPIO_OUT:
      case RTC_GPIO_ENABLE:
        this.wiring.onGpio16((this.word(RTC_GPIO_OUT) & 1) !== 0, (this.word(RTC_GPIO_ENABLE) & 1) !== 0);
        break;
    }
  }

  /** Level that the outside puts on GPIO16. */
  setGpio16Input(level: boolean): void {
    this.gpio16Input = level;
  }

  reset(kind: ResetKind): void {
    this.context.scheduler.cancel(this.wakeAlarm);
    this.resetCause =
      kind === 'external' && this.wokenFromDeepSleep ? RESET_CAUSE.DEEP_SLEEP : CAUSE_OF[kind];
    this.wakeCause = this.resetCause === RESET_CAUSE.DEEP_SLEEP ? WAKE_ON_TIMER : 0;
    this.wokenFromDeepSleep = false;
    this.sleep = 'awake';
    this.wakeStatus = 0;
    const first = RTC_SCRATCH0 >>> 2;
    const end = RTC_SCRATCH_END >>> 2;
    this.words.fill(0, 0, first);
    this.words.fill(0, end);
    if (kind === 'power-on') {
      this.words.fill(0, first, end);
      this.counterZeroTicks = this.context.scheduler.nowTicks();
    }
    this.driveIrq();
    this.wiring.onGpio16(false, false);
  }

  save(): SavedState {
    return {
      version: 1,
      words: Array.from(this.words),
      resetCause: this.resetCause,
      wakeCause: this.wakeCause,
      wakeStatus: this.wakeStatus,
      sleep: this.sleep,
      wokenFromDeepSleep: this.wokenFromDeepSleep,
      gpio16Input: this.gpio16Input,
      counterZeroTicks: this.counterZeroTicks,
    };
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the state does not fit. */
  restore(state: SavedState): void {
    const fields = new SavedFields(this.name, state, 1);
    this.words.set(fields.numbers('words', this.words.length));
    this.resetCause = fields.number('resetCause');
    this.wakeCause = fields.number('wakeCause');
    this.wakeStatus = fields.number('wakeStatus');
    this.sleep = fields.oneOf('sleep', ['awake', 'light', 'deep']);
    this.wokenFromDeepSleep = fields.boolean('wokenFromDeepSleep');
    this.gpio16Input = fields.boolean('gpio16Input');
    this.counterZeroTicks = fields.number('counterZeroTicks');
    this.driveIrq();
  }

  private get counter(): number {
    const ticks = this.context.scheduler.nowTicks() - this.counterZeroTicks;
    return Math.floor(ticks / RTC_PERIOD_TICKS) % 0x100000000;
  }

  private get gpio16Level(): boolean {
    const driven = (this.word(RTC_GPIO_ENABLE) & 1) !== 0;
    return driven ? (this.word(RTC_GPIO_OUT) & 1) !== 0 : this.gpio16Input;
  }

  private word(offset: number): number {
    const word = this.words[offset >>> 2];
    if (word === undefined) throw unknownRegister(this.name, offset);
    return word;
  }

  private goToSleep(): void {
    const untilTicks = this.wakeAtTicks;
    this.wakeStatus = 0;
    this.driveIrq();
    if (untilTicks !== Infinity) this.context.scheduler.scheduleAt(this.wakeAlarm, untilTicks);
    if ((this.word(RTC_SLEEP_OPTIONS) & SLEEP_IS_DEEP) !== 0) {
      this.sleep = 'deep';
      this.wiring.onDeepSleep(untilTicks);
    } else {
      this.sleep = 'light';
      this.wiring.onLightSleep(untilTicks);
    }
  }

  /** When the counter reaches its target, by a signed comparison: a target in the past wakes at once. */
  private get wakeAtTicks(): number {
    const deep = (this.word(RTC_SLEEP_OPTIONS) & SLEEP_IS_DEEP) !== 0;
    const timerWakes = (this.word(RTC_STATE2) & WAKE_ENABLES & WAKE_ON_TIMER) !== 0;
    if (!timerWakes || (deep && !this.config.wakeWired)) return Infinity;
    const remaining = Math.max(0, (this.word(RTC_SLP_VAL) - this.counter) | 0);
    const now = this.context.scheduler.nowTicks();
    const phaseTicks = (now - this.counterZeroTicks) % RTC_PERIOD_TICKS;
    return remaining === 0 ? now : now - phaseTicks + remaining * RTC_PERIOD_TICKS;
  }

  private wake(): void {
    const deep = this.sleep === 'deep';
    this.sleep = 'awake';
    this.words[RTC_SLEEP >>> 2] = this.word(RTC_SLEEP) & ~SLEEP_START;
    if (deep) {
      this.wokenFromDeepSleep = true;
      this.wiring.onDeepSleepWake();
      return;
    }
    this.wakeCause = WAKE_ON_TIMER;
    this.wakeStatus |= STATUS_WOKEN;
    this.driveIrq();
  }

  private driveIrq(): void {
    this.wiring.irq((this.wakeStatus & this.word(RTC_INT_ENA)) !== 0);
  }
}

const CAUSE_OF: Readonly<Record<ResetKind, number>> = {
  'power-on': RESET_CAUSE.POWER_ON,
  external: RESET_CAUSE.EXTERNAL,
  software: RESET_CAUSE.SOFTWARE,
  watchdog: RESET_CAUSE.WATCHDOG,
};
