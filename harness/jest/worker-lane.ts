/**
 * One worker process that runs test files one after the other, and is replaced when it dies.
 *
 * Jest's own runner spreads files over a pool: it cannot say how many workers a rig may have, it sends a file again
 * when its worker crashed (a second, silent try), and a file that is handed to a killed worker never ends. So the
 * scheduling is ours; what runs in the worker is Jest's own `testWorker`, which the package has but does not export.
 */
import { Worker } from 'jest-worker';
import { dirname, join } from 'node:path';
import type { Config } from '@jest/types';
import type { Test, TestResult } from '@jest/test-result';
import type { TestRunnerContext } from 'jest-runner';

const TEST_WORKER = join(dirname(require.resolve('jest-runner')), 'testWorker.js');

/** Time for the board of a worker that is told to end. */
const GRACEFUL_EXIT_MS = 10_000;

/** What jest-worker says when the process itself is gone: it takes no more work. */
const WORKER_IS_DEAD = /^(A jest worker process|Jest worker (encountered|ran out))/;

/** JSON knows no sets; the worker makes sets of them again. */
type SendableContext = {
  readonly [Key in keyof TestRunnerContext]: TestRunnerContext[Key] extends Set<string> | undefined
    ? readonly string[] | undefined
    : TestRunnerContext[Key];
};

function sendable(context: TestRunnerContext): SendableContext {
  const { changedFiles, sourcesRelatedToTestsInChangedFiles: sources } = context;
  return {
    ...context,
    changedFiles: changedFiles && [...changedFiles],
    sourcesRelatedToTestsInChangedFiles: sources && [...sources],
  };
}

interface TestWorker {
  worker(call: {
    config: Config.ProjectConfig;
    context: SendableContext;
    globalConfig: Config.GlobalConfig;
    path: string;
  }): Promise<TestResult> & {
    UNSTABLE_onCustomMessage?: (listener: (message: unknown) => void) => void;
  };
}

/** What jest-worker has for it and does not declare. `forceExit` begins with SIGTERM, which a worker does not handle. */
interface PoolOfWorker {
  readonly _workerPool?: { getWorkers(): readonly { forceExit(): void }[] };
}

export interface LaneOptions {
  readonly globalConfig: Config.GlobalConfig;
  readonly context: TestRunnerContext;
  /** All that the lane may get: their resolvers are told to the worker when it starts. */
  readonly tests: readonly Test[];
  /** What a test tells while it runs. */
  readonly onMessage: (name: string, payload: unknown) => void;
}

export class WorkerLane {
  readonly #options: LaneOptions;
  #worker: (Worker & TestWorker) | undefined;
  /** Was asked to end. */
  #ending: Worker | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** Runs one file. Rejects when it could not be run, also when the process died of it; the next file gets a new one. */
  async run(test: Test): Promise<TestResult> {
    const worker = (this.#worker ??= this.#start());
    const { globalConfig, context, onMessage } = this.#options;
    const running = worker.worker({
      config: test.context.config,
      context: sendable(context),
      globalConfig,
      path: test.path,
    });
    running.UNSTABLE_onCustomMessage?.((message) => {
      const [name, payload] = message as [string, unknown];
      onMessage(name, payload);
    });
    try {
      return await running;
    } catch (error) {
      if (WORKER_IS_DEAD.test((error as Error).message)) await this.end();
      throw error;
    }
  }

  /** Ends the process, in order if it can. True: it had to be forced. */
  async end(): Promise<boolean> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#ending = worker;
    return worker === undefined ? false : (await worker.end()).forceExited;
  }

  /** Ends the process now, whatever it does. */
  kill(): void {
    const { _workerPool: pool } = (this.#worker ?? this.#ending ?? {}) as unknown as PoolOfWorker;
    for (const child of pool?.getWorkers() ?? []) child.forceExit();
  }

  #start(): Worker & TestWorker {
    const { globalConfig, tests } = this.#options;
    const resolvers = new Map(
      tests.map(({ context }) => [
        context.config.id,
        { config: context.config, serializableModuleMap: context.moduleMap.toJSON() },
      ]),
    );
    const worker = new Worker(TEST_WORKER, {
      enableWorkerThreads: false,
      exposedMethods: ['worker'],
      forkOptions: { serialization: 'json', stdio: 'pipe' },
      // Nothing is tried again in silence.
      maxRetries: 0,
      numWorkers: 1,
      setupArgs: [{ serializableResolvers: [...resolvers.values()] }],
      workerGracefulExitTimeout: Math.max(
        GRACEFUL_EXIT_MS,
        (globalConfig as { workerGracefulExitTimeout?: number }).workerGracefulExitTimeout ?? 0,
      ),
    }) as Worker & TestWorker;
    worker.getStdout()?.pipe(process.stdout);
    worker.getStderr()?.pipe(process.stderr);
    return worker;
  }
}
