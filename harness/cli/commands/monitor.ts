import type { Command } from 'commander';
import { Option } from 'commander';
import type { Deadline } from '../../core/deadline';
import { RigError } from '../../core/errors';
import { Console } from '../../device/console';
import { recipesFor } from '../../device/reset-recipes';
import type { ResetTarget } from '../../device/reset-recipes';
import { describePanic } from '../../protocol/panic';
import { withSerialWork, type SerialWork } from '../serial-command';
import { serialTarget, withSerialOptions, type SerialOptions } from '../serial-target';
import { parseUntil, setVerdict } from '../esprig';
import { RawLog } from '../raw-log';
import { mustBeWritable } from '../writable';

type Stamps = 'elapsed' | 'clock' | 'none';

interface MonitorOptions extends SerialOptions {
  readonly stamps: Stamps;
  readonly fixedBaud?: boolean;
  readonly resetFirst?: boolean;
  readonly until?: string;
  readonly log?: string;
  readonly exitOnCrash?: boolean;
}

/** Ctrl-] ends, Ctrl-R resets into the app, Ctrl-L into the loader; everything else goes to the board. */
const KEY_EXIT = 0x1d;
const KEY_RESET = 0x12;
const KEY_LOADER = 0x0c;

/** Adds `esprig monitor`. */
export function register(program: Command): void {
  withSerialOptions(program.command('monitor'), 86_400)
    .description('the board’s console: timestamps, both rates, send, reset keys')
    .addOption(
      new Option('--stamps <kind>', 'time before each line')
        .choices(['elapsed', 'clock', 'none'])
        .default('elapsed'),
    )
    .option('--fixed-baud', 'stay at --baud; else the rates of ROM and app are followed')
    .option('--reset-first', 'reset the board, so that its log begins at the first byte')
    .option(
      '--until <text>',
      'end with 0 when this text comes, with 1 when --timeout or Ctrl-C does before',
      parseUntil,
    )
    .option('--exit-on-crash', 'end with 1 when the board crashes or resets by itself')
    .option('--log <file>', 'keep the raw bytes, secrets and all')
    .addHelpText(
      'after',
      '\nIn a terminal Ctrl-] ends, Ctrl-R resets into the app, Ctrl-L into the loader; all else goes to the board.\nExamples:\n  npx esprig monitor --rig bench-1 --reset-first\n  npx esprig monitor --port /dev/ttyUSB0 --until ready --timeout 30',
    )
    .action(async (options: MonitorOptions) => {
      const target = await serialTarget('monitor', options);
      if (options.log !== undefined) mustBeWritable('--log', options.log);
      await withSerialWork(target, options, (bench) => monitor(bench, options));
    });
}

async function monitor(
  { out, link, deadline, bus, clock, target: { baud, recipes } }: SerialWork,
  options: MonitorOptions,
): Promise<void> {
  using console = new Console({
    link,
    clock,
    bus,
    appBaud: baud ?? 115_200,
    fixedBaud: options.fixedBaud === true,
  });
  const startMs = clock.nowMs();
  const log = options.log === undefined ? undefined : new RawLog(options.log);
  const leaveLog = link.onData(({ bytes }) => log?.write(bytes));
  const ended = new Promise<void>((resolve) => {
    console.onLine(({ text, atMs }) => {
      const wallMs = clock.wallTimeMs() - (clock.nowMs() - atMs);
      const visible = printable(text);
      out.value({ atMs: Math.round(atMs - startMs), at: isoTime(wallMs), text: visible });
      if (!out.json) out.result(stamp(options.stamps, atMs - startMs, wallMs) + visible);
      for (const panic of console.crashWatch.panics.splice(0)) out.result(`--- ${describePanic(panic)}`);
      if (options.exitOnCrash === true && console.incidents.length > 0) {
        setVerdict(1);
        resolve();
      }
    });
  });
  const reset = async (target: ResetTarget): Promise<void> => {
    const [recipe] = recipesFor(recipes, target, link);
    if (recipe === undefined) {
      throw new RigError(
        'ESPRIG_RIG_CANNOT',
        `reset on ${link.path}: this link or circuit cannot reset the board`,
      );
    }
    await console.reset(recipe, deadline);
  };
  let isMet = options.until === undefined;
  const keys = watchKeys(console, reset, (text) => out.line(text));
  try {
    if (process.stdin.isTTY) out.line('--- Ctrl-] ends, Ctrl-R resets, Ctrl-L resets into the loader');
    const lost = new Promise<never>((_, reject) => link.onClose(() => reject(linkGone(console))));
    lost.catch(() => undefined);
    if (options.resetFirst === true) await reset('app');
    const over = [ended, keys.exit, lost, ...(log === undefined ? [] : [log.failed])];
    if (options.until === undefined) await deadline.wait(Promise.race(over), 'end of the session');
    else {
      // Alone with its time: of two alarms for one moment, either could ring first, and they blame different people.
      const found = untilText(console, options.until, deadline, options).then(() => void (isMet = true));
      await Promise.race([...over, found]);
    }
  } catch (error) {
    if (!endsWell(error, options)) throw error;
  } finally {
    keys.stop();
    leaveLog();
    await log?.end();
  }
  if (isMet) return;
  out.result(`--- '${options.until ?? ''}' had not come`);
  setVerdict(1);
}

async function untilText(
  console: Console,
  text: string,
  deadline: Deadline,
  { exitOnCrash }: MonitorOptions,
): Promise<void> {
  const evenIfItDies = exitOnCrash !== true;
  await console.expect(text, deadline.sub({ phase: 'until', blame: 'dut' }), { since: 0, evenIfItDies });
}

/** A session that is stopped has been looked at; one without a goal may also come to the end of its time. */
function endsWell(error: unknown, options: MonitorOptions): boolean {
  const { code } = error as { code?: string };
  if (code === 'ESPRIG_CANCELLED') return true;
  return options.until === undefined && code === 'ESPRIG_DEADLINE';
}

function linkGone(console: Console): RigError {
  return new RigError('ESPRIG_PORT_UNPLUGGED', `${console.link.path} went away`, {
    hint: 'Check the USB cable or the serial server.',
  });
}

function stamp(kind: Stamps, sinceMs: number, wallMs: number): string {
  if (kind === 'none') return '';
  if (kind === 'clock') return `${isoTime(wallMs).slice(11, 23)} `;
  return `${(sinceMs / 1000).toFixed(3).padStart(9)} `;
}

function isoTime(wallMs: number): string {
  // eslint-disable-next-line no-restricted-globals -- writes a time down, reads none
  return new Date(wallMs).toISOString();
}

/** A line for a terminal: colours stay, what would move the cursor or ring does not. */
function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what this is about
  return text.replaceAll(/[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]/g, '\u00b7');
}

interface Keys {
  readonly exit: Promise<void>;
  stop(): void;
}

/** Keys of a terminal, byte by byte; input that is no terminal is sent to the board as it is. */
function watchKeys(
  console: Console,
  reset: (target: ResetTarget) => Promise<void>,
  say: (text: string) => void,
): Keys {
  const { stdin } = process;
  let onData: ((bytes: Buffer) => void) | undefined;
  const exit = new Promise<void>((resolve) => {
    const failed = (error: unknown): void => say(`--- ${(error as Error).message}`);
    onData = (bytes) => {
      if (!stdin.isTTY) {
        void console.send(bytes).catch(failed);
        return;
      }
      const send: number[] = [];
      for (const byte of bytes) {
        if (byte === KEY_EXIT) resolve();
        else if (byte === KEY_RESET) void reset('app').catch(failed);
        else if (byte === KEY_LOADER) void reset('loader').catch(failed);
        else send.push(byte);
      }
      if (send.length > 0) void console.send(Uint8Array.from(send)).catch(failed);
    };
  });
  if (stdin.isTTY) stdin.setRawMode(true);
  stdin.on('data', onData!);
  return {
    exit,
    stop: () => {
      stdin.off('data', onData!);
      if (stdin.isTTY) stdin.setRawMode(false);
      stdin.pause();
    },
  };
}
