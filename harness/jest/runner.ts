/** Runs test files on rigs: the number of boards decides how many run at once, not the number of processors alone. */
import JestRunner, { EmittingTestRunner } from 'jest-runner';
import type { Test, TestEvents, TestRunnerOptions, TestWatcher, UnsubscribeFn } from 'jest-runner';
import { readProjectOptions } from './options';
import { Interruption } from './interruption';
import { loadRigProvider } from './rig-provider';
import { runEnd } from './run-end';
import { Schedule, type RigLoad, type Seat } from './schedule';
import { closeWorkerSession } from './worker-session';
import { WorkerLane } from './worker-lane';

type Listener = (data: never) => void | Promise<void>;

const EVENTS = [
  'test-file-start',
  'test-file-success',
  'test-file-failure',
  'test-case-start',
  'test-case-result',
] as const satisfies readonly (keyof TestEvents)[];

export class RigRunner extends EmittingTestRunner {
  readonly #listeners = new Map<string, Set<Listener>>();

  override on<Name extends keyof TestEvents>(
    eventName: Name,
    listener: (eventData: TestEvents[Name]) => void | Promise<void>,
  ): UnsubscribeFn {
    const row = this.#listeners.get(eventName) ?? new Set();
    this.#listeners.set(eventName, row.add(listener));
    return () => void row.delete(listener);
  }

  override async runTests(tests: Test[], watcher: TestWatcher, { serial }: TestRunnerOptions): Promise<void> {
    const loads = loadsOf(tests);
    runEnd.begin({ end: closeWorkerSession, kill: () => undefined });
    const interruption = new Interruption({
      end: (reason) => {
        runEnd.cutForGood(reason);
        void watcher.setState({ interrupted: true });
      },
      kill: () => runEnd.killWorkers(),
    });
    try {
      const files = loads.flatMap((load) => load.files);
      await (serial ? this.#runHere(files, watcher) : this.#runInLanes(loads, watcher));
    } finally {
      interruption[Symbol.dispose]();
    }
  }

  /** In this process (`-i`, or one short file): the board stays open between the runs of watch mode. */
  async #runHere(tests: Test[], watcher: TestWatcher): Promise<void> {
    watcher.on('change', ({ interrupted }) => {
      if (interrupted) void closeWorkerSession();
    });
    const inner = new JestRunner(this._globalConfig, this._context);
    const leave = EVENTS.map((name) => inner.on(name, (data) => this.#emit(name, data)));
    try {
      await inner.runTests(tests, watcher, { serial: true });
    } finally {
      for (const stop of leave) stop();
      if (!this._globalConfig.watch && !this._globalConfig.watchAll) await closeWorkerSession();
    }
  }

  async #runInLanes(loads: readonly RigLoad<Test>[], watcher: TestWatcher): Promise<void> {
    const schedule = new Schedule(loads);
    const count = schedule.laneCount(this._globalConfig.maxWorkers);
    let stopAll: () => void = () => undefined;
    const interrupted = new Promise<void>((resolve) => (stopAll = resolve));
    watcher.on('change', (state) => {
      if (state.interrupted) stopAll();
    });
    const lanes = Array.from(
      { length: count },
      () =>
        new WorkerLane({
          globalConfig: this._globalConfig,
          context: this._context,
          tests: loads.flatMap(({ files }) => files),
          onMessage: (name, payload) => void this.#emit(name as keyof TestEvents, payload as never),
        }),
    );
    const endLanes = async (): Promise<void> => {
      const forced = await Promise.all(lanes.map((lane) => lane.end()));
      if (forced.includes(true)) {
        process.stderr.write('esprig: a worker did not end in time and was killed; its board with it.\n');
      }
    };
    runEnd.begin({
      end: endLanes,
      kill: () => {
        for (const lane of lanes) lane.kill();
      },
    });
    try {
      await Promise.race([
        Promise.all(lanes.map((lane) => this.#runLane(lane, schedule, watcher))),
        interrupted,
      ]);
    } finally {
      await endLanes();
    }
  }

  async #runLane(lane: WorkerLane, schedule: Schedule<Test>, watcher: TestWatcher): Promise<void> {
    const seat: Seat = { rig: undefined };
    for (;;) {
      const isEnding = watcher.isInterrupted() || runEnd.cutShort !== undefined;
      const test = isEnding ? undefined : schedule.next(seat);
      if (test === undefined) return;
      await this.#emit('test-file-start', [test]);
      try {
        const result = await lane.run(test);
        await this.#emit('test-file-success', [test, result]);
      } catch (error) {
        await this.#emit('test-file-failure', [test, error as TestEvents['test-file-failure'][1]]);
      }
    }
  }

  async #emit<Name extends keyof TestEvents>(name: Name, data: TestEvents[Name]): Promise<void> {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) await listener(data as never);
  }
}

/** Files by rig, in the order of Jest's sequencer. */
export function loadsOf(tests: readonly Test[]): readonly RigLoad<Test>[] {
  const byRig = new Map<string, { isExclusive: boolean; files: Test[] }>();
  for (const test of tests) {
    const { rig, isExclusive } = rigOf(test.context.config);
    const row = byRig.get(rig) ?? { isExclusive, files: [] };
    row.files.push(test);
    byRig.set(rig, row);
  }
  return [...byRig].map(([rig, row]) => ({ rig, ...row }));
}

function rigOf(project: Test['context']['config']): {
  readonly rig: string;
  readonly isExclusive: boolean;
} {
  try {
    const { rig, rigFile, rigProvider } = readProjectOptions(project);
    const { kind } = loadRigProvider(rigProvider).describe(rigFile ?? rig);
    return { rig, isExclusive: kind === 'serial' };
  } catch {
    // What is wrong with it the environment will say, in the place where it counts as broken.
    const { rig } = project.testEnvironmentOptions;
    return { rig: typeof rig === 'string' ? rig : '', isExclusive: false };
  }
}
