import { EmulatorFault } from './fault';

/**
 * One thing that can happen at one moment of virtual time. Created once by its owner and scheduled again and again,
 * so that running the board allocates nothing.
 */
export class Alarm {
  /** Unique on a board; names the alarm in a snapshot. */
  readonly name: string;
  readonly onFire: () => void;
  /** When it fires, in ticks; Infinity while it is not scheduled. Written by the queue only. */
  atTicks = Infinity;
  /** Order among alarms of the same moment. Written by the queue only. */
  order = 0;

  constructor(name: string, onFire: () => void) {
    this.name = name;
    this.onFire = onFire;
  }

  get scheduled(): boolean {
    return this.atTicks !== Infinity;
  }
}

/** What a peripheral may do with time. */
export interface Scheduler {
  /** Virtual time now, exact to the cycle also in the middle of a CPU slice. */
  nowTicks(): number;
  /** Makes the alarm known by name, or a snapshot could not schedule it again; its owner does so once. */
  register(alarm: Alarm): Alarm;
  /** (Re)schedules the alarm. A moment in the past fires before the next instruction. */
  scheduleAt(alarm: Alarm, atTicks: number): void;
  scheduleIn(alarm: Alarm, deltaTicks: number): void;
  cancel(alarm: Alarm): void;
}

export interface EventQueueState {
  readonly version: 1;
  readonly nextOrder: number;
  readonly alarms: Readonly<Record<string, { readonly atTicks: number; readonly order: number }>>;
}

/**
 * The board's alarms. A dozen or two exist, so a sorted array beats a heap; alarms of one moment fire in the order
 * in which they were scheduled.
 */
export class EventQueue implements Scheduler {
  /** Reads the clock; the board plants the CPU's here. */
  readNowTicks: () => number = () => 0;
  /** Called when the first alarm moved closer: the CPU must end its slice earlier. */
  onEarlier: (atTicks: number) => void = () => undefined;

  private readonly known = new Map<string, Alarm>();
  private readonly pending: Alarm[] = [];
  private nextOrder = 1;

  /** Every alarm registers once, or it could not be found again in a snapshot. */
  register(alarm: Alarm): Alarm {
    if (this.known.has(alarm.name)) {
      throw new EmulatorFault('ESPRIG_EMU_BAD_CONFIG', `two alarms are named ${alarm.name}`);
    }
    this.known.set(alarm.name, alarm);
    return alarm;
  }

  nowTicks(): number {
    return this.readNowTicks();
  }

  /** Moment of the first pending alarm, Infinity when there is none. */
  get nextAtTicks(): number {
    return this.pending.length > 0 ? this.pending[0]!.atTicks : Infinity;
  }

  scheduleAt(alarm: Alarm, atTicks: number): void {
    if (alarm.atTicks !== Infinity) this.remove(alarm);
    if (!this.known.has(alarm.name)) this.register(alarm);
    alarm.atTicks = atTicks;
    alarm.order = this.nextOrder++;
    let index = this.pending.length;
    while (index > 0 && this.pending[index - 1]!.atTicks > atTicks) index--;
    this.pending.splice(index, 0, alarm);
    if (index === 0) this.onEarlier(atTicks);
  }

  scheduleIn(alarm: Alarm, deltaTicks: number): void {
    this.scheduleAt(alarm, this.nowTicks() + deltaTicks);
  }

  cancel(alarm: Alarm): void {
    if (alarm.atTicks === Infinity) return;
    this.remove(alarm);
    alarm.atTicks = Infinity;
  }

  /** Fires everything that is due at `nowTicks`, first things first; what a callback schedules for now fires too. */
  fireDue(nowTicks: number): void {
    while (this.pending.length > 0 && this.pending[0]!.atTicks <= nowTicks) {
      const alarm = this.pending.shift()!;
      alarm.atTicks = Infinity;
      alarm.onFire();
    }
  }

  save(): EventQueueState {
    const alarms: Record<string, { atTicks: number; order: number }> = {};
    for (const { name, atTicks, order } of this.pending) alarms[name] = { atTicks, order };
    return { version: 1, nextOrder: this.nextOrder, alarms };
  }

  /** @throws EmulatorFault `ESPRIG_EMU_SNAPSHOT` for another version or an alarm that nobody has registered */
  restore(state: EventQueueState): void {
    if (state.version !== 1) {
      throw new EmulatorFault(
        'ESPRIG_EMU_SNAPSHOT',
        `snapshot of the alarms: version ${String(state.version)}`,
      );
    }
    for (const alarm of this.pending) alarm.atTicks = Infinity;
    this.pending.length = 0;
    for (const [name, { atTicks, order }] of Object.entries(state.alarms)) {
      const alarm = this.known.get(name);
      if (!alarm) throw new EmulatorFault('ESPRIG_EMU_SNAPSHOT', `snapshot names an unknown alarm ${name}`);
      alarm.atTicks = atTicks;
      alarm.order = order;
      this.pending.push(alarm);
    }
    this.pending.sort((a, b) => a.atTicks - b.atTicks || a.order - b.order);
    this.nextOrder = state.nextOrder;
    this.onEarlier(this.nextAtTicks);
  }

  private remove(alarm: Alarm): void {
    const index = this.pending.indexOf(alarm);
    if (index >= 0) this.pending.splice(index, 1);
  }
}
