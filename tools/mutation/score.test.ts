import {
  lineOf,
  percentSeen,
  scoreOf,
  survivorsOf,
  totalOf,
  type Mutant,
  type MutationReport,
} from './score';

function reportOf(...statuses: readonly Mutant['status'][]): MutationReport {
  const mutants = statuses.map((status, at) => ({
    status,
    mutatorName: 'EqualityOperator',
    replacement: 'a  <=\n b',
    location: { start: { line: at + 1, column: 5 } },
  }));
  return { files: { 'harness/protocol/slip.ts': { mutants } } };
}

describe('the score of planted mistakes', () => {
  const report = reportOf('Killed', 'Timeout', 'Survived', 'NoCoverage', 'Ignored', 'CompileError');

  test('counts a test that fails or hangs as seen, and what no test runs as not seen', () => {
    expect(scoreOf(report)).toEqual({ seen: 2, survived: 1, unreached: 1, leftOut: 2 });
    expect(percentSeen(scoreOf(report))).toBe(50);
  });

  test('leaves out what cannot be judged, and is no number when nothing can', () => {
    expect(percentSeen(scoreOf(reportOf('Ignored')))).toBeUndefined();
    expect(lineOf('efuse.ts', scoreOf(reportOf('Ignored')))).toMatch(
      /^ +- +efuse\.ts: 0 of 0 seen, 1 left out$/,
    );
  });

  test('names the places that no test watches', () => {
    expect(survivorsOf(report)).toEqual([
      '3:5 EqualityOperator: a <= b',
      '4:5 EqualityOperator: a <= b (never run)',
    ]);
  });

  test('is added up by mistakes and not by files', () => {
    const sum = totalOf([scoreOf(report), scoreOf(reportOf('Killed', 'Killed'))]);
    expect(percentSeen(sum)).toBeCloseTo(66.7, 1);
    expect(lineOf('all', sum, 4.4)).toBe(' 66.7 %  all: 4 of 6 seen, 1 never run, 2 left out, 4 s');
  });
});
