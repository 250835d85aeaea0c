/** One measured thing. */
export interface Measurement {
  readonly name: string;
  readonly ours: number;
  /** What was measured beside it in the same run; a bare number says nothing about another machine. */
  readonly beside: { readonly name: string; readonly value: number } | undefined;
  readonly unit: string;
  /** The bar of the design, in the same unit. */
  readonly bar: number | undefined;
}

export interface Section {
  readonly name: string;
  readonly about: string;
  /** Why it cannot run here, in a phrase. */
  readonly missing: () => string | undefined;
  readonly run: (onProgress: (line: string) => void) => Promise<readonly Measurement[]>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}

/** One line of the report. */
export function lineOf({ name, ours, beside, unit, bar }: Measurement): string {
  const parts = [`${name.padEnd(26)} ${ours.toFixed(1).padStart(8)} ${unit}`];
  if (beside) {
    const ratio = (ours / beside.value).toFixed(2);
    parts.push(`${beside.name} ${beside.value.toFixed(1).padStart(8)} ${unit}`, `ratio ${ratio}`);
  }
  if (bar !== undefined) parts.push(`bar ${bar.toFixed(0)}: ${ours >= bar ? 'met' : 'MISSED'}`);
  return parts.join('   ');
}
