import { ReadlineParser } from '@serialport/parser-readline';

/** One line of a console, without its end. */
export interface TimedLine {
  /** Decoded as UTF-8, colours included. */
  readonly text: string;
  /** When its last byte came. */
  readonly atMs: number;
  /** Cut because it was too long, or because the rate changed in its middle. */
  readonly isCut: boolean;
}

/**
 * Lines out of chunks, by the parser that node-serialport brings. A line that does not end is cut, so that a board which
 * sends no line ends costs no memory without bound.
 */
export class LineReader {
  #pendingBytes = 0;
  #atMs = 0;
  readonly #maxLineBytes: number;
  readonly #parser = new ReadlineParser({
    delimiter: '\n',
    // Empty lines would be swallowed without it.
    includeDelimiter: true,
    // Lines stay apart and can be taken at once, without waiting for events.
    readableObjectMode: true,
    readableHighWaterMark: 1 << 20,
  });

  constructor(options: { readonly maxLineBytes?: number } = {}) {
    this.#maxLineBytes = options.maxLineBytes ?? 8192;
  }

  /** Takes bytes and returns the lines they complete. */
  feed(bytes: Uint8Array, atMs: number): TimedLine[] {
    this.#atMs = atMs;
    const lines: TimedLine[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + this.#maxLineBytes);
      const piece = bytes.subarray(at, end);
      at = end;
      this.#parser.write(Buffer.from(piece));
      this.#take(lines, false);
      const lastEnd = piece.lastIndexOf(0x0a);
      this.#pendingBytes = lastEnd < 0 ? this.#pendingBytes + piece.length : piece.length - lastEnd - 1;
      if (this.#pendingBytes >= this.#maxLineBytes) lines.push(...this.cut());
    }
    return lines;
  }

  /** Ends the line that is under way, if there is one. */
  cut(): TimedLine[] {
    const lines: TimedLine[] = [];
    if (this.#pendingBytes === 0) return lines;
    this.#parser.write(Buffer.from('\n'));
    this.#pendingBytes = 0;
    this.#take(lines, true);
    return lines;
  }

  #take(lines: TimedLine[], isCut: boolean): void {
    for (;;) {
      const line = this.#parser.read() as Buffer | null;
      if (line === null) return;
      lines.push({ text: line.toString('utf8').replace(/\r*\n$/, ''), atMs: this.#atMs, isCut });
    }
  }
}
