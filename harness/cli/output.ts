import { stripVTControlCharacters } from 'node:util';
import { RealClock, type Clock } from '../core/clock';
import { masked, maskedValue } from './secrets';

export interface OutputOptions {
  /** One JSON value a line on stdout and nothing else there; the rest is for people and goes to stderr. */
  readonly json?: boolean;
  /** Results and errors only: no remarks, no progress. */
  readonly quiet?: boolean;
  /** Take colours out of what a device says; default: what the environment variable NO_COLOR asks for. */
  readonly plain?: boolean;
  readonly clock?: Clock;
  readonly stdout?: (text: string) => void;
  readonly stderr?: (text: string) => void;
  /** Progress is drawn in place only for a terminal; elsewhere it is plain lines. */
  readonly isTerminal?: boolean;
  /** Columns of the terminal. */
  readonly width?: number;
}

/** How a command talks: lines for people, values for scripts, progress for the patient. */
export interface Output {
  readonly json: boolean;
  /** A remark for a person: what goes on. Not on stdout when a script reads that, and nothing with `--quiet`. */
  line(text: string): void;
  /** A line that was asked for: also said with `--quiet`, unless a script gets it as a value. */
  result(text: string): void;
  /** A value for a script; nothing without `--json`. */
  value(value: unknown): void;
  /** Shows how far a long piece of work has come. */
  progress(label: string, total: number, unit?: ProgressUnit): Progress;
}

export interface Progress {
  /** How much is done by now, in all. */
  update(done: number): void;
  /** The last word, in place of the bar; without one the bar's own, once. Further updates are ignored. */
  finish(text?: string): void;
}

export type ProgressUnit = 'bytes' | 'steps';

/** Often enough for the eye, seldom enough for a slow terminal. */
const DRAW_EVERY_MS = 100;
/** Plain lines: a new one at each tenth, or when nobody has heard anything for so long. */
const LINES = 10;
const LINE_EVERY_MS = 10_000;
const BAR_COLUMNS = 24;
const CLEAR_LINE = '\r\u001b[K';

/** This process's output, or what a test hands in. */
export function createOutput(options: OutputOptions = {}): Output {
  const {
    json = false,
    quiet = false,
    plain = isPlainWanted(),
    clock = new RealClock(),
    stdout = (text: string) => void process.stdout.write(text),
    stderr = (text: string) => void process.stderr.write(text),
    isTerminal = process.stderr.isTTY && process.env['TERM'] !== 'dumb',
    width = process.stderr.columns || 80,
  } = options;
  const toPeople = json ? stderr : stdout;
  /** The bar that stands on the last line of the terminal now. */
  let drawn: { redraw(): void } | undefined;

  const say = (text: string): void => {
    const sayable = `${masked(plain ? stripVTControlCharacters(text) : text)}\n`;
    if (drawn === undefined) toPeople(sayable);
    else {
      stderr(CLEAR_LINE);
      toPeople(sayable);
      drawn.redraw();
    }
  };

  return {
    json,
    line: (text) => {
      if (!quiet) say(text);
    },
    result: (text) => {
      if (!quiet || !json) say(text);
    },
    value: (value) => {
      if (json) stdout(`${JSON.stringify(maskedValue(value))}\n`);
    },
    progress: (label, total, unit = 'bytes') => {
      if (quiet) return NO_PROGRESS;
      const startedMs = clock.nowMs();
      let done = 0;
      let toldMs = -Infinity;
      let toldTenths = 0;
      let finished = false;
      const share = (): number => (total <= 0 ? 1 : Math.min(1, done / total));
      const tenths = (): number => Math.floor(share() * LINES);
      const words = (): string => describe(label, done, total, unit, clock.nowMs() - startedMs);
      const bar = {
        redraw: (): void => {
          const cells = Math.floor(share() * BAR_COLUMNS);
          const text = `[${'#'.repeat(cells)}${'-'.repeat(BAR_COLUMNS - cells)}] ${words()}`;
          stderr(CLEAR_LINE + text.slice(0, width - 1));
        },
      };
      return {
        update: (nowDone) => {
          if (finished) return;
          done = nowDone;
          const nowMs = clock.nowMs();
          if (isTerminal) {
            if (nowMs - toldMs < DRAW_EVERY_MS) return;
            drawn = bar;
            bar.redraw();
          } else {
            if (tenths() === toldTenths && nowMs - Math.max(toldMs, startedMs) < LINE_EVERY_MS) return;
            stderr(`${words()}\n`);
          }
          toldMs = nowMs;
          toldTenths = tenths();
        },
        finish: (text) => {
          if (finished) return;
          finished = true;
          if (isTerminal && drawn === bar) {
            stderr(CLEAR_LINE);
            drawn = undefined;
          }
          // A bar that has come to its end is progress; what is said in its place is a remark.
          if (text !== undefined) toPeople(`${text}\n`);
          else if (isTerminal || toldTenths < LINES) stderr(`${words()}\n`);
        },
      };
    },
  };
}

const NO_PROGRESS: Progress = { update: () => undefined, finish: () => undefined };

/** https://no-color.org: set, and not to nothing. */
export function isPlainWanted(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  return (env['NO_COLOR'] ?? '') !== '';
}

function describe(label: string, done: number, total: number, unit: ProgressUnit, spentMs: number): string {
  const percent = total <= 0 ? 100 : Math.min(100, Math.floor((done / total) * 100));
  const amount = unit === 'bytes' ? `${kib(done)} of ${kib(total)} KiB` : `${done} of ${total}`;
  return `${label}: ${percent} % (${amount}, ${(spentMs / 1000).toFixed(1)} s)`;
}

function kib(bytes: number): string {
  return (bytes / 1024).toFixed(bytes < 10 * 1024 && bytes % 1024 !== 0 ? 1 : 0);
}
