/**
 * Secrets (tokens, passphrases) never reach a file of the run folder: each text is masked when it is written, in every
 * form in which the secret can stand in it, also in mixed ones.
 */

/** What stands in place of a secret. */
export const MASKED = '[masked]';

/** Shorter ones would blacken half the report: they are masked as whole words only, and only as they are. */
const SHORTEST_ENCODED = 4;
/** Fewer base64 characters than this prove nothing. */
const SHORTEST_BASE64 = 4;

/** Takes secrets out of texts. Immutable: more secrets make another masker. */
export class Masker {
  /** For texts of characters. */
  readonly #text: RegExp | undefined;
  /** For raw bytes as latin-1 text. */
  readonly #bytes: RegExp | undefined;
  readonly #secrets: readonly string[];
  /** No masked form in raw bytes is longer: what a stream has to hold back. */
  readonly holdBackChars: number;

  constructor(secrets: readonly string[]) {
    // The longest first: where one secret begins like another, the rest of it must not stay behind.
    this.#secrets = [...new Set(secrets.filter((secret) => secret !== ''))].sort(
      (a, b) => b.length - a.length || (a < b ? -1 : 1),
    );
    this.#text = patternFor(this.#secrets, (secret) => Array.from(secret, formsOfCharacter));
    this.#bytes = patternFor(this.#secrets, (secret) =>
      Array.from(Buffer.from(secret, 'utf8').toString('latin1'), formsOfCharacter),
    );
    const longest = Math.max(0, ...this.#secrets.map((secret) => Buffer.byteLength(secret, 'utf8')));
    this.holdBackChars = longest * LONGEST_FORM_CHARS;
  }

  /** The same masker when there is nothing new. */
  with(secrets: readonly string[]): Masker {
    const isNew = secrets.some((secret) => secret !== '' && !this.#secrets.includes(secret));
    return isNew ? new Masker([...this.#secrets, ...secrets]) : this;
  }

  /** A text without secrets. */
  text(text: string): string {
    return this.#text === undefined ? text : text.replace(this.#text, MASKED);
  }

  /** Raw bytes as latin-1 text, without secrets. */
  latin1(text: string): string {
    return this.#bytes === undefined ? text : text.replace(this.#bytes, MASKED);
  }

  /** As many bytes as before, for formats that count them: secrets become asterisks. */
  sameLength(bytes: Uint8Array): Uint8Array {
    if (this.#bytes === undefined) return bytes;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    const masked = text.replace(this.#bytes, (found) => '*'.repeat(found.length));
    return new Uint8Array(Buffer.from(masked, 'latin1'));
  }

  /**
   * Where secrets stand in raw bytes as latin-1 text. A text may end within one: the first half of a token that nothing
   * followed is one, too.
   */
  rangesIn(text: string): readonly (readonly [from: number, end: number])[] {
    if (this.#bytes === undefined) return [];
    const ranges = Array.from(
      text.matchAll(this.#bytes),
      (match) => [match.index, match.index + match[0].length] as const,
    );
    for (const secret of this.#secrets) {
      const bytes = Buffer.from(secret, 'utf8').toString('latin1');
      for (let length = bytes.length - 1; length >= SHORTEST_ENCODED; length--) {
        if (text.endsWith(bytes.slice(0, length))) {
          ranges.push([text.length - length, text.length]);
          break;
        }
      }
    }
    return ranges;
  }

  /**
   * Where a text of raw bytes may be cut so that no secret lies over the cut: everything before it can be masked and
   * written, the rest has to wait for more.
   */
  safeCut(text: string): number {
    if (this.#bytes === undefined) return text.length;
    let cut = Math.max(text.lastIndexOf('\n') + 1, text.length - this.holdBackChars);
    for (const match of text.matchAll(this.#bytes)) {
      const end = match.index + match[0].length;
      if (match.index < cut && end > cut) cut = end;
    }
    return cut;
  }
}

/** `\u0000` in JSON inside of JSON; `%2525` and `&#x1F600;` are no longer. */
const LONGEST_FORM_CHARS = 9;

function patternFor(
  secrets: readonly string[],
  formsOf: (secret: string) => readonly string[],
): RegExp | undefined {
  const alternatives = secrets.flatMap((secret) => {
    if (secret.length < SHORTEST_ENCODED) return [`(?<![\\w])${escapeRegExp(secret)}(?![\\w])`];
    return [formsOf(secret).join(''), ...hexForms(secret), ...base64Forms(secret)];
  });
  return alternatives.length === 0 ? undefined : new RegExp(alternatives.join('|'), 'g');
}

/** One character as it is, percent-encoded (also twice), escaped in JSON (also in JSON in JSON) or in HTML and XML. */
function formsOfCharacter(character: string): string {
  const forms = new Set([escapeRegExp(character)]);
  const percent = [...Buffer.from(character, 'utf8')]
    .map((byte) => `%(?:25)?${hexAnyCase(byte.toString(16).padStart(2, '0'))}`)
    .join('');
  forms.add(percent);
  // A byte of a longer character, in a text of raw bytes.
  if (character.length === 1 && character > '\u007f' && character <= '\u00ff')
    forms.add(`%(?:25)?${hexAnyCase(character.charCodeAt(0).toString(16))}`);
  if (character === ' ') forms.add('\\+');
  const units = [...Array(character.length).keys()].map((index) => character.charCodeAt(index));
  forms.add(units.map((unit) => `\\\\{1,2}u${hexAnyCase(unit.toString(16).padStart(4, '0'))}`).join(''));
  const inJson = JSON.stringify(character).slice(1, -1);
  if (inJson !== character)
    forms.add(`\\\\{1,2}${escapeRegExp(inJson.slice(1))}`).add(`\\\\{3}${escapeRegExp(inJson.slice(1))}`);
  if (character === '/') forms.add('\\\\{1,2}/');
  const code = character.codePointAt(0) ?? 0;
  forms.add(`&#(?:0*${String(code)}|[xX]0*${hexAnyCase(code.toString(16))});`);
  const entity = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' }[character];
  if (entity !== undefined) forms.add(`&${entity};`);
  // The longest form first, so that a backslash does not end a match before its pair.
  return `(?:${[...forms].sort((a, b) => b.length - a.length).join('|')})`;
}

/** As a hex dump shows it. */
function hexForms(secret: string): readonly string[] {
  const bytes = [...Buffer.from(secret, 'utf8')].map((byte) => byte.toString(16).padStart(2, '0'));
  return [bytes.map(hexAnyCase).join('[ :]?')];
}

/**
 * base64 of a text that has the secret somewhere in it, as `Authorization: Basic` has: by its place in the text there
 * are three spellings. The characters at both ends also carry bits of the neighbours; they are masked along.
 */
function base64Forms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret, 'utf8');
  return [0, 1, 2].flatMap((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const head = Math.ceil((shift * 8) / 6);
    const isWhole = (shift + bytes.length) % 3 === 0;
    const core = encoded.slice(head, isWhole ? undefined : -1);
    if (core.length < SHORTEST_BASE64) return [];
    const shared = '[A-Za-z0-9+/_-]?';
    const letters = Array.from(core, (letter) =>
      letter === '+' ? '[+-]' : letter === '/' ? '[/_]' : escapeRegExp(letter),
    );
    return [`${shift === 0 ? '' : shared}${letters.join('')}${isWhole ? '' : `${shared}={0,2}`}`];
  });
}

function hexAnyCase(hex: string): string {
  return Array.from(hex, (digit) => (/[a-f]/.test(digit) ? `[${digit}${digit.toUpperCase()}]` : digit)).join(
    '',
  );
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
