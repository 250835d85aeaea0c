/** Lines of one file that hold code, and those of them that no test has run. */
export interface FileLines {
  /** Relative to the checkout. */
  readonly path: string;
  readonly lines: number;
  readonly missed: readonly number[];
}

interface Sum {
  files: number;
  lines: number;
  missed: number;
}

/** Share of lines that were run, in percent; a room without code is fully run. */
export function percentRun({ lines, missed }: { readonly lines: number; readonly missed: number }): number {
  return lines === 0 ? 100 : (100 * (lines - missed)) / lines;
}

export function sumOf(files: readonly FileLines[]): Readonly<Sum> {
  const sum: Sum = { files: 0, lines: 0, missed: 0 };
  for (const { lines, missed } of files) {
    sum.files++;
    sum.lines += lines;
    sum.missed += missed.length;
  }
  return sum;
}

/** `harness/device/console.ts` lies in `harness/device`; what lies in `harness` itself is a room of its own. */
export function roomOf(path: string): string {
  const parts = path.split('/');
  return parts.slice(0, Math.min(2, parts.length - 1)).join('/');
}

/** One row a room, worst last, and the whole. */
export function tableOf(files: readonly FileLines[]): readonly string[] {
  const names = new Set(files.map(({ path }) => roomOf(path)));
  const rooms = [...names].map(
    (name) => [name, sumOf(files.filter(({ path }) => roomOf(path) === name))] as const,
  );
  rooms.sort(([, a], [, b]) => percentRun(b) - percentRun(a));
  return [...rooms, ['all', sumOf(files)] as const].map(
    ([name, sum]) =>
      `${name.padEnd(20)} ${percentRun(sum).toFixed(1).padStart(5)} %  ${String(sum.lines - sum.missed).padStart(6)} of ` +
      `${String(sum.lines).padStart(6)} lines in ${String(sum.files).padStart(3)} files`,
  );
}

/** `3-5, 9`: line numbers as a person reads them. */
export function spansOf(lines: readonly number[]): string {
  const spans: [number, number][] = [];
  for (const line of lines) {
    const last = spans.at(-1);
    if (last?.[1] === line - 1) last[1] = line;
    else spans.push([line, line]);
  }
  return spans.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
}
