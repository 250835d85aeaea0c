import type { Command } from 'commander';
import { UsageError } from '../../core/errors';
import { compareRuns, type Comparison, type MetricChange } from '../../report/compare';
import { readRun } from '../../report/read-run';
import type { CaseRecord } from '../../report/run-record';
import { setVerdict } from '../esprig';
import type { Output } from '../output';
import { jsonOption, outputFor, QUIET_OPTION, type OutputFlags } from '../output-options';

interface CompareCommandOptions extends OutputFlags {
  readonly tolerance: number;
  readonly allowGone?: true;
}

const HELP_END = `
A case is the same by its file, title and rig; of two runs on one rig each, whatever the rigs are called. One that passed
and is gone counts as worse. Exit codes: 0 nothing got worse, 1 something did, 2 there is nothing to compare.

Examples:
  npx esprig compare reports/BEFORE reports/latest
  npx esprig compare reports/NIGHT reports/latest --allow-gone    a run of all cases, and one of some of them`;

/** Adds `esprig compare`. */
export function register(program: Command): void {
  program
    .command('compare')
    .description('two runs side by side: verdicts, measurements, images; exit 1 if something got worse')
    .argument('<base>', 'folder of a run, or its run.json')
    .argument('<head>', 'the run that is compared with it')
    .option('--tolerance <percent>', 'a measurement may be worse by so much', parsePercent, 10)
    .option('--allow-gone', 'cases that passed may be missing from <head>')
    .option(...jsonOption('one JSON value'))
    .option(...QUIET_OPTION)
    .addHelpText('after', HELP_END)
    .action(async (base: string, head: string, options: CompareCommandOptions) => {
      const out = outputFor(options);
      const [before, after] = [await readRun(base), await readRun(head)];
      const { tolerance, allowGone } = options;
      const comparison = compareRuns(before, after, { tolerance: tolerance / 100, allowGone });
      if (comparison.inCommon === 0) {
        throw new UsageError('ESPRIG_USAGE', 'the runs have no case in common', {
          hint: 'Cases are compared by the same file, title and rig: run the same ones on rigs of the same names.',
        });
      }
      out.value({ base, head, ...comparison });
      if (!out.json) print(comparison, out);
      if (comparison.gotWorse) setVerdict(1);
    });
}

function parsePercent(text: string): number {
  const value = /^\d+(\.\d+)?%?$/.test(text) ? parseFloat(text) : NaN;
  if (value <= 1000) return value;
  throw new UsageError('ESPRIG_USAGE', `--tolerance: '${text}' is no percentage from 0 to 1000`);
}

function print(comparison: Comparison, out: Output): void {
  const { verdicts, added, removed, lost, unchanged, metrics, images } = comparison;
  for (const { change, base, head, title, rig, message } of verdicts) {
    out.result(`${change.padEnd(8)}${base} -> ${head}  ${title}${onRig(rig)}`);
    if (change === 'worse' && message !== undefined) out.result(`${' '.repeat(8)}${message}`);
  }
  for (const one of lost) out.result(`worse   ${one.verdict} -> gone  ${nameOf(one)}`);
  for (const one of added) out.result(`new     ${one.verdict}  ${nameOf(one)}`);
  for (const one of removed) {
    if (!lost.includes(one)) out.result(`gone    ${one.verdict}  ${nameOf(one)}`);
  }
  out.result(`${String(unchanged)} cases unchanged`);
  if (metrics.length > 0) {
    out.result('');
    const width = Math.max(...metrics.map(({ name }) => name.length));
    for (const metric of metrics) out.result(metricLine(metric, width));
  }
  for (const { rig, slot, baseBytes, headBytes, segments } of images) {
    const delta = headBytes - baseBytes;
    const sign = delta < 0 ? '' : '+';
    out.result('');
    out.result(`image ${slot} (${rig}): ${baseBytes} -> ${headBytes} bytes (${sign}${delta})`);
    for (const { what, base, head } of segments) out.result(`  ${what}: ${base} -> ${head}`);
  }
  out.result('');
  if (lost.length > 0) {
    const words = lost.length === 1 ? 'case that passed is' : 'cases that passed are';
    out.result(`${lost.length} ${words} gone: --allow-gone, if they were left out on purpose.`);
  }
  out.result(comparison.gotWorse ? 'Something got worse.' : 'Nothing got worse.');
}

function nameOf({ titlePath, rig }: CaseRecord): string {
  return `${titlePath.join(' › ')}${onRig(rig)}`;
}

function onRig(rig: string): string {
  return rig === '' ? '' : `  (${rig})`;
}

function metricLine(metric: MetricChange, width: number): string {
  const { name, rig, unit, base, head, ratio, change } = metric;
  const times = ratio === undefined ? '' : `  x${ratio.toFixed(3)}`;
  return `${(change ?? '').padEnd(8)}${name.padEnd(width)}  ${short(base)} -> ${short(head)} ${unit}${times}${onRig(rig)}`;
}

function short(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(4);
}
