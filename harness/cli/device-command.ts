/** Commands that talk to a device over the network: at an address, or on a rig. */
import type { Command } from 'commander';
import type { Clock } from '../core/clock';
import type { Deadline } from '../core/deadline';
import type { EsprigError } from '../core/errors';
import { isEsprigError, RigError, UsageError } from '../core/errors';
import type { EventBus } from '../core/events';
import { createDutClient } from '../device/dut-client';
import { PROFILES, profileByName, type DutProfile } from '../device/dut-profile';
import type { DutClient } from '../device/dut-types';
import type { ReachedRig } from '../rig/reach-rig';
import type { RigFile } from '../rig/rig-file';
import { parseWholeNumber } from './esprig';
import type { Output } from './output';
import { withOutputOptions, type OutputFlags } from './output-options';
import { chooseRig, withLease, withRigOption, type RigFlags } from './rig-option';
import { keepSecret } from './secrets';
import { openFrame, type WorkFrame } from './work-frame';

/** Options that all commands share which talk to a device over the network. */
export interface DeviceOptions extends OutputFlags, RigFlags {
  readonly to?: string;
  readonly profile?: string;
  readonly tokenEnv?: string;
  readonly timeout: number;
  readonly resetFirst?: boolean;
}

const TOKEN_ENV = 'ESPRIG_TOKEN';

/** Adds `--to`, `--rig` and what goes with them. */
export function withDeviceOptions(command: Command, defaultTimeoutS: number): Command {
  withRigOption(
    command.option('--to <url>', 'address of the device, as http://192.168.4.1 (or $ESPRIG_URL)'),
    'address, token and profile',
  );
  command
    .option('--reset-first', 'restart a rig’s board over its serial line, and read its address from the log')
    .option(
      '--profile <name>',
      `how the firmware names things: ${Object.keys(PROFILES).join(', ')} (default: the rig file’s, or contract)`,
    )
    .option(
      '--token-env <name>',
      `environment variable that holds the token (default: the rig file’s, or ${TOKEN_ENV})`,
    )
    .option(
      '--timeout <s>',
      'give up after so many seconds from when the device can be asked',
      parseWholeNumber('--timeout', 1, 86_400),
      defaultTimeoutS,
    );
  return withOutputOptions(command);
}

/** What all of their helps say of emulated rigs. */
export const FRESH_BOARD_HELP =
  '\nOn an emulated rig the command starts a board with the rig’s firmware, and the board ends with the command;\n' +
  '`npx esprig board --rig NAME` keeps one running, to be named by its address with --to.';

/** What a command over the network works with; all of it is closed when the command is over. */
export interface DeviceWork {
  readonly out: Output;
  readonly client: DutClient;
  readonly deadline: Deadline;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly rig: RigFile | undefined;
  /** Ctrl-C was pressed. */
  readonly isStopped: () => boolean;
}

/** What a client is made from. */
interface Address {
  readonly baseUrl: string;
  readonly profile: DutProfile;
  readonly token: string | undefined;
}

/** The rig that the options name, if any. @throws UsageError as `chooseRig` */
export function deviceRig(options: DeviceOptions): Promise<RigFile | undefined> {
  return chooseRig(options, { option: '--to', value: options.to });
}

/** Takes the rig, if it is one, makes the client and does the work; Ctrl-C ends it in order. */
export async function withDevice(
  name: string,
  options: DeviceOptions,
  rig: RigFile | undefined,
  work: (bench: DeviceWork) => Promise<void>,
): Promise<void> {
  if (rig === undefined) mustNotReset(options);
  const tokenAsked = tokenFrom(options, rig);
  using frame = openFrame(options);
  if (rig === undefined) {
    await atAddress(name, options, addressOf(name, options, tokenAsked), undefined, frame, work);
    return;
  }
  const { mustHaveAddress, reachRig } = await import('../rig/reach-rig');
  mustHaveAddress(rig, options.resetFirst === true);
  await withLease(name, rig, options, frame, async () => {
    await using reached = await opened(name, rig, frame, (limit) =>
      reachRig(
        rig,
        {
          ...{ leaseOwner: `esprig ${name}`, clock: frame.clock, bus: frame.bus },
          resetFirst: options.resetFirst === true,
        },
        limit,
      ),
    );
    const address = {
      baseUrl: reached.baseUrl,
      profile: options.profile === undefined ? reached.profile : profileByName(options.profile),
      token: tokenAsked ?? reached.token,
    };
    await atAddress(name, options, address, rig, frame, work);
  });
}

/** Flashing and booting have their own time: what `--timeout` says is for the device's answers. */
async function opened(
  name: string,
  rig: RigFile,
  frame: WorkFrame,
  open: (limit: Deadline) => Promise<ReachedRig>,
): Promise<ReachedRig> {
  const { DEFAULT_RIG_BUDGETS } = await import('../rig/running-rig');
  const { flashMs, bootMs } = DEFAULT_RIG_BUDGETS;
  using limit = frame.deadline(name, flashMs + bootMs);
  if (rig.description.kind === 'virtual') {
    frame.out.line(`starting ${rig.description.name}, an emulated board with its own firmware`);
  }
  return await open(limit);
}

async function atAddress(
  name: string,
  options: DeviceOptions,
  { baseUrl, profile, token }: Address,
  rig: RigFile | undefined,
  { out, clock, bus, isStopped, deadline: deadlineOf }: WorkFrame,
  work: (bench: DeviceWork) => Promise<void>,
): Promise<void> {
  await using client = createDutClient({ baseUrl, profile, clock, bus, token });
  using deadline = deadlineOf(name, options.timeout * 1000);
  try {
    await work({ out, client, deadline, bus, clock, rig, isStopped });
  } catch (error) {
    throw isEsprigError(error) ? plainly(error, client.baseUrl, tokenHint(options, rig)) : error;
  }
}

function addressOf(name: string, options: DeviceOptions, token: string | undefined): Address {
  const baseUrl = options.to ?? process.env['ESPRIG_URL'] ?? '';
  if (baseUrl === '') {
    throw new UsageError(
      'ESPRIG_USAGE',
      `${name}: which device? Name its address with --to, or a rig with --rig`,
      {
        hint: 'Such as --to http://192.168.4.1, or --rig virtual-1mb; `npx esprig rigs` lists the rigs.',
      },
    );
  }
  return { baseUrl, token, profile: profileByName(options.profile ?? 'contract') };
}

function mustNotReset({ resetFirst }: DeviceOptions): void {
  if (resetFirst !== true) return;
  throw new UsageError(
    'ESPRIG_USAGE',
    '--reset-first goes over the serial line of a rig, and none is named',
    {
      hint: 'Name one with --rig, or `npx esprig reset --port PORT` first.',
    },
  );
}

/** The token of the variable that is named; a rig's own is known by its file. @throws UsageError ESPRIG_USAGE */
function tokenFrom({ tokenEnv }: DeviceOptions, rig: RigFile | undefined): string | undefined {
  if (tokenEnv === undefined && rig !== undefined) return undefined;
  const token = process.env[tokenEnv ?? TOKEN_ENV] ?? '';
  if (token === '' && tokenEnv !== undefined && tokenEnv !== TOKEN_ENV) {
    throw new UsageError('ESPRIG_USAGE', `--token-env: ${tokenEnv} is not set`);
  }
  keepSecret([token]);
  return token === '' ? undefined : token;
}

/** Where the token belongs that a device wants. */
function tokenHint({ tokenEnv }: DeviceOptions, rig: RigFile | undefined): string {
  const named = tokenEnv ?? (rig === undefined ? TOKEN_ENV : rig.description.dut?.tokenEnv);
  if (named !== undefined) {
    return `Put it into the environment variable ${named}, or name another with --token-env.`;
  }
  return `Name the environment variable that holds it with --token-env, or in ${rig?.file ?? ''} (dut.tokenEnv).`;
}

/** What an answer that is none means for somebody who typed an address. */
function plainly(error: EsprigError, baseUrl: string, hint: string): EsprigError {
  const status = (error as { details?: { status?: unknown } }).details?.status;
  if (error.code === 'ESPRIG_DUT_CONTRACT' && status === 401) {
    return new UsageError('ESPRIG_USAGE', `${baseUrl}: the device wants a token, or another one`, {
      cause: error,
      hint,
    });
  }
  const isStranger = error.code === 'ESPRIG_HTTP_BAD' || status === 404 || status === 405;
  if (!isStranger) return error;
  return new RigError('ESPRIG_RIG_NOT_A_BOARD', `${baseUrl}: what answers there is no device of this kind`, {
    cause: error,
    evidence: [{ title: 'what was seen', lines: [error.message] }, ...error.evidence],
    hint: 'Check the address; firmware with other paths needs --profile (status knows no firmware without one).',
  });
}
