import type { Command } from 'commander';
import { UsageError } from '../../core/errors';
import { compareRuns, type Comparison, type MetricChange } from '../../report/compare';
import { readRun } from '../../report/read-run';
import { setVerdict } from '../esprig';
import type { Output } from '../output';
import { jsonOption, outputFor, QUIET_OPTION, type OutputFlags } from '../output-options';

interface CompareCommandOptions extends OutputFlags {
  readonly tolerance: number;
}

/** Adds `esprig compare`. */
export function register(program: Command): void {
  program
    .command('compare')
    .description('two runs side by side: verdicts, measurements, images; exit 1 if something got worse')
    .argument('<base>', 'folder of a run, or its run.json')
    .argument('<head>', 'the run that is compared with it')
    .option('--tolerance <percent>', 'a measurement may be worse by so much', parsePercent, 10)
    .option(...jsonOption('one JSON value'))
    .option(...QUIET_OPTION)
    .addHelpText('after', '\nExample: npx esprig compare reports/BEFORE reports/latest')
    .action(async (base: string, head: string, options: CompareCommandOptions) => {
      const out = outputFor(options);
      const [before, after] = [await readRun(base), await readRun(head)];
      const comparison = compareRuns(before, after, { tolerance: options.tolerance / 100 });
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
  const { verdicts, added, removed, unchanged, metrics, images } = comparison;
  for (const { change, base, head, title, rig, message } of verdicts) {
    out.result(`${change.padEnd(8)}${base} -> ${head}  ${title}${rig === '' ? '' : `  (${rig})`}`);
    if (change === 'worse' && message !== undefined) out.result(`${' '.repeat(8)}${message}`);
  }
  for (const one of added) out.result(`${'new'.padEnd(8)}${one.verdict}  ${one.titlePath.join(' › ')}`);
  for (const one of removed) out.result(`${'gone'.padEnd(8)}${one.verdict}  ${one.titlePath.join(' › ')}`);
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
  out.result(comparison.gotWorse ? 'Something got worse.' : 'Nothing got worse.');
}

function metricLine(metric: MetricChange, width: number): string {
  const { name, rig, unit, base, head, ratio, change } = metric;
  const times = ratio === undefined ? '' : `  x${ratio.toFixed(3)}`;
  const where = rig === '' ? '' : `  (${rig})`;
  return `${(change ?? '').padEnd(8)}${name.padEnd(width)}  ${short(base)} -> ${short(head)} ${unit}${times}${where}`;
}

function short(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(4);
}
