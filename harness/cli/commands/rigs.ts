import type { Command } from 'commander';
import { overviewOfRigs, stateWords, type RigOverview } from '../../rig/rig-overview';
import { setVerdict } from '../esprig';
import { jsonOption, outputFor, QUIET_OPTION, type OutputFlags } from '../output-options';

/** Adds `esprig rigs`. */
export function register(program: Command): void {
  program
    .command('rigs')
    .description('the rigs that there are, what they can do, who has them')
    .option(...jsonOption('one JSON value a rig'))
    .option(...QUIET_OPTION)
    .addHelpText(
      'after',
      '\nWhat is in a rig file: rigs/README.md. Any rig can also be named by the path of its file.',
    )
    .action(async (flags: OutputFlags) => {
      const out = outputFor(flags);
      const rigs = await overviewOfRigs();
      for (const rig of rigs) {
        out.value({ ...rig });
        if (!out.json) for (const line of linesOf(rig)) out.result(line);
      }
      out.line('Files of your own bench go to rigs/local/; rigs/example-bench.yaml is one to begin with.');
      // A file that cannot be read is the caller's to mend; a firmware that is not built is only told.
      if (rigs.some(({ kind }) => kind === undefined)) setVerdict(2);
    });
}

function linesOf(rig: RigOverview): readonly string[] {
  const { name, kind, about, where, layout, can, firmware, problem } = rig;
  if (kind === undefined) return [`${name}  cannot be used`, `    ${problem ?? ''}`];
  return [
    `${name}  ${about ?? (kind === 'virtual' ? 'an emulated board' : 'a board on a serial line')}`,
    `    ${kind}, ${where ?? ''}, layout ${layout ?? ''}; ${stateWords(rig)}`,
    `    can ${can.length === 0 ? 'nothing that cases could ask for' : can.join(', ')}`,
    `    firmware ${firmware ?? `missing: ${problem ?? ''}`}`,
  ];
}
