/** Puts what a rig tells of its air into the run's record. */
import type { EventBus } from '../core/events';
import { AIR_CAPTURED } from '../rig/running-rig';
import type { RunLog } from './run-log';

/**
 * Listens from before the rig is opened until behind its end. Secrets of a rig are known when it is open: until then its
 * packets wait.
 */
export class RigAir implements Disposable {
  readonly #rig: string;
  readonly #log: RunLog;
  readonly #leave: () => void;
  #waiting: Uint8Array[] | undefined = [];

  constructor(rig: string, bus: EventBus, log: RunLog) {
    this.#rig = rig;
    this.#log = log;
    this.#leave = bus.on(
      ({ data }) => {
        const { records } = data;
        if (!(records instanceof Uint8Array)) return;
        if (this.#waiting === undefined) this.#write(records);
        else this.#waiting.push(records);
      },
      { name: AIR_CAPTURED },
    );
  }

  /** The secrets are told to the record, or there will be none. */
  release(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const records of waiting) this.#write(records);
  }

  [Symbol.dispose](): void {
    this.release();
    this.#leave();
  }

  #write(records: Uint8Array): void {
    this.#log.write((writer) => writer.packets(this.#rig, records));
  }
}
