/** One case on its way to a record: when it began, its phases, what went wrong, and who must act. */
import type { Clock } from '../core/clock';
import { caseId, type CaseRecord, type FailureRecord, type PhaseRecord } from '../report/run-record';
import { describeFailure, judge, unfold } from './failure';
import type { RunLog } from './run-log';

export interface CaseIdentity {
  /** From the project's folder, with forward slashes. */
  readonly file: string;
  readonly titlePath: readonly string[];
  readonly rig: string;
  readonly needs: readonly string[];
  readonly repeatCommand: string;
}

export class CaseLog {
  readonly identity: CaseIdentity;
  readonly startedAtMs: number;
  readonly failures: FailureRecord[] = [];
  readonly phases: PhaseRecord[] = [];
  readonly #log: RunLog;
  readonly #clock: Clock;
  #skipReason: string | undefined;

  /** `log`: its run's clock is the one of the record. */
  constructor(identity: CaseIdentity, { clock, log }: { readonly clock: Clock; readonly log: RunLog }) {
    this.identity = identity;
    this.#clock = clock;
    this.#log = log;
    this.startedAtMs = log.nowMs();
  }

  get id(): string {
    const { file, titlePath, rig } = this.identity;
    return caseId(file, titlePath, rig);
  }

  /** What is on record while the case still runs. */
  get started(): Pick<
    CaseRecord,
    'id' | 'file' | 'titlePath' | 'rig' | 'startedAtMs' | 'needs' | 'repeatCommand'
  > {
    return { id: this.id, ...this.identity, startedAtMs: this.startedAtMs };
  }

  /** Adds what a test or a hook threw. `extra`: what Jest itself cannot know, such as the last console lines. */
  fail(error: unknown, extra: Partial<FailureRecord> = {}): void {
    for (const each of unfold(error)) {
      const failure = describeFailure(each);
      this.failures.push({
        ...failure,
        ...extra,
        evidence: [...failure.evidence, ...(extra.evidence ?? [])],
      });
    }
  }

  skip(reason: string): void {
    this.#skipReason = reason;
  }

  get skipReason(): string | undefined {
    return this.#skipReason;
  }

  /** Measures a phase, however it ends. */
  async phase<T>(name: string, work: () => Promise<T>): Promise<T> {
    const atMs = this.#clock.nowMs();
    try {
      return await work();
    } finally {
      this.phases.push({ name, atMs: this.#log.toRunMs(atMs), elapsedMs: this.#clock.nowMs() - atMs });
    }
  }

  finish(): CaseRecord {
    const isSkipped = this.#skipReason !== undefined && this.failures.length === 0;
    return {
      ...this.started,
      ...(isSkipped ? { verdict: 'skipped', skipReason: this.#skipReason } : judge(this.failures)),
      elapsedMs: this.#log.nowMs() - this.startedAtMs,
      phases: this.phases,
      failures: this.failures,
    };
  }
}
