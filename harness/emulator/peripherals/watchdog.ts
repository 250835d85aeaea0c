/**
 * The hardware watchdog, 0x60000900. Sources: ESP8266_RTOS_SDK `eagle_soc.h` and `esp8266/source/task_wdt.c`,
 * chip.md 3.9. It stops only for a reset of the chip or by its own registers; a jump to the reset vector leaves it
 * running, as on silicon.
 */
import { Alarm } from '../event-queue';
import { TICKS_PER_MICRO } from '../time';
import type { IrqLine, Peripheral, PeripheralContext, SavedState } from './peripheral';
import { SavedFields } from './saved-fields';
import { unknownRegister } from './unknown-register';

export interface WatchdogWiring {
  /** Interrupt 8, edge-triggered. */
  readonly irq: IrqLine;
  /** DPORT+04 bit 0. */
  readonly edgeEnabled: () => boolean;
  /** Stage 2 ran out: the chip resets with cause 4. */
  readonly onStage2Reset: () => void;
}

export const WATCHDOG_SIZE = 0x100;

const WDT_CTL = 0x00;
const WDT_OP = 0x04; // period of stage 1
const WDT_OP_ND = 0x08; // period of stage 2
const WDT_VALUE = 0x0c;
const WDT_STATUS = 0x10;
const WDT_RST = 0x14; // feed

const WDT_CTL_EN = 1;
const WDT_FEED_VALUE = 0x73;
/** One step of the counter: 0.8 ms. Stage n lasts 2^n of them. */
const STEP_TICKS = 800 * TICKS_PER_MICRO;

type Stage = 1 | 2;

/** Two stages in turn: the first raises interrupt 8, the second resets the chip. */
export class Watchdog implements Peripheral {
  readonly name = 'watchdog';
  private readonly context: PeripheralContext;
  private readonly wiring: WatchdogWiring;
  private readonly stageAlarm: Alarm;
  private control = 0;
  private period1 = 0;
  private period2 = 0;
  private stage: Stage = 1;
  private interruptPending = false;
  private clockGated = false;
  /** Ticks of the present stage that had passed at `countedAtTicks`. */
  private countedTicks = 0;
  private countedAtTicks = 0;

  constructor(context: PeripheralContext, wiring: WatchdogWiring) {
    this.context = context;
    this.wiring = wiring;
    this.stageAlarm = context.scheduler.register(new Alarm('watchdog.stage', () => this.endStage()));
  }

  /** Enabled and clocked. */
  get running(): boolean {
    return (this.control & WDT_CTL_EN) !== 0 && !this.clockGated;
  }

  read32(offset: number): number {
    switch (offset) {
      case WDT_CTL:
        return this.control;
      case WDT_OP:
        return this.period1;
      case WDT_OP_ND:
        return this.period2;
      case WDT_VALUE:
        return Math.floor(this.elapsedTicks / STEP_TICKS);
      case WDT_STATUS:
        return this.interruptPending ? 1 : 0;
      case WDT_RST:
        return 0;
      default:
        throw unknownRegister(this.name, offset);
    }
  }

  write32(offset: number, value: number): void {
    switch (offset) {
      case WDT_CTL: {
        const wasEnabled = (this.control & WDT_CTL_EN) !== 0;
        this.holdCount();
        this.control = value & 0x3f;
        if (!wasEnabled) this.startStage(1);
        this.schedule();
        break;
      }
      case WDT_OP:
        this.period1 = value & 0xf;
        this.schedule();
        break;
      case WDT_OP_ND:
        this.period2 = value & 0xf;
        this.schedule();
        break;
      case WDT_VALUE:
      case WDT_STATUS:
        break; // read only
      case WDT_RST:
        if ((value & 0xff) === WDT_FEED_VALUE) this.feed();
        break;
      default:
        throw unknownRegister(this.name, offset);
    }
  }

  /** DPORT+18 bit 3: without its clock the watchdog stands still and keeps its count. */
  setClockGated(gated: boolean): void {
    if (gated === this.clockGated) return;
    this.holdCount();
    this.clockGated = gated;
    this.schedule();
  }

  reset(): void {
    this.control = 0;
    this.period1 = 0;
    this.period2 = 0;
    this.clockGated = false;
    this.startStage(1);
    this.schedule();
  }

  save(): SavedState {
    return {
      version: 1,
      control: this.control,
      period1: this.period1,
      period2: this.period2,
      stage: this.stage,
      interruptPending: this.interruptPending,
      clockGated: this.clockGated,
      countedTicks: this.countedTicks,
      countedAtTicks: this.countedAtTicks,
    };
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the state does not fit. */
  restore(state: SavedState): void {
    const fields = new SavedFields(this.name, state, 1);
    this.control = fields.number('control');
    this.period1 = fields.number('period1');
    this.period2 = fields.number('period2');
    this.stage = fields.number('stage') === 2 ? 2 : 1;
    this.interruptPending = fields.boolean('interruptPending');
    this.clockGated = fields.boolean('clockGated');
    this.countedTicks = fields.number('countedTicks');
    this.countedAtTicks = fields.number('countedAtTicks');
  }

  private get elapsedTicks(): number {
    if (!this.running) return this.countedTicks;
    return this.countedTicks + this.context.scheduler.nowTicks() - this.countedAtTicks;
  }

  private get stageTicks(): number {
    return STEP_TICKS * 2 ** (this.stage === 1 ? this.period1 : this.period2);
  }

  private feed(): void {
    this.startStage(1);
    this.schedule();
  }

  private startStage(stage: Stage): void {
    this.stage = stage;
    if (stage === 1) this.interruptPending = false;
    this.countedTicks = 0;
    this.countedAtTicks = this.context.scheduler.nowTicks();
  }

  /** Takes the elapsed part of the stage over, before whether it counts changes. */
  private holdCount(): void {
    this.countedTicks = this.elapsedTicks;
    this.countedAtTicks = this.context.scheduler.nowTicks();
  }

  private schedule(): void {
    const { scheduler } = this.context;
    if (this.running) {
      scheduler.scheduleAt(this.stageAlarm, this.countedAtTicks + this.stageTicks - this.countedTicks);
    } else {
      scheduler.cancel(this.stageAlarm);
    }
  }

  private endStage(): void {
    if (this.stage === 2) {
      this.wiring.onStage2Reset();
      return;
    }
    this.startStage(2);
    this.interruptPending = true;
    this.schedule();
    if (this.wiring.edgeEnabled()) {
      this.wiring.irq(true);
      this.wiring.irq(false);
    }
  }
}
