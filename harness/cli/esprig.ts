import { Command, CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodeFor, toEsprigError, UsageError, type ExitCode } from '../core/errors';
import { COMMANDS, type CommandRow } from './commands';
import { masked } from './secrets';

const HELP_END = `
\`npx esprig start\` needs no board; \`npx esprig help run\` and the like tell what a command takes, with examples.
Exit codes: 0 passed, 1 firmware failed, 2 usage, 3 rig or harness broken.
Environment: ESPRIG_RIG (rig of \`run\`), ESPRIG_PORT, ESPRIG_URL, ESPRIG_TOKEN (of the commands at one device),
  ESPRIG_LOCKS (folder of the leases), ESPRIG_DEBUG=1 (stack traces), NO_COLOR.`;

/** What the command line may be handed in place of this process's own: tests do. */
export interface CliStreams {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Show stack traces. */
  readonly debug: boolean;
}

const PROCESS_STREAMS: CliStreams = {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  debug: Boolean(process.env['ESPRIG_DEBUG']),
};

/**
 * Runs one command line and answers what the process should exit with: 0 passed, 1 the firmware failed, 2 wrong usage,
 * 3 the rig or the harness is broken. Never rejects.
 */
export async function main(
  args: readonly string[],
  streams: CliStreams = PROCESS_STREAMS,
  commands: readonly CommandRow[] = COMMANDS,
): Promise<ExitCode> {
  try {
    await runCommand(args, streams, commands);
    return takeVerdict();
  } catch (error) {
    takeVerdict();
    return report(error, streams);
  }
}

let verdict: ExitCode = 0;

/**
 * For a command whose work came to its end, only not to a good one: a case failed, a comparison found a difference.
 * The worst of several stays. A command that cannot go on throws instead.
 */
export function setVerdict(exitCode: ExitCode): void {
  verdict = verdict > exitCode ? verdict : exitCode;
}

function takeVerdict(): ExitCode {
  const taken = verdict;
  verdict = 0;
  return taken;
}

/**
 * Runs one command line. One command may run another through this.
 * @throws EsprigError and whatever else the command throws; CommanderError for help and usage
 */
export async function runCommand(
  args: readonly string[],
  streams: CliStreams = PROCESS_STREAMS,
  commands: readonly CommandRow[] = COMMANDS,
): Promise<void> {
  const program = new Command('esprig')
    .description('Hardware-in-the-loop tests for ESP8266 boards, on the bench or emulated.')
    .version(version(), '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .addHelpText('after', HELP_END)
    .configureOutput({ writeOut: streams.stdout, writeErr: streams.stderr })
    .showHelpAfterError('(add --help for what it takes)')
    .exitOverride();

  // Only the command that is asked for is loaded (its file may bring others along); the rest is names for the help.
  const asked = commands.find((row) => row.name === askedFor(args));
  (await asked?.load())?.register(program);
  const known = new Set(program.commands.map((command) => command.name()));
  for (const row of commands) if (!known.has(row.name)) program.command(row.name).description(row.summary);
  if (args.length === 0) program.help({ error: true });
  await program.parseAsync([...args], { from: 'user' });
}

/** The first word that is no option; behind `help` the one after it. */
function askedFor(args: readonly string[]): string | undefined {
  const words = args.filter((arg) => !arg.startsWith('-'));
  return words[0] === 'help' ? words[1] : words[0];
}

function version(): string {
  const { version: text } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  return text;
}

/** Tells what went wrong, once, to the person who called. */
function report(error: unknown, streams: CliStreams): ExitCode {
  // Commander has said it already: help and version on stdout, a mistake on stderr.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodeFor('case');
  const ours = toEsprigError(error);
  const lines = [`esprig: ${ours.message}`];
  for (const { title, lines: seen } of ours.evidence)
    lines.push(`  ${title}:`, ...seen.map((line) => `    ${line}`));
  if (ours.hint !== undefined) lines.push(`  hint: ${ours.hint}`);
  lines.push(`  (${ours.code})`);
  if (streams.debug) lines.push(...stacksOf(error));
  streams.stderr(`${masked(lines.join('\n'))}\n`);
  return exitCodeFor(ours.blame);
}

/** The stack of an error and of what caused it, not deeper than anyone would read. */
function stacksOf(error: unknown): readonly string[] {
  const stacks: string[] = [];
  let current = error;
  for (let depth = 0; depth < 5 && typeof current === 'object' && current !== null; depth++) {
    const { stack, cause } = current as { stack?: unknown; cause?: unknown };
    if (typeof stack === 'string') stacks.push(depth === 0 ? stack : `caused by: ${stack}`);
    current = cause;
  }
  return stacks;
}

/** Parses a whole number within bounds; for commander's options. */
export function parseWholeNumber(what: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new UsageError('ESPRIG_USAGE', `${what}: '${text}' is no whole number from ${min} to ${max}`);
  };
}

/** An option that may be said several times. For commander's options. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** The text of `--until`; one without anything in it would have come before it began. For commander's options. */
export function parseUntil(text: string): string {
  if (text !== '') return text;
  throw new UsageError('ESPRIG_USAGE', '--until: there is no text to wait for', {
    hint: 'Was it a variable that is not set? Without --until the command goes on until --timeout or Ctrl-C.',
  });
}

/** What bin.cjs calls: this process's arguments in, this process's exit code out. */
export function runAsProcess(): void {
  // A reader that has seen enough (`esprig … | head`) is no mistake.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
    throw error;
  });
  const failed = (error: unknown): void => {
    report(error, PROCESS_STREAMS);
    process.exit(exitCodeFor('harness'));
  };
  process.on('uncaughtException', failed).on('unhandledRejection', failed);
  void main(process.argv.slice(2)).then((exitCode) => {
    process.exitCode = exitCode;
  });
}
