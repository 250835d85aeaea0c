/** Secrets that this process has come to know (tokens, passphrases of a rig): they are never said, in whatever form. */
import { Masker } from '../report/mask';

let masker = new Masker([]);

/** From now on these are masked in all that the command says. */
export function keepSecret(secrets: readonly string[]): void {
  masker = masker.with(secrets);
}

/** A text as it may be said. */
export function masked(text: string): string {
  return masker.text(text);
}

/** A value with all texts in it as they may be said. */
export function maskedValue(value: unknown): unknown {
  if (typeof value === 'string') return masked(value);
  if (Array.isArray(value)) return value.map(maskedValue);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, maskedValue(inner)]));
}

export interface MaskedBytes {
  feed(bytes: Uint8Array): void;
  /** Nothing follows: what was held back is said. */
  end(): void;
}

/** A console on its way to somebody: what may be the beginning of a secret waits for what comes behind it. */
export function maskedBytes(write: (bytes: Uint8Array) => void): MaskedBytes {
  let held = '';
  const say = (text: string): void => {
    if (text !== '') write(Buffer.from(masker.latin1(text), 'latin1'));
  };
  return {
    feed: (bytes) => {
      held += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
      const cut = masker.safeCut(held);
      say(held.slice(0, cut));
      held = held.slice(cut);
    },
    end: () => {
      say(held);
      held = '';
    },
  };
}
