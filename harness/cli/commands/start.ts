import type { Command } from 'commander';
import { createOutput } from '../output';
import { runCommand } from '../esprig';
import { COMMANDS } from '../commands';

/**
 * What the main job is made of for now: the arguments of the command that stands in for it. `esprig run` takes this
 * place when there are rigs.
 */
const STAND_IN: readonly string[] = ['board'];

/** Adds `esprig start`. */
export function register(program: Command): void {
  program
    .command('start')
    .description('the main job on an emulated board; what `npm start` runs')
    .action(async () => {
      const out = createOutput();
      out.line('esprig: the main job (cases on rigs, a report) is not there yet.');
      if (!COMMANDS.some((row) => row.name === STAND_IN[0])) {
        out.line('Nor is the emulated board that will stand in for it. `npm test` shows what works today.');
        return;
      }
      out.line(`Until it is, this runs: esprig ${STAND_IN.join(' ')}`);
      await runCommand(STAND_IN);
    });
}
