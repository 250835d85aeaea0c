export interface SerialLine {
  /** When its first byte came. */
  readonly atMs: number;
  readonly text: string;
}

/** Longer ones are cut into pieces: noise at a wrong rate has no line ends. */
const LONGEST_LINE_CHARS = 4096;

/** Makes lines from console bytes (latin-1 text): ends at LF, a CR before it is dropped, UTF-8 is decoded. */
export class SerialLines {
  #held = '';
  #heldAtMs = 0;

  feed(bytes: string, atMs: number): readonly SerialLine[] {
    if (this.#held === '') this.#heldAtMs = atMs;
    const pieces = (this.#held + bytes).split('\n');
    this.#held = pieces.pop() ?? '';
    const lines = pieces.map((piece, index) => line(index === 0 ? this.#heldAtMs : atMs, piece));
    if (pieces.length > 0) this.#heldAtMs = atMs;
    return this.#held.length > LONGEST_LINE_CHARS ? [...lines, ...this.end()] : lines;
  }

  /** The unfinished line, if there is one. */
  end(): readonly SerialLine[] {
    if (this.#held === '') return [];
    const last = line(this.#heldAtMs, this.#held);
    this.#held = '';
    return [last];
  }
}

function line(atMs: number, latin1: string): SerialLine {
  return { atMs, text: Buffer.from(latin1.replace(/\r+$/, ''), 'latin1').toString('utf8') };
}
