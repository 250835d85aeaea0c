import { RESET_CAUSE } from '../chip/esp8266';
import { parseLogLine, stripAnsi } from '../protocol/boot-log';
import { PanicParser } from '../protocol/panic';
import type { Panic } from '../protocol/panic';
import type { ErrorCode } from '../core/error-codes';

/** Something on the console after which nothing that a case waits for will come. */
export interface Incident {
  readonly code: Extract<
    ErrorCode,
    'ESPRIG_DUT_CRASH' | 'ESPRIG_DUT_RESET' | 'ESPRIG_DUT_WATCHDOG' | 'ESPRIG_DUT_BOOT_FAILED'
  >;
  /** The line that told of it. */
  readonly line: string;
  readonly text: string;
  readonly atMs: number;
}

/** First lines of a crash printout that were cut before the parser could know them for certain. */
const CUT_DEATH =
  /^(Guru Meditation Error|Fatal exception \(|abort\(\) was called|assertion "|\*\*\*ERROR\*\*\* A stack overflow|ESP_ERROR_CHECK failed)/;

/**
 * Reads every line of a console for panics, watchdog resets and resets that nobody asked for.
 */
export class CrashWatch {
  /** Complete printouts, oldest first. */
  readonly panics: Panic[] = [];
  #allowedResets = 0;
  readonly #parser = new PanicParser();

  /** The next resets are wanted: the harness's own, or a restart after an update. */
  allowResets(count: number): void {
    this.#allowedResets = count;
  }

  get allowedResets(): number {
    return this.#allowedResets;
  }

  /** What this line means, if it is bad. */
  feedLine(line: string, atMs: number): Incident | undefined {
    const plain = stripAnsi(line).trimEnd();
    this.panics.push(...this.#parser.feedLine(plain));
    if (this.panics.length > 100) this.panics.shift();
    const event = parseLogLine(plain.slice(Math.max(0, plain.lastIndexOf(' ets '))));
    if (event.kind === 'rom-banner') return this.#banner(event.resetCause, event.bootMode, plain, atMs);
    if (event.kind === 'rom-message' && event.message === 'csum-error') {
      return {
        code: 'ESPRIG_DUT_BOOT_FAILED',
        line: plain,
        text: 'the boot ROM finds the image at 0 damaged',
        atMs,
      };
    }
    // Told at the first line, so that a wait need not last until the printout is complete.
    const text = this.#parser.begun ?? (CUT_DEATH.test(plain) ? plain : undefined);
    return text === undefined ? undefined : { code: 'ESPRIG_DUT_CRASH', line: plain, text, atMs };
  }

  #banner(cause: number, bootMode: number, line: string, atMs: number): Incident | undefined {
    if (this.#allowedResets > 0) {
      this.#allowedResets--;
      return undefined;
    }
    if (cause === RESET_CAUSE.WATCHDOG) {
      return { code: 'ESPRIG_DUT_WATCHDOG', line, text: 'a watchdog reset the board', atMs };
    }
    const text = `the board reset by itself (cause ${cause}, boot mode ${bootMode})`;
    return { code: 'ESPRIG_DUT_RESET', line, text, atMs };
  }
}
