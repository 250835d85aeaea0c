import { VERDICTS, type CaseRecord, type RunRecord } from '../report/run-record';

const SLOWEST = 10;
const SHOWN_TROUBLES = 20;

/** Nobody has to act: somebody wanted the run to end. */
const CUT_SHORT = 'ESPRIG_CANCELLED';

const WHO: Readonly<Record<string, string>> = {
  dut: 'the firmware',
  rig: 'the rig',
  harness: 'the harness',
  case: 'the case',
};

/** What a person wants to know when a run is over: how it went, who must act, what was slow, where the report is. */
export function summaryLines(record: RunRecord, indexPath: string | undefined): readonly string[] {
  const { cases, totals, elapsedMs } = record;
  const count = `${totals.cases} ${totals.cases === 1 ? 'case' : 'cases'}`;
  const lines = ['', `${count} on ${rigNames(record).join(', ') || 'no rig'} in ${seconds(elapsedMs)}`];
  lines.push(`  ${VERDICTS.map((verdict) => `${totals[verdict]} ${verdict}`).join(', ')}`);
  const news = newsLine(record);
  if (news !== undefined) lines.push(`  ${news}`);
  const bad = cases.filter(({ verdict }) => verdict === 'failed' || verdict === 'broken');
  const trouble = bad.filter(({ code }) => code !== CUT_SHORT);
  for (const [blame, who] of Object.entries(WHO)) {
    const mine = trouble.filter((row) => (row.blame ?? 'case') === blame);
    if (mine.length === 0) continue;
    lines.push('', `${capital(who)} must act:`, ...mine.slice(0, SHOWN_TROUBLES).flatMap(troubleLines));
    if (mine.length > SHOWN_TROUBLES) lines.push(`  … ${mine.length - SHOWN_TROUBLES} more, see the report`);
  }
  const cut = bad.filter(({ code }) => code === CUT_SHORT);
  if (cut.length > 0) lines.push('', 'Cut short, and not judged:', ...cut.flatMap(troubleLines));
  lines.push(...skippedLines(cases));
  const slow = cases.filter(({ verdict }) => verdict !== 'skipped').sort((a, b) => b.elapsedMs - a.elapsedMs);
  if (slow.length > 0) {
    lines.push('', 'The slowest:');
    for (const row of slow.slice(0, SLOWEST))
      lines.push(`  ${seconds(row.elapsedMs).padStart(8)}  ${nameOf(row)}`);
  }
  for (const note of record.notes) lines.push('', `Note: ${note}`);
  if (indexPath !== undefined) lines.push('', `Report: ${indexPath}`);
  return lines;
}

/** A rig that was not opened yet is known by its cases only. */
function rigNames({ rigs, cases }: RunRecord): readonly string[] {
  const names = [...rigs.map(({ name }) => name), ...cases.map(({ rig }) => rig)];
  return [...new Set(names)].filter((name) => name !== '');
}

/** What is new against the runs before; undefined: there were none. */
function newsLine({ news }: RunRecord): string | undefined {
  if (news === undefined) return undefined;
  const { worse, better, flaky, comparedCases } = news;
  const parts = [
    [worse.length, 'worse than before'],
    [better.length, 'better than before'],
    [flaky.length, 'flaky with the same images'],
  ] as const;
  const told = parts.filter(([count]) => count > 0).map(([count, words]) => `${count} ${words}`);
  return told.length > 0
    ? `new: ${told.join(', ')}`
    : `nothing new in ${comparedCases} cases that ran before`;
}

function troubleLines(row: CaseRecord): readonly string[] {
  const [first] = row.failures;
  const message = firstLines(first?.message ?? '');
  return [
    `  ${row.verdict}  ${nameOf(row)}${row.code === undefined ? '' : ` (${row.code})`}`,
    ...message.map((line) => `          ${line}`),
    `          again: ${row.repeatCommand}`,
  ];
}

/** Skipped cases by their reason: there may be many with one. */
function skippedLines(cases: readonly CaseRecord[]): readonly string[] {
  const byReason = new Map<string, number>();
  for (const { verdict, skipReason = 'no reason told' } of cases) {
    if (verdict === 'skipped') byReason.set(skipReason, (byReason.get(skipReason) ?? 0) + 1);
  }
  if (byReason.size === 0) return [];
  return ['', 'Skipped:', ...[...byReason].map(([reason, count]) => `  ${count}  ${reason}`)];
}

function nameOf({ file, titlePath, rig }: CaseRecord): string {
  return `${file} › ${titlePath.join(' › ')} [${rig}]`;
}

/** The lines of a message that say something: a matcher's hint is followed by an empty one. */
function firstLines(message: string): readonly string[] {
  const lines = message.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(0, 3).map((line) => (line.length > 160 ? `${line.slice(0, 160)}…` : line));
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
