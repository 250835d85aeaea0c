/**
 * The part of a flash chip that takes time: one operation after the other over the array and the status registers, its
 * end or the power cut in it, and the counting of operations.
 */
import { FLASH_PAGE_BYTES } from '../../chip/flash-chips';
import { Alarm, type Scheduler } from '../event-queue';
import { EmulatorFault } from '../fault';
import { nanosToTicks } from '../time';
import {
  applyOperation,
  operationAreaBytes,
  operationTicks,
  type FlashOperation,
  type FlashOperationKind,
  type FlashPowerCut,
  type PowerCutRequest,
} from './flash-operation';
import { momentInside } from './flash-power-cut';
import type { FlashStatus } from './flash-status';
import type { FlashTiming } from './flash-timing';
import type { SavedState } from './peripheral';
import { SavedFields } from './saved-fields';

/** What the chip around the engine wants to hear. */
export interface FlashEngineEvents {
  /** An operation has begun. */
  started(): void;
  /** It is complete. */
  completed(): void;
  /** Bytes of the content may have changed. */
  contentChanged(flashOffset: number, lengthBytes: number): void;
  /** The armed power cut came; what the operation had done is in the content. */
  powerCut(cut: FlashPowerCut): void;
}

const OPERATION_KINDS: readonly FlashOperationKind[] = [
  'program',
  'erase-sector',
  'erase-block-32k',
  'erase-block',
  'erase-chip',
  'write-status',
];

export class FlashEngine {
  /** Ends an operation, or cuts the power in it. */
  readonly alarm: Alarm;
  /** The page to be programmed, FF where nothing is. */
  readonly latch = new Uint8Array(FLASH_PAGE_BYTES);

  private readonly content: Uint8Array;
  private readonly status: FlashStatus;
  private readonly scheduler: Scheduler;
  private readonly timing: FlashTiming;
  private readonly events: FlashEngineEvents;

  private wip = false;
  private kind: FlashOperationKind = 'program';
  private addr = 0;
  private length = 0;
  private startTicks = 0;
  private endTicks = 0;
  /** When the alarm is due: the end, or the cut before it. */
  private dueTicks = 0;
  private cutting = false;
  private armed: PowerCutRequest | undefined;
  private sincePowerOn = 0;
  private total = 0;

  constructor(
    content: Uint8Array,
    status: FlashStatus,
    scheduler: Scheduler,
    timing: FlashTiming,
    events: FlashEngineEvents,
  ) {
    this.content = content;
    this.status = status;
    this.scheduler = scheduler;
    this.timing = timing;
    this.events = events;
    this.alarm = new Alarm('flash-chip', () => this.onAlarm());
  }

  get busy(): boolean {
    return this.wip;
  }

  get countSincePowerOn(): number {
    return this.sincePowerOn;
  }

  get countTotal(): number {
    return this.total;
  }

  /** Busy at a moment that the alarms have not reached yet. */
  isBusyAt(atTicks: number): boolean {
    return this.wip && atTicks < this.endTicks;
  }

  /** @throws EmulatorFault ESPRIG_EMU_BAD_CONFIG when that operation has already started */
  arm(request: PowerCutRequest | undefined): void {
    if (request !== undefined) {
      const started = request.counted === 'total' ? this.total : this.sincePowerOn;
      if (!(request.operation > started) || (request.afterNanos ?? 0) < 0) {
        throw new EmulatorFault(
          'ESPRIG_EMU_BAD_CONFIG',
          `power cut at flash operation ${request.operation}, ${request.afterNanos ?? 'some'} ns after its start: ` +
            `${started} have started already`,
        );
      }
    }
    this.armed = request;
  }

  begin(kind: FlashOperationKind, addr: number, length: number, atTicks: number): void {
    const durationTicks = operationTicks(kind, this.content.length, this.timing);
    this.sincePowerOn++;
    this.total++;
    this.kind = kind;
    this.addr = addr;
    this.length = length;
    this.startTicks = atTicks;
    this.endTicks = atTicks + durationTicks;
    this.wip = true;
    this.dueTicks = this.endTicks;
    const { armed } = this;
    this.cutting =
      armed !== undefined && armed.operation === (armed.counted === 'total' ? this.total : this.sincePowerOn);
    if (armed !== undefined && this.cutting) {
      const { afterNanos, seed } = armed;
      const afterTicks =
        afterNanos === undefined ? momentInside(durationTicks, seed) : nanosToTicks(afterNanos);
      this.dueTicks = Math.min(this.endTicks, atTicks + afterTicks);
    }
    this.scheduler.scheduleAt(this.alarm, this.dueTicks);
    this.events.started();
  }

  /** The operation under way or the last one. */
  describe(): FlashOperation {
    return {
      number: this.sincePowerOn,
      total: this.total,
      kind: this.kind,
      addr: this.addr,
      length: this.length,
      atTicks: this.startTicks,
    };
  }

  /** Does what the alarm would have done by then: transfers can be queued ahead of the clock. */
  settle(atTicks: number): void {
    if (!this.wip || this.dueTicks > atTicks) return;
    this.scheduler.cancel(this.alarm);
    this.onAlarm();
  }

  /** The supply fails: what is under way stays as far as it got. `seed` decides which bits. */
  interrupt(nowTicks: number, seed: number): void {
    if (!this.wip) return;
    this.scheduler.cancel(this.alarm);
    this.apply(Math.max(0, nowTicks - this.startTicks), seed);
    this.stop();
  }

  /** Power is back: the count since power-on starts over. */
  powerOn(): void {
    this.sincePowerOn = 0;
  }

  save(): SavedState {
    return {
      version: 1,
      wip: this.wip,
      operationKind: this.kind,
      addr: this.addr,
      length: this.length,
      startTicks: this.startTicks,
      endTicks: this.endTicks,
      dueTicks: this.dueTicks,
      cutting: this.cutting,
      latch: Array.from(this.latch),
      armed: this.armed === undefined ? null : { ...this.armed },
      sincePowerOn: this.sincePowerOn,
      total: this.total,
    };
  }

  /** @throws EmulatorFault ESPRIG_EMU_SNAPSHOT for another version */
  restore(state: SavedState): void {
    const fields = new SavedFields('flash-chip.engine', state, 1);
    this.wip = fields.boolean('wip');
    this.kind = fields.oneOf('operationKind', OPERATION_KINDS);
    this.addr = fields.number('addr');
    this.length = fields.number('length');
    this.startTicks = fields.number('startTicks');
    this.endTicks = fields.number('endTicks');
    this.dueTicks = fields.number('dueTicks');
    this.cutting = fields.boolean('cutting');
    this.latch.set(fields.numbers('latch', FLASH_PAGE_BYTES));
    this.armed =
      state.armed === null ? undefined : { ...(fields.part('armed') as unknown as PowerCutRequest) };
    this.sincePowerOn = fields.number('sincePowerOn');
    this.total = fields.number('total');
  }

  private onAlarm(): void {
    if (!this.cutting) {
      this.apply(this.endTicks - this.startTicks, 0);
      this.wip = false;
      this.events.completed();
      return;
    }
    const cut: FlashPowerCut = {
      operation: this.describe(),
      elapsedTicks: this.dueTicks - this.startTicks,
      durationTicks: this.endTicks - this.startTicks,
    };
    this.apply(cut.elapsedTicks, this.armed?.seed ?? 0);
    this.stop();
    this.events.powerCut(cut);
  }

  private stop(): void {
    if (this.cutting) this.armed = undefined;
    this.cutting = false;
    this.wip = false;
  }

  /** The operation's effect after some of its time. */
  private apply(elapsedTicks: number, seed: number): void {
    const progress = elapsedTicks / (this.endTicks - this.startTicks);
    if (this.kind === 'write-status') {
      this.status.store(progress, seed);
      return;
    }
    applyOperation(this.content, this.kind, this.addr, this.latch, progress, seed);
    if (progress <= 0) return;
    const areaBytes = operationAreaBytes(this.kind, this.content.length);
    this.events.contentChanged(this.addr & -areaBytes, areaBytes);
  }
}
