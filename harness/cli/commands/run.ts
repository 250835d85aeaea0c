import type { Command } from 'commander';
import { summaryLines } from '../../jest/summary';
import { PROJECT_ROOT } from '../../rig/select-rigs';
import { parseWholeNumber, setVerdict } from '../esprig';
import { createOutput } from '../output';
import { chooseCases, listCaseFiles } from '../run/choose-cases';
import { runCases } from '../run/run-cases';

interface RunCommandOptions {
  readonly rig: readonly string[];
  readonly case?: string;
  readonly title?: string;
  readonly report?: string;
  readonly soak?: number;
  readonly workers?: number;
  readonly firmware?: string;
  readonly timeout?: number;
  readonly list?: boolean;
  readonly json?: boolean;
}

/** Adds `esprig run`. */
export function register(program: Command): void {
  program
    .command('run')
    .description('cases on rigs, and a report: the main job')
    .option('--rig <glob>', 'a rig by name or pattern; may be said several times', collect, [])
    .option('--case <pattern>', 'case files whose path it matches, or cases by title')
    .option('-t, --title <pattern>', 'only cases whose full title it matches')
    .option('--report <folder>', 'where reports go (default: reports)')
    .option('--soak <n>', 'soak cases repeat so often', parseWholeNumber('--soak', 1, 1_000_000))
    .option('--workers <n>', 'emulated boards at a time (default: 2)', parseWholeNumber('--workers', 1, 64))
    .option('--firmware <folder>', "a firmware set in place of the rigs' own (firmware.json)")
    .option(
      '--timeout <s>',
      'seconds for all of it (default: 3600)',
      parseWholeNumber('--timeout', 1, 604_800),
    )
    .option('--list', 'show which case files would run, and run nothing')
    .option('--json', 'the outcome as one JSON value on stdout')
    .argument('[jest...]', 'behind `--`: options that go to Jest as they are')
    .addHelpText('after', '\nESPRIG_RIG names the rig where --rig does not; otherwise it is virtual-1mb.')
    .action(async (jestArgs: readonly string[], options: RunCommandOptions) => {
      const out = createOutput({ json: options.json === true });
      if (options.list === true) {
        const files = listCaseFiles(PROJECT_ROOT);
        const { files: pattern } = chooseCases(files, options.case, options.title);
        const chosen = files.filter((file) => pattern === undefined || new RegExp(pattern, 'i').test(file));
        for (const file of chosen) out.line(file);
        out.value(chosen);
        return;
      }
      const rigs = options.rig.length > 0 ? options.rig : [process.env['ESPRIG_RIG'] || 'virtual-1mb'];
      const command = ['esprig', ...process.argv.slice(2)].join(' ');
      const { record, folder, htmlPath } = await runCases({ ...options, rigs, jestArgs, command });
      for (const line of summaryLines(record, htmlPath)) out.line(line);
      out.value({ exitCode: record.exitCode, totals: record.totals, folder, report: htmlPath });
      setVerdict(record.exitCode);
    });
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
