/**
 * A text file as lines, for changes that keep every other byte: each line with its own end (LF, CRLF or none), compared
 * without what does not count. Sections are those of a linker script: `NAME` at the start of a line, up to the `}` that
 * closes it.
 */

export interface TextLine {
  readonly text: string;
  /** '' for the last line of a file without one. */
  readonly end: '\n' | '\r\n' | '';
}

export function splitLines(text: string): readonly TextLine[] {
  const lines: TextLine[] = [];
  for (let from = 0; from < text.length;) {
    const at = text.indexOf('\n', from);
    if (at < 0) {
      lines.push({ text: text.slice(from), end: '' });
      break;
    }
    const isCrLf = at > from && text[at - 1] === '\r';
    lines.push({ text: text.slice(from, isCrLf ? at - 1 : at), end: isCrLf ? '\r\n' : '\n' });
    from = at + 1;
  }
  return lines;
}

export function joinLines(lines: readonly TextLine[]): string {
  return lines.map(({ text, end }) => text + end).join('');
}

/** A line as it is compared: without blanks at its ends or before a parenthesis, and without a trailing comment. */
export function essence(text: string): string {
  return text
    .replace(/\/\*.*\*\/\s*$/, '')
    .replace(/\s+\(/g, '(')
    .trim();
}

export function isEmptyLine({ text }: TextLine): boolean {
  return essence(text) === '';
}

export function indentationOf({ text }: TextLine): string {
  return /^[ \t]*/.exec(text)![0];
}

/** Every place at which `wanted` stands, line by line and nothing between: 0-based. */
export function placesOf(lines: readonly TextLine[], wanted: readonly string[]): readonly number[] {
  const essences = wanted.map(essence);
  const found: number[] = [];
  for (let at = 0; at + wanted.length <= lines.length; at += 1) {
    if (essences.every((line, i) => essence(lines[at + i]!.text) === line)) found.push(at);
  }
  return found;
}

export interface SectionRange {
  /** The line that names it. */
  readonly at: number;
  /** Behind the line that closes it. */
  readonly end: number;
}

/** The lines with comments blanked, so that no brace or name in a comment counts. */
function withoutComments(lines: readonly TextLine[]): readonly string[] {
  let isComment = false;
  return lines.map(({ text }) => {
    let kept = '';
    for (let i = 0; i < text.length; i += 1) {
      const two = text.slice(i, i + 2);
      if (!isComment && two === '/*') {
        isComment = true;
        i += 1;
      } else if (isComment && two === '*/') {
        isComment = false;
        i += 1;
      } else if (!isComment) kept += text[i]!;
    }
    return kept;
  });
}

/** Every section of that name; one that is never closed is none. */
export function sectionsOf(lines: readonly TextLine[], name: string): readonly SectionRange[] {
  const bare = withoutComments(lines);
  const found: SectionRange[] = [];
  for (let at = 0; at < bare.length; at += 1) {
    const line = bare[at]!.trim();
    if (!line.startsWith(name) || !/^($|[\s:({])/.test(line.slice(name.length))) continue;
    const end = closingOf(bare, at);
    if (end !== undefined) found.push({ at, end });
  }
  return found;
}

function closingOf(bare: readonly string[], from: number): number | undefined {
  let depth = 0;
  let isOpened = false;
  for (let at = from; at < bare.length; at += 1) {
    for (const char of bare[at]!) {
      if (char === '{') {
        depth += 1;
        isOpened = true;
      } else if (char === '}') depth -= 1;
    }
    if (depth < 0) return undefined;
    if (isOpened && depth === 0) return at + 1;
    // The name of a section is followed by its body, not by another statement.
    if (!isOpened && bare[at]!.includes(';')) return undefined;
  }
  return undefined;
}
