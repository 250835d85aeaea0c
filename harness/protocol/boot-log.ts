/**
 * A board's console, line by line: the boot ROM's banner and load lines, the second-stage bootloader, the app's log.
 * Line by line and pure; `LineSplitter` makes lines of bytes. Formats: images.md section 6, chip.md 5.2.
 */

export type LogLevel = 'E' | 'W' | 'I' | 'D' | 'V';

export type BootLogEvent =
  /** ` ets Jan  8 2013,rst cause:1, boot mode:(3,6)` */
  | {
      readonly kind: 'rom-banner';
      readonly date: string;
      readonly resetCause: number;
      /** Straps {GPIO15, GPIO0, GPIO2} as a number: 1 = serial loader, 3 = flash. */
      readonly bootMode: number;
      readonly sdioMode: number;
    }
  | { readonly kind: 'rom-load'; readonly addr: number; readonly sizeBytes: number; readonly room: number }
  | { readonly kind: 'rom-tail'; readonly tail: number }
  /** Running checksum after a segment. */
  | { readonly kind: 'rom-chksum'; readonly value: number }
  /** Checksum of the whole. */
  | { readonly kind: 'rom-csum'; readonly value: number }
  | { readonly kind: 'rom-message'; readonly message: RomMessage }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly atMs: number;
      readonly tag: string;
      readonly text: string;
    }
  | { readonly kind: 'text'; readonly text: string };

/** What else the ROM says in words. */
export type RomMessage =
  'csum-error' | 'watchdog-reset' | 'user-code-done' | 'waiting-for-host' | 'unknown-reset';

const ROM_MESSAGES: ReadonlyMap<string, RomMessage> = new Map([
  ['csum err', 'csum-error'],
  ['wdt reset', 'watchdog-reset'],
  ['user code done', 'user-code-done'],
  ['waiting for host', 'waiting-for-host'],
  ['unknown reset', 'unknown-reset'],
]);

const BANNER = /^ ?ets ([A-Z][a-z]{2} [ \d]\d \d{4}),rst cause:(\d+), boot mode:\((\d+),(\d+)\)$/;
const LOAD = /^load 0x([0-9a-f]{8}), len (\d+), room (\d+) ?$/;
const TAIL = /^tail (\d+)$/;
const CHECKSUM = /^(chksum|csum) 0x([0-9a-f]{2})$/;
const LOG = /^([EWIDV]) \((\d+)\) ([^:]*): ?(.*)$/s;
// eslint-disable-next-line no-control-regex -- ESC is what a colour sequence begins with
const ANSI = /\x1b\[[0-9;?]*[ -/]*[@-~]/g;

/** A line without its colours. */
export function stripAnsi(line: string): string {
  return line.replace(ANSI, '');
}

/** What one line says; `line` carries no line end. Never throws: an unknown line is `text`. */
export function parseLogLine(line: string): BootLogEvent {
  const plain = stripAnsi(line);
  const banner = BANNER.exec(plain);
  if (banner !== null) {
    return {
      kind: 'rom-banner',
      date: banner[1]!,
      resetCause: Number(banner[2]),
      bootMode: Number(banner[3]),
      sdioMode: Number(banner[4]),
    };
  }
  const log = LOG.exec(plain);
  if (log !== null) {
    return {
      kind: 'log',
      level: log[1] as LogLevel,
      atMs: Number(log[2]),
      tag: log[3]!,
      text: log[4]!,
    };
  }
  return parseRomLine(plain) ?? { kind: 'text', text: plain };
}

function parseRomLine(line: string): BootLogEvent | undefined {
  const load = LOAD.exec(line);
  if (load !== null) {
    return {
      kind: 'rom-load',
      addr: parseInt(load[1]!, 16),
      sizeBytes: Number(load[2]),
      room: Number(load[3]),
    };
  }
  const tail = TAIL.exec(line);
  if (tail !== null) return { kind: 'rom-tail', tail: Number(tail[1]) };
  const checksum = CHECKSUM.exec(line);
  if (checksum !== null) {
    const value = parseInt(checksum[2]!, 16);
    return checksum[1] === 'csum' ? { kind: 'rom-csum', value } : { kind: 'rom-chksum', value };
  }
  const message = ROM_MESSAGES.get(line.trim());
  return message === undefined ? undefined : { kind: 'rom-message', message };
}

/** A line with what it had at its end. `isCut`: it went over the limit and goes on in the next one. */
export interface SplitLine {
  readonly text: string;
  readonly isCut: boolean;
}

/**
 * Makes lines of bytes in any slices: ends at LF, drops the CR before it, reads one character a byte (the console may
 * hold garbage sent at another baud rate). Bounded: a longer line comes in pieces.
 */
export class LineSplitter {
  private readonly maxLineBytes: number;
  private pending = '';

  constructor(options: { readonly maxLineBytes?: number } = {}) {
    this.maxLineBytes = options.maxLineBytes ?? 4096;
  }

  /** What came since the last line end. */
  get partial(): string {
    return this.pending;
  }

  feed(bytes: Uint8Array): SplitLine[] {
    const lines: SplitLine[] = [];
    for (const byte of bytes) {
      if (byte === 0x0a) {
        const text = this.pending.endsWith('\r') ? this.pending.slice(0, -1) : this.pending;
        lines.push({ text, isCut: false });
        this.pending = '';
        continue;
      }
      if (this.pending.length === this.maxLineBytes) {
        lines.push({ text: this.pending, isCut: true });
        this.pending = '';
      }
      this.pending += String.fromCharCode(byte);
    }
    return lines;
  }

  /** The rest as a last line, if there is any. */
  end(): SplitLine[] {
    const rest = this.pending;
    this.pending = '';
    return rest === '' ? [] : [{ text: rest, isCut: false }];
  }
}
