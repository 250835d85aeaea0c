/** Which board a serial command works on: named by its port, or by a rig file that says all that has to be known of it. */
import type { Command } from 'commander';
import { FLASH_CHIPS } from '../chip/flash-chips';
import { UsageError } from '../core/errors';
import { BOARD_RECIPES, type BoardRecipeName, type BoardRecipes } from '../device/reset-recipes';
import { listSerialPorts } from '../port/node-serial-port';
import { layoutByName, type Layout } from '../protocol/layouts';
import type { RigFile } from '../rig/rig-file';
import { parseWholeNumber } from './esprig';
import { withOutputOptions, type OutputFlags } from './output-options';
import { chooseRig, withRigOption, type RigFlags } from './rig-option';

/** Options that all commands over a serial line share. */
export interface SerialOptions extends OutputFlags, RigFlags {
  readonly port?: string;
  readonly baud?: number;
  readonly reset?: BoardRecipeName;
  readonly timeout: number;
}

/** Options of the commands that talk to the loader. */
export interface LoaderOptions extends SerialOptions {
  readonly flashBaud?: number;
  readonly stub: boolean;
  readonly expectMac?: string;
  readonly stay?: boolean;
}

/** Lowest and highest rate that adapters have. */
const MIN_BAUD = 300;
const MAX_BAUD = 4_000_000;
const LARGEST_FLASH_BYTES = Math.max(...FLASH_CHIPS.map(({ sizeBytes }) => sizeBytes));

/** Adds `--port`, `--rig` and what goes with them. */
export function withSerialOptions(
  command: Command,
  defaultTimeoutS: number,
  gives = 'port, rates and reset',
): Command {
  withRigOption(
    command.option('-p, --port <port>', 'device path or rfc2217://host:port (or $ESPRIG_PORT)'),
    gives,
  );
  command
    .option(
      '-b, --baud <rate>',
      'rate to begin with (default: the rig file’s, or 115200)',
      parseWholeNumber('--baud', MIN_BAUD, MAX_BAUD),
    )
    .option(
      '--reset <circuit>',
      `how reset is wired: ${Object.keys(BOARD_RECIPES).join(', ')} (default: as the rig file says, or nodemcu)`,
      parseCircuit,
    )
    .option(
      '--timeout <s>',
      'give up after so many seconds, not counting --wait',
      parseWholeNumber('--timeout', 1, 86_400),
      defaultTimeoutS,
    );
  return withOutputOptions(command);
}

/** Adds what the commands need that talk to the boot ROM or the stub. */
export function withLoaderOptions(command: Command, defaultTimeoutS: number): Command {
  return withSerialOptions(command, defaultTimeoutS, 'port, rates, reset and MAC')
    .option(
      '--flash-baud <rate>',
      'rate once the stub runs (default: the rig file’s, or 460800)',
      parseWholeNumber('--flash-baud', MIN_BAUD, MAX_BAUD),
    )
    .option('--no-stub', 'work with the boot ROM alone: slower, no reading')
    .option('--expect-mac <mac>', 'stop unless the board has this MAC (default: the rig file’s, or any)')
    .option('--stay', 'leave the chip in the loader');
}

function parseCircuit(text: string): BoardRecipeName {
  if (Object.hasOwn(BOARD_RECIPES, text)) return text as BoardRecipeName;
  throw new UsageError('ESPRIG_USAGE', `--reset: no circuit is called '${text}'`, {
    hint: `Known are ${Object.keys(BOARD_RECIPES).join(', ')}.`,
  });
}

export interface SerialTarget {
  /** The command, for messages and for those who want the board meanwhile. */
  readonly command: string;
  readonly port: string;
  /** Of the app's console, and of the first contact with the loader; undefined: the usual one. */
  readonly baud: number | undefined;
  readonly flashBaud: number | undefined;
  readonly recipes: BoardRecipeName | BoardRecipes;
  /** Nothing is read or written by a loader that finds another one. */
  readonly expectMac: string | undefined;
  readonly rig: RigFile | undefined;
  /** Where the partitions are, if a rig file says so. */
  readonly layout: Layout | undefined;
  /** As the rig file says, else that of the largest chip: what lies behind it need not be asked of a board. */
  readonly mostFlashBytes: number;
}

/**
 * The board that the options name; nothing is opened yet.
 * @throws UsageError ESPRIG_USAGE, ESPRIG_RIG_KIND for an emulated one; as `chooseRig`
 */
export async function serialTarget(
  command: string,
  options: SerialOptions & Partial<LoaderOptions>,
): Promise<SerialTarget> {
  const { baud, flashBaud, expectMac, reset } = options;
  const rig = await chooseRig(options, { option: '--port', value: options.port });
  if (rig === undefined) {
    const port = options.port ?? process.env['ESPRIG_PORT'] ?? '';
    if (port === '') throw await noPort(command);
    const recipes = reset ?? 'nodemcu';
    const named = { command, port, baud, flashBaud, recipes, expectMac, rig };
    return { ...named, layout: undefined, mostFlashBytes: LARGEST_FLASH_BYTES };
  }
  const { description } = rig;
  if (description.serial === undefined) throw notOnALine(command, rig, options.rig ?? '');
  const { board, serial } = description;
  if (expectMac !== undefined && board.mac !== undefined) {
    throw new UsageError('ESPRIG_USAGE', `--expect-mac: ${rig.file} says which board it is, ${board.mac}`, {
      hint: 'Leave --expect-mac out, or change board.mac in the file.',
    });
  }
  const [{ recipesOf }, { FLASH_SIZES }] = await Promise.all([
    import('../rig/rig-recipes'),
    import('../rig/rig-schema'),
  ]);
  return {
    ...{ command, port: serial.port, rig, layout: layoutByName(board.layout) },
    mostFlashBytes: FLASH_SIZES[board.flash],
    baud: baud ?? serial.baud,
    flashBaud: flashBaud ?? serial.flashBaud,
    recipes: reset ?? recipesOf(description),
    expectMac: expectMac ?? board.mac,
  };
}

/** What an emulated board would be told is gone with it: there is nothing that this command could be good for. */
function notOnALine(command: string, { description: { name } }: RigFile, said: string): UsageError {
  return new UsageError(
    'ESPRIG_RIG_KIND',
    `${command}: ${name} is an emulated board; it has no serial line outside of the command that starts it`,
    {
      hint:
        `\`npx esprig board --rig ${said} --serial 2217\` keeps one running; then ` +
        `\`npx esprig ${command} --port rfc2217://127.0.0.1:2217\` in another terminal.`,
    },
  );
}

async function noPort(command: string): Promise<UsageError> {
  const ports = await listSerialPorts();
  const present =
    ports.length === 0
      ? 'No serial port is present on this machine; an emulated board prints its rfc2217:// address.'
      : `Present are ${ports.map(({ path }) => path).join(', ')}.`;
  return new UsageError(
    'ESPRIG_USAGE',
    `${command}: which board? Name its port with --port, or a rig with --rig`,
    { hint: `${present} \`npx esprig rigs\` lists the rigs.` },
  );
}
