import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine } from '../../jest/repeat-command';
import { summaryLines } from '../../jest/summary';
import { PROJECT_ROOT } from '../../rig/select-rigs';
import { collect, parseWholeNumber, setVerdict } from '../esprig';
import type { Output } from '../output';
import { outputFor, withOutputOptions, type OutputFlags } from '../output-options';
import { parseWait, waitMsOf, waitText, type WaitFlag } from '../rig-option';
import { caseValue, startValue, summaryValue } from '../run/run-values';
import { chooseCases, filesOf, listCaseFiles, noSuchCase } from '../run/choose-cases';
import { chooseRigs } from '../run/choose-rigs';
import { runCases } from '../run/run-cases';

interface RunCommandOptions extends OutputFlags {
  readonly rig?: readonly string[];
  readonly case?: readonly string[];
  readonly title?: string;
  readonly report?: string;
  readonly soak?: number;
  readonly workers?: number;
  readonly firmware?: string;
  readonly timeout?: number;
  readonly list?: boolean;
  readonly wait?: WaitFlag;
}

const EXAMPLES = `
Examples:
  npx esprig run                                      all cases on virtual-1mb
  npx esprig run --rig bench-1 --case boot            the boot cases on a board of your own
  npx esprig run --rig 'rack-*' --rig virtual-1mb --wait=600
  npx esprig run --rig ~/boards/demo.yaml -t 'wrong slot'
  npx esprig run --json --quiet | jq 'select(.type == "case" and .verdict == "failed")'`;

/** Adds `esprig run`. */
export function register(program: Command): void {
  const command = program
    .command('run')
    .description('cases on rigs, and a report: the main job')
    .option(
      '--rig <name|glob|path>',
      'a rig by name, rigs by pattern, or a rig file; may be said several times (default: $ESPRIG_RIG, or virtual-1mb)',
      collect,
      undefined,
    )
    .option(
      '--case <pattern>',
      'case files whose path it matches, or cases by title; may be said several times (default: all)',
      collect,
      undefined,
    )
    .option('-t, --title <pattern>', 'only cases whose full title it matches')
    .option('--wait [s]', waitText('60'), parseWait)
    .option('--report <folder>', 'where reports go (default: reports)')
    .option('--soak <n>', 'soak cases repeat so often (default: 1)', parseWholeNumber('--soak', 1, 1_000_000))
    .option('--workers <n>', 'emulated boards at a time (default: 2)', parseWholeNumber('--workers', 1, 64))
    .option('--firmware <folder>', "a firmware set in place of the rigs' own (firmware.json)")
    .option(
      '--timeout <s>',
      'seconds for all of it (default: 3600, plus --wait)',
      parseWholeNumber('--timeout', 1, 604_800),
    )
    .option('--list', 'show which case files would run, and run nothing')
    .argument('[jest...]', 'behind `--`: options that go to Jest as they are');
  withOutputOptions(command, 'one JSON value a verdict as it comes, the summary last,')
    .addHelpText('after', EXAMPLES)
    .action(async (jestArgs: readonly string[], options: RunCommandOptions) => {
      const out = outputFor(options);
      if (options.list === true) {
        listCases(options, out);
        return;
      }
      const rigs = options.rig ?? [process.env['ESPRIG_RIG'] || 'virtual-1mb'];
      const { record, folder, htmlPath } = await runCases({
        ...options,
        ...{ rigs, jestArgs, leaseMs: waitMsOf(options.wait) },
        command: commandLine(['node', 'esprig', ...process.argv.slice(2)]),
        watch: !out.json
          ? undefined
          : {
              started: (chosen, runFolder) => out.value(startValue(chosen, runFolder)),
              case: (one) => out.value(caseValue(one)),
            },
      });
      for (const line of summaryLines(record, htmlPath)) out.result(line);
      out.value(summaryValue(record, folder, htmlPath));
      setVerdict(record.exitCode);
    });
}

/** @throws UsageError ESPRIG_USAGE for a choice of nothing; as `chooseRigs` */
function listCases({ rig, case: patterns = [], title }: RunCommandOptions, out: Output): void {
  if (rig !== undefined) chooseRigs(rig);
  const files = listCaseFiles(PROJECT_ROOT);
  const chosen = chooseCases(files, patterns, title);
  const listed = filesOf(files, chosen, (file) => readFileSync(join(PROJECT_ROOT, file), 'utf8'));
  if (listed.length === 0) throw noSuchCase(patterns, title);
  if (patterns.length > 0 && chosen.files === undefined) {
    out.line(`no case file has '${patterns.join("' or '")}' in its path; these have it in a title:`);
  }
  for (const file of listed) {
    out.result(file);
    out.value({ type: 'case-file', file });
  }
}
