/** What the proof says of one thing that it brought about. */
export interface Row {
  readonly name: string;
  readonly isProved: boolean;
  /** The case that noticed, or what did in its place. */
  readonly noticedBy: string;
  /** What it says of it, in one line. */
  readonly message: string;
  readonly elapsedMs: number;
}

const MESSAGE_CHARS = 160;

/** The table: one row a fault, its parts below each other where a terminal is narrow. */
export function tableLines(rows: readonly Row[]): readonly string[] {
  const width = Math.max(...rows.map(({ name }) => name.length));
  return rows.flatMap(({ name, isProved, noticedBy, message, elapsedMs }) => [
    `${isProved ? 'noticed ' : 'MISSED  '} ${name.padEnd(width)}  ${noticedBy}  (${seconds(elapsedMs)})`,
    `${' '.repeat(9 + width + 2)}${shortened(message)}`,
  ]);
}

export function shortened(text: string, limit = MESSAGE_CHARS): string {
  const line = text.replaceAll(/\s*\n\s*/g, ' ');
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line;
}

export function seconds(elapsedMs: number): string {
  return `${(elapsedMs / 1000).toFixed(1)} s`;
}
