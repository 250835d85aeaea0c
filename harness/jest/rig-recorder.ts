/** Puts what a rig says on its console and on the air into the run's record, byte by byte as it comes. */
import type { EventBus } from '../core/events';
import type { RunWriter } from '../report/run-writer';
import { AIR_CAPTURED } from '../rig/running-rig';
import type { RunLog } from './run-log';

/**
 * Listens from before the rig is opened until behind its end: of a rig that never opens it is wanted most. What comes
 * before the secrets of the rig are known waits until they are.
 */
export class RigRecorder implements Disposable {
  readonly #log: RunLog;
  readonly #leaves: readonly (() => void)[];
  #waiting: ((writer: RunWriter) => void)[] | undefined = [];

  constructor(rig: string, bus: EventBus, log: RunLog) {
    this.#log = log;
    this.#leaves = [
      bus.on(
        ({ data: { records } }) => {
          if (records instanceof Uint8Array) this.#keep((writer) => writer.packets(rig, records));
        },
        { name: AIR_CAPTURED },
      ),
      bus.on(
        ({ data: { bytes, atMs } }) => {
          if (!(bytes instanceof Uint8Array)) return;
          this.#keep((writer) => writer.serial(rig, bytes, writer.toRunMs(Number(atMs))));
        },
        { name: 'console-bytes' },
      ),
    ];
  }

  /** The secrets are told to the record, or there will be none. */
  release(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const write of waiting) this.#log.write(write);
  }

  [Symbol.dispose](): void {
    this.release();
    for (const leave of this.#leaves) leave();
  }

  #keep(write: (writer: RunWriter) => void): void {
    if (this.#waiting === undefined) this.#log.write(write);
    else this.#waiting.push(write);
  }
}
