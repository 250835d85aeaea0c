import type { Command } from 'commander';
import { RealClock } from '../../core/clock';
import { Deadline } from '../../core/deadline';
import { exitCodeFor } from '../../core/errors';
import { examineMachine, examineRig, type Finding, type FindingLevel } from '../../rig/doctor';
import { parseWholeNumber, setVerdict } from '../esprig';
import { jsonOption, outputFor, QUIET_OPTION, type OutputFlags } from '../output-options';

const MARKS: Readonly<Record<FindingLevel, string>> = { good: 'ok  ', warn: 'mind', bad: 'BAD ' };

interface DoctorFlags extends OutputFlags {
  readonly rig?: string;
  readonly timeout: number;
}

/** Adds `esprig doctor`. */
export function register(program: Command): void {
  program
    .command('doctor')
    .description('what is wrong on this machine or with a rig, and how to mend it')
    .option('--rig <name|path>', 'look at this rig too, up to a board that answers: it is reset and flashed')
    .option('--timeout <s>', 'give up after so many seconds', parseWholeNumber('--timeout', 1, 86_400), 300)
    .option(...jsonOption('one JSON value a finding'))
    .option(...QUIET_OPTION)
    .addHelpText('after', '\nExamples:\n  npx esprig doctor\n  npx esprig doctor --rig bench-1')
    .action(async (flags: DoctorFlags) => {
      const { rig, timeout } = flags;
      const out = outputFor(flags);
      const tell = (findings: readonly Finding[]): void => {
        for (const finding of findings) {
          out.value({ ...finding });
          if (out.json) continue;
          out.result(`${MARKS[finding.level]}  ${finding.what}: ${finding.found}`);
          if (finding.level !== 'good' && finding.remedy !== undefined)
            out.result(`      -> ${finding.remedy}`);
        }
      };
      using deadline = new Deadline({
        clock: new RealClock(),
        budgetMs: timeout * 1000,
        phase: 'doctor',
        blame: 'rig',
      });
      const machine = await examineMachine();
      tell(machine);
      const board = rig === undefined ? [] : await examineRig(rig, deadline);
      tell(board);
      const bad = [...machine, ...board].filter(({ level }) => level === 'bad');
      for (const { blame } of bad) setVerdict(exitCodeFor(blame ?? 'rig'));
      if (bad.length === 0) out.line('Nothing stands in the way.');
    });
}
