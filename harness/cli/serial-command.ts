import type { Command } from 'commander';
import { RealClock } from '../core/clock';
import { Deadline } from '../core/deadline';
import { UsageError } from '../core/errors';
import { EventBus } from '../core/events';
import type { EsprigEvent } from '../core/events';
import { connectFlasher } from '../device/flasher';
import type { Flasher } from '../device/flasher';
import type { FlashProgress } from '../device/flash-types';
import { BOARD_RECIPES } from '../device/reset-recipes';
import type { BoardRecipeName } from '../device/reset-recipes';
import { listSerialPorts } from '../port/node-serial-port';
import { openPort } from '../port/open-port';
import type { SerialLink } from '../port/port';
import { parseWholeNumber } from './esprig';
import { createOutput } from './output';
import type { Output, Progress } from './output';

/** Options that all commands over a serial line share. */
export interface SerialOptions {
  readonly port?: string;
  readonly baud?: number;
  readonly reset: BoardRecipeName;
  readonly timeout: number;
  readonly json?: boolean;
}

/** Options of the commands that talk to the loader. */
export interface LoaderOptions extends SerialOptions {
  readonly flashBaud?: number;
  readonly stub: boolean;
  readonly expectMac?: string;
}

/** Lowest and highest rate that adapters have. */
const MIN_BAUD = 300;
const MAX_BAUD = 4_000_000;

/** Adds `--port` and what goes with it. */
export function withSerialOptions(command: Command, defaultTimeoutS: number): Command {
  return command
    .option('-p, --port <port>', 'device path or rfc2217://host:port (or $ESPRIG_PORT)')
    .option('-b, --baud <rate>', 'rate to begin with', parseWholeNumber('--baud', MIN_BAUD, MAX_BAUD))
    .option(
      '--reset <circuit>',
      `how reset is wired: ${Object.keys(BOARD_RECIPES).join(', ')}`,
      parseCircuit,
      'nodemcu',
    )
    .option(
      '--timeout <s>',
      'give up after so many seconds',
      parseWholeNumber('--timeout', 1, 86_400),
      defaultTimeoutS,
    )
    .option('--json', 'one JSON value a line on stdout');
}

/** Adds what the commands need that talk to the boot ROM or the stub. */
export function withLoaderOptions(command: Command, defaultTimeoutS: number): Command {
  return withSerialOptions(command, defaultTimeoutS)
    .option(
      '--flash-baud <rate>',
      'rate once the stub runs',
      parseWholeNumber('--flash-baud', MIN_BAUD, MAX_BAUD),
    )
    .option('--no-stub', 'work with the boot ROM alone: slower, no reading')
    .option('--expect-mac <mac>', 'stop unless the board has this MAC');
}

function parseCircuit(text: string): BoardRecipeName {
  if (Object.hasOwn(BOARD_RECIPES, text)) return text as BoardRecipeName;
  throw new UsageError('ESPRIG_USAGE', `--reset: no circuit is called '${text}'`, {
    hint: `Known are ${Object.keys(BOARD_RECIPES).join(', ')}.`,
  });
}

/** What a command over a serial line works with; all of it is closed when the command is over. */
export interface SerialWork {
  readonly out: Output;
  readonly link: SerialLink;
  readonly deadline: Deadline;
  readonly bus: EventBus;
  readonly clock: RealClock;
}

/** Opens the port and does the work; Ctrl-C ends it in order. */
export async function withSerialWork(
  name: string,
  options: SerialOptions,
  work: (bench: SerialWork) => Promise<void>,
): Promise<void> {
  const out = createOutput({ json: options.json === true });
  const port = options.port ?? process.env['ESPRIG_PORT'];
  if (port === undefined || port === '') throw await noPort(name);
  const clock = new RealClock();
  const bus = new EventBus(clock);
  bus.on((event) => tell(out, event));
  const stop = new AbortController();
  const onSignal = (): void => stop.abort(new Error('interrupted'));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  using deadline = new Deadline({
    clock,
    budgetMs: options.timeout * 1000,
    phase: name,
    blame: 'rig',
    signal: stop.signal,
  });
  let link: SerialLink | undefined;
  try {
    link = await openPort(port, options.baud === undefined ? {} : { baud: options.baud });
    await work({ out, link, deadline, bus, clock });
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    await link?.close();
  }
}

/** As `withSerialWork`, with the loader connected. */
export async function withFlasher(
  name: string,
  options: LoaderOptions,
  work: (bench: SerialWork & { readonly flasher: Flasher }) => Promise<void>,
): Promise<void> {
  await withSerialWork(name, options, async (bench) => {
    using flasher = await connectFlasher(
      {
        link: bench.link,
        bus: bench.bus,
        board: options.reset,
        stub: options.stub ? 'auto' : 'never',
        onProgress: progressOn(bench.out),
        ...(options.baud === undefined ? {} : { baud: options.baud }),
        ...(options.flashBaud === undefined ? {} : { flashBaud: options.flashBaud }),
        ...(options.expectMac === undefined ? {} : { expectMac: options.expectMac }),
      },
      bench.deadline,
    );
    await work({ ...bench, flasher });
  });
}

async function noPort(name: string): Promise<UsageError> {
  const ports = await listSerialPorts();
  return new UsageError('ESPRIG_USAGE', `${name}: which port? Name one with --port`, {
    hint:
      ports.length === 0
        ? 'No serial port is present on this machine; an emulated board prints its rfc2217:// address.'
        : `Present are ${ports.map((port) => port.path).join(', ')}.`,
  });
}

/** What a person should hear of while it goes on: whatever was tried again, and why. */
function tell(out: Output, event: EsprigEvent): void {
  const { data } = event;
  const text = (key: string): string => String(data[key]);
  switch (event.name) {
    case 'flash-retry':
      out.line(`trouble on the line (${text('error')}); connecting again, attempt ${text('attempt')}`);
      break;
    case 'stub-failed':
      out.line(`the stub does not start (${text('error')}); going on with the boot ROM alone`);
      break;
    case 'verify-failed':
      out.line(`${text('name')}: verification failed, writing all of it again`);
      break;
    default:
      break;
  }
}

const PHASE_WORDS: Readonly<Record<FlashProgress['phase'], string>> = {
  compare: 'comparing',
  write: 'writing',
  verify: 'verifying',
  read: 'reading',
  erase: 'erasing',
};

/** Bars for writing and reading; the other phases are short or tell nothing while they last. */
function progressOn(out: Output): (progress: FlashProgress) => void {
  let current: { readonly key: string; readonly bar: Progress } | undefined;
  return ({ phase, name, doneBytes, totalBytes }) => {
    const key = `${phase} ${name}`;
    if (current !== undefined && current.key !== key) {
      current.bar.finish();
      current = undefined;
    }
    if (phase !== 'write' && phase !== 'read') return;
    current ??= { key, bar: out.progress(`${PHASE_WORDS[phase]} ${name}`, totalBytes) };
    current.bar.update(doneBytes);
    if (doneBytes >= totalBytes) {
      current.bar.finish();
      current = undefined;
    }
  };
}

/** `5c:cf:7f:01:23:45, ESP8266EX, W25Q32 of 4 MiB`. */
export function describeBoard(flasher: Flasher): string {
  const { chip, mac, flashId, flashName, flashSizeBytes } = flasher.identity;
  const size =
    flashSizeBytes >= 0x100000 ? `${flashSizeBytes / 0x100000} MiB` : `${flashSizeBytes / 1024} KiB`;
  return `${mac}, ${chip}, flash ${flashName ?? `0x${flashId.toString(16)}`} of ${size}`;
}
