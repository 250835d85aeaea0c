/** An open rig with what belongs to it in a worker: its device client, its timeline, what it looks like as shipped. */
import type { Clock } from '../core/clock';
import { Deadline } from '../core/deadline';
import type { EsprigError } from '../core/errors';
import { EventBus } from '../core/events';
import type { TimedLine } from '../port/line-reader';
import type { PhaseRecord } from '../report/run-record';
import type { RunningRig } from '../rig/running-rig';
import { describeRig } from './describe-rig';
import type { RigProjectOptions } from './options';
import { loadRigProvider } from './rig-provider';
import { RigRecorder } from './rig-recorder';
import type { RunLog } from './run-log';
import { Timeline } from './timeline';

export interface HeldRigOptions {
  readonly key: string;
  readonly options: RigProjectOptions;
  readonly leaseOwner: string;
  readonly clock: Clock;
  readonly log: RunLog;
  /** Ends the opening. */
  readonly signal: AbortSignal;
}

export class HeldRig implements AsyncDisposable {
  readonly key: string;
  readonly options: RigProjectOptions;
  readonly rig: RunningRig;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly timeline: Timeline;
  /** Set once the rig or the link to it has failed: it is opened anew before another case gets it. */
  isBroken = false;
  readonly #log: RunLog;
  readonly #phases: PhaseRecord[];
  readonly #recorder: RigRecorder;
  readonly #leave: () => void;

  private constructor(
    from: HeldRigOptions,
    rig: RunningRig,
    bus: EventBus,
    timeline: Timeline,
    recorder: RigRecorder,
    phases: PhaseRecord[],
  ) {
    this.key = from.key;
    this.#log = from.log;
    this.options = from.options;
    this.rig = rig;
    this.timeline = timeline;
    this.#recorder = recorder;
    this.bus = bus;
    this.clock = from.clock;
    this.#phases = phases;
    const tell = ({ atMs, text }: TimedLine): void => timeline.add('serial', 'line', atMs, text);
    // It has booted already.
    for (const line of rig.console.lines) tell(line);
    this.#leave = rig.console.onLine(tell);
  }

  /** Leases, flashes and boots. @throws EsprigError, the phase in its message */
  static async open(from: HeldRigOptions): Promise<HeldRig> {
    const { options, clock, log } = from;
    const bus = new EventBus(clock);
    const timeline = new Timeline({
      rig: options.rig,
      bus,
      toRunMs: (atMs) => log.toRunMs(atMs),
      write: (event) => log.write((writer) => writer.event(event)),
    });
    const recorder = new RigRecorder(options.rig, bus, log);
    const { leaseMs, flashMs, bootMs } = options.budgets;
    const phases: PhaseRecord[] = [];
    const stopPhases = bus.on(
      ({ data }) => {
        const { phase, elapsedMs, startedAtMs } = data as Record<string, unknown>;
        if (typeof phase !== 'string' || typeof elapsedMs !== 'number' || typeof startedAtMs !== 'number')
          return;
        phases.push({ name: phase, atMs: log.toRunMs(startedAtMs), elapsedMs });
      },
      { name: 'phase-ended' },
    );
    using deadline = new Deadline({
      clock,
      budgetMs: leaseMs + flashMs + bootMs,
      phase: 'open',
      blame: 'rig',
      signal: from.signal,
    });
    const startedMs = clock.nowMs();
    let rig: RunningRig | undefined;
    try {
      rig = await loadRigProvider(options.rigProvider).open(options.rigFile ?? options.rig, {
        leaseOwner: from.leaseOwner,
        bus,
        clock,
        deadline,
        firmware: options.firmware,
        budgets: options.budgets,
        onSecrets: (secrets) => {
          log.write((writer) => writer.addSecrets(secrets));
          recorder.release();
        },
      });
      if (phases.length === 0) {
        phases.push({ name: 'open', atMs: log.toRunMs(startedMs), elapsedMs: clock.nowMs() - startedMs });
      }
      const held = new HeldRig(from, rig, bus, timeline, recorder, phases);
      held.introduce();
      recorder.release();
      return held;
    } catch (error) {
      timeline[Symbol.dispose]();
      await rig?.[Symbol.asyncDispose]();
      recorder[Symbol.dispose]();
      throw error;
    } finally {
      stopPhases();
    }
  }

  /** Says to the log which rig it is: in watch mode a rig is held from one run to the next. */
  introduce(): void {
    const { secrets } = this.rig;
    this.#log.write((writer) => writer.addSecrets(secrets));
    this.#log.write((writer) => writer.rig(describeRig(this.rig)));
  }

  /** lease, flash and boot of the opening: told once, with the first case that had the rig. */
  takePhases(): readonly PhaseRecord[] {
    return this.#phases.splice(0);
  }

  /** Tells when the rig itself has failed: what a case waits for will not come. Call the answer to hear no more. */
  onTrouble(listener: (trouble: EsprigError) => void): () => void {
    return this.bus.on(
      () => {
        const { trouble } = this.rig;
        if (trouble !== undefined) listener(trouble);
      },
      { room: 'rig', name: 'rig-broken' },
    );
  }

  /** Waits for trouble that may be on its way; comes back in any case. */
  async awaitTrouble(limitMs: number): Promise<void> {
    let stop: () => void = () => undefined;
    let leave: () => void = () => undefined;
    await new Promise<void>((resolve) => {
      stop = this.clock.after(limitMs, resolve);
      leave = this.onTrouble(() => resolve());
    });
    stop();
    leave();
  }

  step(name: string, text: string, data: Readonly<Record<string, unknown>> = {}): void {
    this.bus.emit('jest', name, { ...data, lane: 'step', text });
  }

  /** As shipped and answering. @throws EsprigError */
  async restore(deadline: Deadline): Promise<void> {
    await this.rig.restoreFirmware(deadline.sub({ phase: 'flash', budgetMs: this.options.budgets.flashMs }));
    await this.rig.waitForReady(
      deadline.sub({ phase: 'boot', budgetMs: this.options.budgets.bootMs, blame: 'dut' }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave();
    try {
      await this.rig[Symbol.asyncDispose]();
    } finally {
      this.#recorder[Symbol.dispose]();
      this.timeline[Symbol.dispose]();
    }
  }
}
