/** What Stryker leaves. @source https://github.com/stryker-mutator/mutation-testing-elements/tree/master/packages/report-schema */
export interface MutationReport {
  readonly files: Readonly<Record<string, { readonly mutants: readonly Mutant[] }>>;
}

export interface Mutant {
  readonly status:
    | 'Killed'
    | 'Survived'
    | 'NoCoverage'
    | 'Timeout'
    | 'CompileError'
    | 'RuntimeError'
    | 'Ignored'
    | 'Pending';
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly location: { readonly start: { readonly line: number; readonly column: number } };
}

/** Planted mistakes by what came of them. */
export interface Score {
  /** A test failed, or did not come to its end. */
  readonly seen: number;
  readonly survived: number;
  /** No test even runs the place. */
  readonly unreached: number;
  /** Cannot be judged: no valid program, or a constant that is set up once, before any test. */
  readonly leftOut: number;
}

const SEEN: ReadonlySet<Mutant['status']> = new Set(['Killed', 'Timeout']);

function mutantsOf(report: MutationReport): readonly Mutant[] {
  return Object.values(report.files).flatMap(({ mutants }) => mutants);
}

export function scoreOf(report: MutationReport): Score {
  const mutants = mutantsOf(report);
  const count = (is: (mutant: Mutant) => boolean): number => mutants.filter(is).length;
  const seen = count(({ status }) => SEEN.has(status));
  const survived = count(({ status }) => status === 'Survived');
  const unreached = count(({ status }) => status === 'NoCoverage');
  return { seen, survived, unreached, leftOut: mutants.length - seen - survived - unreached };
}

/** `12:5 EqualityOperator: a < b`, where no test noticed. */
export function survivorsOf(report: MutationReport): readonly string[] {
  return mutantsOf(report)
    .filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
    .map(({ location: { start }, mutatorName, replacement = '', status }) => {
      const text = replacement.replace(/\s+/g, ' ').slice(0, 80);
      return `${start.line}:${start.column} ${mutatorName}: ${text}${status === 'NoCoverage' ? ' (never run)' : ''}`;
    });
}

export function totalOf(scores: readonly Score[]): Score {
  const sum = { seen: 0, survived: 0, unreached: 0, leftOut: 0 };
  for (const score of scores) {
    sum.seen += score.seen;
    sum.survived += score.survived;
    sum.unreached += score.unreached;
    sum.leftOut += score.leftOut;
  }
  return sum;
}

/** In percent; undefined when there was nothing to judge. */
export function percentSeen({ seen, survived, unreached }: Score): number | undefined {
  const judged = seen + survived + unreached;
  return judged === 0 ? undefined : (100 * seen) / judged;
}

export function lineOf(name: string, score: Score, elapsedS?: number): string {
  const percent = percentSeen(score);
  const parts = [
    `${score.seen} of ${score.seen + score.survived + score.unreached} seen`,
    ...(score.unreached > 0 ? [`${score.unreached} never run`] : []),
    ...(score.leftOut > 0 ? [`${score.leftOut} left out`] : []),
    ...(elapsedS === undefined ? [] : [`${elapsedS.toFixed(0)} s`]),
  ];
  return `${percent === undefined ? '    -  ' : `${percent.toFixed(1).padStart(5)} %`}  ${name}: ${parts.join(', ')}`;
}
