import type { Command } from 'commander';
import { summaryLines } from '../../jest/summary';
import { setVerdict } from '../esprig';
import { outputFor, QUIET_OPTION, type OutputFlags } from '../output-options';
import { runCases } from '../run/run-cases';

/** A readable part of all cases: boots, updates, the refusals that save the board. */
const CASES = '^(?!.*cases/(power|soak|upload)/).*cases/';

/** Adds `esprig start`: the main job where nobody has a board yet. */
export function register(program: Command): void {
  program
    .command('start')
    .description('the main job on an emulated board; what `npm start` runs')
    .option(...QUIET_OPTION)
    .action(async (flags: OutputFlags) => {
      const out = outputFor(flags);
      out.line(
        'An emulated ESP8266 is leased, its firmware flashed over its serial line, and asked by cases:',
      );
      out.line('does it boot, does it update itself, does it refuse what it must?');
      out.line('');
      const { record, htmlPath } = await runCases({
        rigs: ['virtual-1mb'],
        case: [CASES],
        ...{ command: 'esprig start', quiet: flags.quiet },
      });
      for (const line of summaryLines(record, htmlPath)) out.result(line);
      out.line('');
      out.line(
        'Next: npx esprig run --rig virtual-1mb --rig virtual-2mb (all cases), npx esprig --help (the rest).',
      );
      setVerdict(record.exitCode);
    });
}
