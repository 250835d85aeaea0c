/**
 * Tells from the bytes which of a few rates a board speaks: the boot ROM and the SDK's bootloader at 74880, an app often
 * at 115200. Text received at a wrong rate is full of bytes that no log contains.
 */

/** Bytes looked at before a judgement. */
const WINDOW_BYTES = 32;
/** Share of bytes that are no text from which on the rate is wrong. */
const GARBAGE_SHARE = 0.25;
/** Changes without any text in between after which the board is left alone: it sends no text at any rate. */
const MAX_FRUITLESS_CHANGES = 6;

export class BaudFollower {
  #index: number;
  #seen = 0;
  #garbage = 0;
  #fruitless = 0;
  readonly #bauds: readonly number[];

  /** @param bauds rates to try in turn; `now` is one of them */
  constructor(bauds: readonly number[], now: number) {
    this.#bauds = bauds;
    this.#index = Math.max(0, bauds.indexOf(now));
  }

  /** Somebody else has set the rate. */
  at(baud: number): void {
    const index = this.#bauds.indexOf(baud);
    if (index >= 0) this.#index = index;
    this.#restart();
    this.#fruitless = 0;
  }

  /** Takes bytes received at the present rate; returns the rate to change to when they are no text. */
  feed(bytes: Uint8Array): number | undefined {
    if (this.#bauds.length < 2) return undefined;
    for (const byte of bytes) {
      this.#seen++;
      if (!isText(byte)) this.#garbage++;
    }
    if (this.#seen < WINDOW_BYTES) return undefined;
    const isGarbage = this.#garbage > this.#seen * GARBAGE_SHARE;
    this.#restart();
    if (!isGarbage) {
      this.#fruitless = 0;
      return undefined;
    }
    if (this.#fruitless >= MAX_FRUITLESS_CHANGES) return undefined;
    this.#fruitless++;
    this.#index = (this.#index + 1) % this.#bauds.length;
    return this.#bauds[this.#index];
  }

  #restart(): void {
    this.#seen = 0;
    this.#garbage = 0;
  }
}

function isText(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 0x09 || byte === 0x1b;
}
