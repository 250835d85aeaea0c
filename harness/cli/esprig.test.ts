import { describe, expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DutError, LinkError, UsageError } from '../core/errors';
import { EmulatorFault } from '../emulator/fault';
import { COMMANDS, type CommandRow } from './commands';
import { main, parseWholeNumber, runCommand, setVerdict } from './esprig';

/** A command whose body is given by a test. */
function row(name: string, body: (options: Record<string, unknown>) => void | Promise<void>): CommandRow {
  const register = (program: Command): void => {
    program
      .command(name)
      .description(`does ${name}`)
      .option('--count <n>')
      .argument('[file]')
      .action(async (_file, options) => {
        await body(options as Record<string, unknown>);
      });
  };
  return { name, summary: `does ${name}`, load: () => Promise.resolve({ register }) };
}

async function run(args: readonly string[], commands: readonly CommandRow[] = COMMANDS, debug = false) {
  let stdout = '';
  let stderr = '';
  const streams = {
    stdout: (text: string) => void (stdout += text),
    stderr: (text: string) => void (stderr += text),
    debug,
  };
  const exitCode = await main(args, streams, commands);
  return { exitCode, stdout, stderr };
}

function throwing(error: unknown): readonly CommandRow[] {
  return [
    row('work', () => {
      throw error;
    }),
  ];
}

describe('how a command line ends', () => {
  test('well: nothing is said about it, and the code is 0', async () => {
    expect(await run(['work', 'a.bin', '--count', '3'], [row('work', () => undefined)])).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: '',
    });
  });

  test.each([
    [1, new DutError('ESPRIG_DUT_CRASH', 'boot: LoadProhibited at 0x40101234')],
    [2, new UsageError('ESPRIG_USAGE_FILE', 'board: no file app.bin')],
    [3, new LinkError('ESPRIG_PORT_MISSING', 'open /dev/ttyUSB0: it does not exist')],
    [3, new EmulatorFault('ESPRIG_EMU_UNMAPPED', 'load', { pc: 0x40100000, addr: 0x50000000 })],
    [3, new TypeError('x is not a function')],
    [3, 'a thrown text'],
  ])('with %i and one clear message for %p', async (exitCode, error) => {
    const ended = await run(['work'], throwing(error));
    expect(ended.exitCode).toBe(exitCode);
    expect(ended.stdout).toBe('');
    expect(ended.stderr).toContain(`esprig: ${error instanceof Error ? error.message : error}\n`);
    expect(ended.stderr).not.toMatch(/^ +at /m);
  });

  test('with hint, evidence and code below the message', async () => {
    const error = new DutError('ESPRIG_DUT_CRASH', 'boot: crashed', {
      hint: 'Look at the trace.',
      evidence: [{ title: 'last console lines', lines: ['Fatal exception (28)'] }],
    });
    expect((await run(['work'], throwing(error))).stderr).toBe(
      'esprig: boot: crashed\n' +
        '  last console lines:\n' +
        '    Fatal exception (28)\n' +
        '  hint: Look at the trace.\n' +
        '  (ESPRIG_DUT_CRASH)\n',
    );
  });

  test('with the stacks of the error and its cause when debugging', async () => {
    const error = new LinkError('ESPRIG_PORT_CLOSED', 'gone', { cause: new Error('EIO') });
    const { stderr } = await run(['work'], throwing(error), true);
    expect(stderr).toMatch(/^LinkError: gone\n +at /m);
    expect(stderr).toMatch(/^caused by: Error: EIO\n +at /m);
  });

  test('with the verdict that the command set, the worst of several, and only once', async () => {
    const verdicts = [row('work', () => [1, 3, 1].forEach((code) => setVerdict(code as 1 | 3)))];
    expect((await run(['work'], verdicts)).exitCode).toBe(3);
    expect((await run(['work'], [row('work', () => undefined)])).exitCode).toBe(0);
  });
});

describe('wrong usage ends with 2 and says what is wrong', () => {
  const commands = [row('work', () => undefined)];
  test.each([
    ['an unknown command', ['wrok'], "unknown command 'wrok'"],
    ['an unknown option', ['work', '--cuont', '3'], "unknown option '--cuont'"],
    ['an option without its value', ['work', '--count'], 'argument missing'],
    ['an argument too many', ['work', 'a', 'b'], 'too many arguments'],
    ['no command at all', [], 'Usage: esprig'],
  ])('%s', async (_what, args, text) => {
    const ended = await run(args, commands);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain(text);
    expect(ended.stdout).toBe('');
  });

  test('a mistyped command is answered with the right one', async () => {
    expect((await run(['wrok'], commands)).stderr).toContain('Did you mean work?');
  });
});

describe('help', () => {
  test('lists every command without loading one', async () => {
    const broken = COMMANDS.map(({ name, summary }) => ({
      name,
      summary,
      load: () => Promise.reject(new Error('loaded')),
    }));
    const ended = await run(['--help'], broken);
    expect([ended.exitCode, ended.stderr]).toEqual([0, '']);
    for (const { name, summary } of COMMANDS) {
      const listed = ended.stdout.split('\n').find((line) => line.startsWith(`  ${name} `));
      expect(listed).toContain(summary.slice(0, 20));
    }
    expect(ended.stdout).toContain(
      'Exit codes: 0 passed, 1 firmware failed, 2 usage, 3 rig or harness broken.',
    );
  });

  test.each([[['work', '--help']], [['help', 'work']]])('%j shows what the command takes', async (args) => {
    const ended = await run(args, [row('work', () => undefined), row('play', () => undefined)]);
    expect(ended.exitCode).toBe(0);
    expect(ended.stdout).toContain('Usage: esprig work [options] [file]');
    expect(ended.stdout).toContain('--count <n>');
  });

  test.each(COMMANDS.map((command) => [command.name, command] as const))(
    '%s is described by its file as by the list',
    async (name, command) => {
      const { Command: Program } = await import('commander');
      const program = new Program();
      (await command.load()).register(program);
      expect(program.commands.find((found) => found.name() === name)?.description()).toBe(command.summary);
    },
  );

  test('the version is the package’s', async () => {
    const text = readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8');
    expect((await run(['--version'])).stdout).toBe(`${(JSON.parse(text) as { version: string }).version}\n`);
  });
});

describe('commands', () => {
  test('one file may bring several, whichever of them is asked for', async () => {
    const seen: string[] = [];
    const register = (program: Command): void => {
      for (const name of ['flash', 'erase']) {
        program
          .command(name)
          .description(name)
          .action(() => void seen.push(name));
      }
    };
    const load = () => Promise.resolve({ register });
    const commands = ['flash', 'erase'].map((name) => ({ name, summary: name, load }));
    for (const name of ['erase', 'flash']) expect((await run([name], commands)).exitCode).toBe(0);
    expect(seen).toEqual(['erase', 'flash']);
  });

  test('one may run another; its error comes through', async () => {
    const error = new UsageError('ESPRIG_USAGE', 'no');
    await expect(runCommand(['work'], undefined, throwing(error))).rejects.toBe(error);
  });

  test('numbers are taken in tens or hexadecimal and kept within bounds', () => {
    const parse = parseWholeNumber('--baud', 1, 0x10000);
    expect([parse('115'), parse('0x10000')]).toEqual([115, 65536]);
    for (const text of ['0', '65537', '-1', '1.5', '1e3', '', 'x', '0x']) {
      expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'ESPRIG_USAGE' }));
    }
  });
});

describe('the process', () => {
  const bin = join(__dirname, 'bin.cjs');
  const start = (args: readonly string[]) =>
    spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', timeout: 30_000, input: '' });

  test('runs from the TypeScript source and hands the exit code back', () => {
    const version = start(['--version']);
    expect([version.status, version.stderr]).toEqual([0, '']);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const mistake = start(['no-such-command']);
    expect([mistake.status, mistake.stdout]).toEqual([2, '']);
    expect(mistake.stderr).toContain("unknown command 'no-such-command'");
  });
});
