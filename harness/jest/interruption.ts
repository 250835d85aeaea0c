/** Ctrl-C, SIGTERM and the word of `esprig run` in Jest's own process while cases run. */
import { exitCodeFor } from '../core/errors';
import { PARENT_ENV, type EndRequest } from './run-end';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Listens until it is disposed of. The first wish to end is handed on, so that rigs are given back and the report is
 * written; the second ends this process at once, and the workers go when their channel to it closes.
 */
export class Interruption implements Disposable {
  readonly #end: (reason: string) => void;
  #isEnding = false;

  constructor(end: (reason: string) => void) {
    this.#end = end;
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    process.on('message', this.#onMessage);
    // Listening must not keep the process.
    process.channel?.unref();
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    // In a terminal Ctrl-C goes to all; `esprig run` decides then what it means.
    if (signal === 'SIGINT' && process.env[PARENT_ENV] !== undefined && process.connected) return;
    if (this.#isEnding) process.exit(exitCodeFor('harness'));
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
    this.#end(reason);
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    process.off('message', this.#onMessage);
  }
}
