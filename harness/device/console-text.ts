import { StringDecoder } from 'node:string_decoder';

/** A match in the console's text. */
export interface TextMatch {
  readonly match: RegExpExecArray;
  /** Position behind the match, for the next search. */
  readonly end: number;
  /** When the last of its characters came. */
  readonly atMs: number;
}

/** How far a match may reach back over text that has been searched already; a pattern cannot span more. */
export const MAX_MATCH_CHARS = 8192;
const KEEP_CHARS = 1 << 20;
const MAX_TIMES = 50_000;
/** A colour sequence that is longer than this is none. */
const MAX_ESCAPE_CHARS = 32;

// eslint-disable-next-line no-control-regex -- ESC is what a colour sequence begins with
const ANSI = /\x1b\[[0-9;?]*[ -/]*[@-~]/g;
// eslint-disable-next-line no-control-regex -- the same, not complete yet
const OPEN_ESCAPE = /\x1b(\[[0-9;?]*[ -/]*)?$/;

/**
 * What a board has said, as text to search in: colours and carriage returns taken out, positions that stay valid, the
 * time of each piece. Bounded: the oldest text is forgotten.
 */
export class ConsoleText {
  #text = '';
  #base = 0;
  #held = '';
  #times: { readonly end: number; readonly atMs: number }[] = [];
  #decoder = new StringDecoder('utf8');

  /** Position behind the last character. */
  get end(): number {
    return this.#base + this.#text.length;
  }

  feed(bytes: Uint8Array, atMs: number): void {
    const raw = this.#held + this.#decoder.write(Buffer.from(bytes));
    const open = OPEN_ESCAPE.exec(raw);
    const keep = open !== null && open[0].length <= MAX_ESCAPE_CHARS ? open.index : raw.length;
    this.#held = raw.slice(keep);
    this.#append(raw.slice(0, keep).replaceAll(ANSI, '').replaceAll('\r', ''), atMs);
  }

  /** Forgets a character that was cut in two, as by a change of the rate. */
  restartDecoding(): void {
    this.#decoder = new StringDecoder('utf8');
    this.#held = '';
  }

  /**
   * The first match at or behind `from`. Where nothing is found, `searchedTo` of the text need not be looked at again.
   */
  find(pattern: RegExp, from: number): TextMatch | undefined {
    const start = Math.max(from, this.#base) - this.#base;
    const match = pattern.exec(this.#text.slice(start));
    if (match === null) return undefined;
    const end = this.#base + start + match.index + match[0].length;
    return { match, end, atMs: this.#timeOf(end) };
  }

  /** Where the next search may begin when nothing was found from `from` on. */
  searchedTo(from: number): number {
    return Math.max(from, this.end - MAX_MATCH_CHARS);
  }

  /** The text from a position on, at most `limit` characters of its end. */
  tail(from: number, limit: number): string {
    return this.#text.slice(Math.max(0, from - this.#base)).slice(-limit);
  }

  #append(text: string, atMs: number): void {
    if (text === '') return;
    this.#text += text;
    this.#times.push({ end: this.end, atMs });
    if (this.#times.length > MAX_TIMES) this.#times.splice(0, MAX_TIMES >> 1);
    if (this.#text.length > KEEP_CHARS * 2) {
      this.#base += this.#text.length - KEEP_CHARS;
      this.#text = this.#text.slice(-KEEP_CHARS);
    }
  }

  #timeOf(position: number): number {
    let low = 0;
    let high = this.#times.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#times[middle]!.end >= position) high = middle;
      else low = middle + 1;
    }
    return this.#times[low]?.atMs ?? 0;
  }
}
