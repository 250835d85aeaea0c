/** Ctrl-C, SIGTERM and the word of `esprig run` in Jest's own process while cases run. */
import { onEndSignals, PARENT_ENV, type EndRequest } from './run-end';

interface InterruptionHooks {
  readonly end: (reason: string) => void;
  /** What cannot hear any more that this process is gone: a case in an endless loop. */
  readonly kill: () => void;
}

/**
 * Listens until it is disposed of. The first wish to end is handed on, so that rigs are given back and the report is
 * written; the second ends this process and its workers at once.
 */
export class Interruption implements Disposable {
  readonly #hooks: InterruptionHooks;
  readonly #leaveSignals: () => void;
  #isEnding = false;

  constructor(hooks: InterruptionHooks) {
    this.#hooks = hooks;
    this.#leaveSignals = onEndSignals(
      { isEnding: () => this.#isEnding, end: (reason) => this.#request(reason), kill: hooks.kill },
      // In a terminal Ctrl-C goes to all; `esprig run` decides then what it means.
      (signal) => !(signal === 'SIGINT' && process.env[PARENT_ENV] !== undefined && process.connected),
    );
    process.on('message', this.#onMessage);
    // Listening must not keep the process.
    process.channel?.unref();
  }

  readonly #onMessage = (message: unknown): void => {
    const { type, reason } = (message ?? {}) as Partial<EndRequest>;
    if (type === 'esprig-end' && typeof reason === 'string') this.#request(reason);
  };

  #request(reason: string): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#hooks.end(reason);
  }

  [Symbol.dispose](): void {
    this.#leaveSignals();
    process.off('message', this.#onMessage);
  }
}
