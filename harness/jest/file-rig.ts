/**
 * The rig as one test file has it: opened before the first case that runs, and anew after a case that left it broken.
 * From file to file the worker keeps it (worker-session.ts).
 */
import { toEsprigError, type EsprigError, type Evidence } from '../core/errors';
import type { HeldRig } from './held-rig';
import { missingNeeds } from './needs';
import { readProjectOptions, type JestProject, type PhaseBudgets, type RigProjectOptions } from './options';
import type { WorkerSession } from './worker-session';

/** Jest's own limit stands behind ours and is never reached, unless this process hangs. */
const BEHIND_OURS_MS = 10_000;
const EVIDENCE_LINES = 50;
/** For a serial line to tell that it is gone, after a network connection of the same board was. */
const NEWS_MS = 500;

export interface FileRigOptions {
  readonly session: WorkerSession;
  readonly project: JestProject;
  /** From the project's folder, with forward slashes. */
  readonly file: string;
  readonly needs: readonly string[];
}

export class FileRig {
  readonly #session: WorkerSession;
  readonly #from: FileRigOptions;
  #options: RigProjectOptions | undefined;
  #held: HeldRig | undefined;
  #openError: EsprigError | undefined;
  #missing: string | undefined;

  constructor(from: FileRigOptions) {
    this.#session = from.session;
    this.#from = from;
  }

  /** Reads what the file is to run on, and opens it if anything will. What goes wrong is told by the first case. */
  async prepare(willRun: boolean): Promise<void> {
    try {
      this.#options = readProjectOptions(this.#from.project);
      this.#missing = missingNeeds(this.#from.needs, this.#session.describe(this.#options));
      if (willRun && this.#missing === undefined) await this.#open();
    } catch (error) {
      this.#openError = toEsprigError(error);
    }
  }

  /** Ready for a case. @throws EsprigError what opening it ended with */
  async hold(): Promise<HeldRig> {
    if (this.#openError !== undefined) throw this.#openError;
    return this.#held === undefined || this.#held.isBroken ? this.#open() : this.#held;
  }

  /** Why the rig could not be opened for this file. */
  get openError(): EsprigError | undefined {
    return this.#openError;
  }

  /** What the file needs and the rig has not, as the reason of a skip. */
  get missing(): string | undefined {
    return this.#missing;
  }

  /** The rig while it is open, broken or not. */
  get held(): HeldRig | undefined {
    return this.#held;
  }

  get name(): string {
    return this.#options?.rig ?? '';
  }

  /** As a command line names it: by its file, where the project does. */
  get nameOrFile(): string {
    return this.#options?.rigFile ?? this.name;
  }

  /** Folder of a firmware set in place of the rig's own. */
  get firmware(): string | undefined {
    return this.#options?.firmware;
  }

  /** undefined before the project's options are read, and when they could not be. */
  get budgets(): PhaseBudgets | undefined {
    return this.#options?.budgets;
  }

  /** What Jest is to give a case whose own time is `bodyMs`: behind all of ours, the opening of a broken rig among them. */
  jestLimitMs(bodyMs: number): number {
    const { leaseMs = 0, flashMs = 0, bootMs = 0 } = this.budgets ?? {};
    return bodyMs + leaseMs + 2 * (flashMs + bootMs) + BEHIND_OURS_MS;
  }

  /** The rig's own failure, if it has any. The news that a line is gone may come a moment after a connection broke. */
  async troubleBehind(errors: readonly EsprigError[]): Promise<EsprigError | undefined> {
    const held = this.#held;
    if (held === undefined) return undefined;
    if (held.rig.trouble === undefined && errors.some(({ code }) => code.startsWith('ESPRIG_LINK_'))) {
      await held.awaitTrouble(NEWS_MS);
    }
    return held.rig.trouble;
  }

  consoleEvidence(): readonly Evidence[] {
    const lines = this.#held?.rig.console.lines.slice(-EVIDENCE_LINES) ?? [];
    return [{ title: 'last console lines', lines: lines.map((line) => line.text) }];
  }

  /** `timelineMark`: where to begin. */
  timelineEvidence(timelineMark: number): readonly Evidence[] {
    const held = this.#held;
    if (held === undefined) return [];
    return [{ title: 'what happened last', lines: held.timeline.excerpt(timelineMark, EVIDENCE_LINES) }];
  }

  async #open(): Promise<HeldRig> {
    const owner = `esprig, worker ${process.env['JEST_WORKER_ID'] ?? '1'}, from ${this.#from.file}`;
    this.#held = await this.#session.hold(this.#options!, owner);
    return this.#held;
  }
}
