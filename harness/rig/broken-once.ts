import { isEsprigError, RigError, type EsprigError } from '../core/errors';

/**
 * A rig that failed once is broken until it is leased again: what comes later would only be noise about the first failure.
 * Failures of the firmware and mistakes of a case do not break a rig.
 */
export class BrokenOnce {
  readonly #rig: string;
  readonly #onBroken: (first: EsprigError) => void;
  #first: EsprigError | undefined;

  /** `onBroken` is told of the first failure, once, when it happens. */
  constructor(rig: string, onBroken: (first: EsprigError) => void = () => undefined) {
    this.#rig = rig;
    this.#onBroken = onBroken;
  }

  get first(): EsprigError | undefined {
    return this.#first;
  }

  /** From now on every call ends with this failure; the first one stays. */
  broke(error: EsprigError): void {
    if (this.#first !== undefined) return;
    this.#first = error;
    this.#onBroken(error);
  }

  /** @throws RigError ESPRIG_RIG_BROKEN with the first failure as its cause */
  check(what: string): void {
    const first = this.#first;
    if (first === undefined) return;
    throw new RigError('ESPRIG_RIG_BROKEN', `${what}: ${this.#rig} is broken since: ${first.message}`, {
      blame: first.blame,
      cause: first,
      evidence: first.evidence,
      hint: first.hint ?? 'Mend it and lease it again.',
    });
  }

  /** Does the work unless the rig is broken; it is from then on if the rig or the harness was to blame. */
  async guard<T>(what: string, work: () => Promise<T>): Promise<T> {
    this.check(what);
    try {
      return await work();
    } catch (error) {
      // Something that happened meanwhile, such as a board that stopped, is the reason for what was seen of it.
      if (this.#first !== undefined && error !== this.#first) this.check(what);
      if (isEsprigError(error) && (error.blame === 'rig' || error.blame === 'harness')) this.broke(error);
      throw error;
    }
  }
}
