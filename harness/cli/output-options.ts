import type { Command } from 'commander';
import { createOutput, type Output } from './output';

/** What every command takes that says something. */
export interface OutputFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `--json`, for commander; `values`: what stands on a line of stdout. */
export function jsonOption(values = 'one JSON value a line'): readonly [flags: string, text: string] {
  return ['--json', `for scripts: ${values} on stdout, words for people on stderr`];
}

/** `--quiet`, for commander. */
export const QUIET_OPTION = ['-q, --quiet', 'say nothing but results and errors'] as const;

/** Adds `--json` and `--quiet`. */
export function withOutputOptions(command: Command, values?: string): Command {
  return command.option(...jsonOption(values)).option(...QUIET_OPTION);
}

/** The output that the flags ask for. */
export function outputFor({ json, quiet }: OutputFlags): Output {
  return createOutput({ json: json === true, quiet: quiet === true });
}
