import type { Command } from 'commander';
import { createOutput, type Output } from './output';

/** What every command takes that says something. */
export interface OutputFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Adds `--json` and `--quiet`; `values`: what stands on a line of stdout. */
export function withOutputOptions(command: Command, values = 'one JSON value a line'): Command {
  return command
    .option('--json', `for scripts: ${values} on stdout, words for people on stderr`)
    .option('-q, --quiet', 'say nothing but results and errors: no progress, no remarks');
}

/** The output that the flags ask for. */
export function outputFor({ json, quiet }: OutputFlags): Output {
  return createOutput({ json: json === true, quiet: quiet === true });
}
