/** Ctrl-C, SIGTERM and the word of `esprig run` in Jest's own process while cases run. */
import { exitCodeFor } from '../core/errors';
import { PARENT_ENV, type EndRequest } from './run-end';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

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
  #isEnding = false;

  constructor(hooks: InterruptionHooks) {
    this.#hooks = hooks;
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    process.on('message', this.#onMessage);
    // Listening must not keep the process.
    process.channel?.unref();
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    // In a terminal Ctrl-C goes to all; `esprig run` decides then what it means.
    if (signal === 'SIGINT' && process.env[PARENT_ENV] !== undefined && process.connected) return;
    if (this.#isEnding) {
      this.#hooks.kill();
      process.exit(exitCodeFor('harness'));
    }
    process.stderr.write(
      `\nesprig: ${signal}: ending the case and giving back the rig; once more ends at once.\n`,
    );
    this.#request(`The run was interrupted (${signal}).`);
  };

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
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    process.off('message', this.#onMessage);
  }
}
