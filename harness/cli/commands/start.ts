import type { Command } from 'commander';
import { runDemo } from '../board/run-demo';
import { createOutput } from '../output';

/** Adds `esprig start`. `esprig run` takes the demo's place when there are rigs. */
export function register(program: Command): void {
  program
    .command('start')
    .description('the main job on an emulated board; what `npm start` runs')
    .action(async () => {
      const out = createOutput();
      out.line('esprig: the main job (cases on rigs, a report) is not there yet; this stands in for it.');
      await runDemo(out);
      out.line('');
      out.line('Next: npx esprig board --help (your own image on this board), npx esprig --help (the rest).');
    });
}
