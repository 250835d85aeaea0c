import { RESET_CAUSE } from '../chip/esp8266';
import { parseLogLine, stripAnsi } from '../protocol/boot-log';
import type { BootLogEvent } from '../protocol/boot-log';
import { PanicParser } from '../protocol/panic';
import type { Panic } from '../protocol/panic';
import type { ErrorCode } from '../core/error-codes';
import { isBootLine } from './boot-lines';

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

/** The end of a banner whose begin came at a wrong rate. */
const BANNER_END = /rst cause:(\d+), boot mode:\((\d+),\d+\)$/;

/**
 * Reads every line of a console for panics, watchdog resets and resets that nobody asked for.
 */
export class CrashWatch {
  /** Complete printouts, oldest first. */
  readonly panics: Panic[] = [];
  #allowedResets = 0;
  #isBannerMissing = false;
  readonly #parser = new PanicParser();

  /** The next resets are wanted: the harness's own, or a restart after an update. */
  allowResets(count: number): void {
    this.#allowedResets = count;
  }

  get allowedResets(): number {
    return this.#allowedResets;
  }

  /**
   * The console listens at the ROM's rate from now on because what came before was garbage (or does no longer): where
   * boot text follows, that was the banner.
   */
  missBanner(isMissing: boolean): void {
    this.#isBannerMissing = isMissing;
  }

  /** What this line means, if it is bad. */
  feedLine(line: string, atMs: number): Incident | undefined {
    const plain = stripAnsi(line).trimEnd();
    this.panics.push(...this.#parser.feedLine(plain));
    if (this.panics.length > 100) this.panics.shift();
    const event = parseLogLine(plain.slice(Math.max(0, plain.lastIndexOf(' ets '))));
    if (event.kind === 'rom-banner') return this.#banner(event.resetCause, event.bootMode, plain, atMs);
    const unread = this.#isBannerMissing ? this.#unreadBanner(event, plain, atMs) : undefined;
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
    return text === undefined ? unread : { code: 'ESPRIG_DUT_CRASH', line: plain, text, atMs };
  }

  /** The reset that boot text tells of; an app that speaks at the ROM's rate tells that there was none. */
  #unreadBanner(event: BootLogEvent, line: string, atMs: number): Incident | undefined {
    const end = BANNER_END.exec(line);
    if (end !== null) return this.#banner(Number(end[1]), Number(end[2]), line, atMs);
    if (event.kind === 'log') this.#isBannerMissing = false;
    if (!isBootLine(event)) return undefined;
    if (event.kind === 'rom-message' && event.message === 'watchdog-reset') {
      return this.#banner(RESET_CAUSE.WATCHDOG, undefined, line, atMs);
    }
    return this.#banner(undefined, undefined, line, atMs);
  }

  #banner(
    cause: number | undefined,
    bootMode: number | undefined,
    line: string,
    atMs: number,
  ): Incident | undefined {
    this.#isBannerMissing = false;
    if (this.#allowedResets > 0) {
      this.#allowedResets--;
      return undefined;
    }
    if (cause === RESET_CAUSE.WATCHDOG) {
      return { code: 'ESPRIG_DUT_WATCHDOG', line, text: 'a watchdog reset the board', atMs };
    }
    const about =
      cause === undefined
        ? 'its boot log came; its cause could not be read, for the line with it came at another rate'
        : `cause ${cause}, boot mode ${bootMode}`;
    const text = `the board reset by itself (${about})`;
    return { code: 'ESPRIG_DUT_RESET', line, text, atMs };
  }
}
