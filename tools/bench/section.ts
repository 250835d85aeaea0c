/** One measured thing. */
export interface Measurement {
  readonly name: string;
  readonly ours: number;
  /** What was measured beside it in the same run; a bare number says nothing about another machine. */
  readonly beside: { readonly name: string; readonly value: number } | undefined;
  readonly unit: string;
  /** The bar of the design, in the same unit. */
  readonly bar: number | undefined;
  /** Times and sizes: under the bar is met. */
  readonly isLowerBetter?: boolean;
}

/** True when it has a bar and does not reach it. */
export function isMissed({ ours, bar, isLowerBetter }: Measurement): boolean {
  if (bar === undefined) return false;
  return isLowerBetter === true ? ours > bar : ours < bar;
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
export function lineOf(measurement: Measurement): string {
  const { name, ours, beside, unit, bar } = measurement;
  const parts = [`${name.padEnd(26)} ${ours.toFixed(1).padStart(8)} ${unit}`];
  if (beside) {
    const ratio = (ours / beside.value).toFixed(2);
    parts.push(`${beside.name} ${beside.value.toFixed(1).padStart(8)} ${unit}`, `ratio ${ratio}`);
  }
  if (bar !== undefined) parts.push(`bar ${bar.toFixed(0)}: ${isMissed(measurement) ? 'MISSED' : 'met'}`);
  return parts.join('   ');
}
