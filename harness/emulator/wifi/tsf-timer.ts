/** One of the MAC's two 64-bit microsecond timers with its alarm (wifi.md section 6). */
import { Alarm, type Scheduler } from '../event-queue';
import { TICKS_PER_MICRO } from '../time';

/** The free-running microsecond counter both timers hang on. */
export interface MicroClock {
  /** Microseconds since the counter was 0, not wrapped. */
  micros(): number;
  /** The moment at which the counter reaches a value. */
  ticksAt(micros: number): number;
}

const WORD = 0x1_0000_0000;

export const TSF_ALARM_ENABLE = 0x80000000;

export class TsfTimer {
  /** Counter value at which this timer was 0; may lie in the future. */
  private offsetMicros = 0;
  private readonly clock: MicroClock;
  private readonly scheduler: Scheduler;
  private readonly alarm: Alarm;

  constructor(name: string, clock: MicroClock, scheduler: Scheduler, onAlarm: () => void) {
    this.clock = clock;
    this.scheduler = scheduler;
    this.alarm = scheduler.register(new Alarm(name, onAlarm));
  }

  get low(): number {
    return modulo(this.clock.micros() - this.offsetMicros);
  }

  get high(): number {
    return modulo(Math.floor((this.clock.micros() - this.offsetMicros) / WORD));
  }

  get armed(): boolean {
    return this.alarm.scheduled;
  }

  /** Sets the time; an alarm that waits is computed anew from `alarmLow`. */
  load(low: number, high: number, alarmLow: number): void {
    this.offsetMicros = this.clock.micros() - (high * WORD + low);
    if (this.alarm.scheduled) this.arm(alarmLow);
  }

  /** One alarm when the low word reaches `alarmLow`; a value already passed is due in 1 µs. */
  arm(alarmLow: number): void {
    const deltaMicros = Math.max(1, (alarmLow - this.low) | 0);
    this.scheduler.scheduleAt(this.alarm, this.clock.ticksAt(this.clock.micros() + deltaMicros));
  }

  disarm(): void {
    this.scheduler.cancel(this.alarm);
  }

  /** Counts from the free-running counter's zero again. */
  reset(): void {
    this.offsetMicros = 0;
    this.disarm();
  }

  save(): number {
    return this.offsetMicros;
  }

  restore(offsetMicros: number): void {
    this.offsetMicros = offsetMicros;
  }
}

function modulo(value: number): number {
  return value - Math.floor(value / WORD) * WORD;
}

/** Free-running counter over the board's clock. */
export class MicroCounter implements MicroClock {
  /** When it was 0. */
  zeroTicks = 0;
  private readonly scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }

  micros(): number {
    return Math.floor((this.scheduler.nowTicks() - this.zeroTicks) / TICKS_PER_MICRO);
  }

  ticksAt(micros: number): number {
    return this.zeroTicks + micros * TICKS_PER_MICRO;
  }

  restart(): void {
    this.zeroTicks = this.scheduler.nowTicks();
  }
}
