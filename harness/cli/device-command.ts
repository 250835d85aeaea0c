import type { Command } from 'commander';
import { RealClock, type Clock } from '../core/clock';
import { Deadline } from '../core/deadline';
import type { EsprigError } from '../core/errors';
import { isEsprigError, RigError, UsageError } from '../core/errors';
import { EventBus } from '../core/events';
import { createDutClient } from '../device/dut-client';
import { PROFILES, profileByName } from '../device/dut-profile';
import type { DutClient } from '../device/dut-types';
import { parseWholeNumber } from './esprig';
import { createOutput, type Output } from './output';

/** Options that all commands share which talk to a device over the network. */
export interface DeviceOptions {
  readonly to?: string;
  readonly profile: string;
  readonly tokenEnv: string;
  readonly timeout: number;
  readonly json?: boolean;
}

const TOKEN_ENV = 'ESPRIG_TOKEN';

/** Adds `--to` and what goes with it. */
export function withDeviceOptions(command: Command, defaultTimeoutS: number): Command {
  return command
    .option('--to <url>', 'address of the device, as http://192.168.4.1 (or $ESPRIG_URL)')
    .option(
      '--profile <name>',
      `how the firmware names things: ${Object.keys(PROFILES).join(', ')}`,
      'contract',
    )
    .option('--token-env <name>', 'environment variable that holds the token', TOKEN_ENV)
    .option(
      '--timeout <s>',
      'give up after so many seconds',
      parseWholeNumber('--timeout', 1, 86_400),
      defaultTimeoutS,
    )
    .option('--json', 'one JSON value a line on stdout');
}

/** What a command over the network works with; all of it is closed when the command is over. */
export interface DeviceWork {
  readonly out: Output;
  readonly client: DutClient;
  readonly deadline: Deadline;
  readonly bus: EventBus;
  readonly clock: Clock;
  /** Ctrl-C was pressed. */
  readonly isStopped: () => boolean;
}

/** Makes the client and does the work; Ctrl-C ends it in order. */
export async function withDevice(
  name: string,
  options: DeviceOptions,
  work: (bench: DeviceWork) => Promise<void>,
): Promise<void> {
  const out = createOutput({ json: options.json === true });
  const baseUrl = options.to ?? process.env['ESPRIG_URL'] ?? '';
  if (baseUrl === '') {
    throw new UsageError('ESPRIG_USAGE', `${name}: which device? Name its address with --to`, {
      hint: 'Such as --to http://192.168.4.1; an emulated board prints the address that it is reached at.',
    });
  }
  const token = process.env[options.tokenEnv] ?? '';
  if (token === '' && options.tokenEnv !== TOKEN_ENV) {
    throw new UsageError('ESPRIG_USAGE', `--token-env: ${options.tokenEnv} is not set`);
  }
  const clock = new RealClock();
  const bus = new EventBus(clock);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort(new Error('interrupted'));
  await using client = createDutClient({
    baseUrl,
    profile: profileByName(options.profile),
    clock,
    bus,
    token: token === '' ? undefined : token,
  });
  using deadline = new Deadline({
    clock,
    budgetMs: options.timeout * 1000,
    phase: name,
    blame: 'rig',
    signal: stop.signal,
  });
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    await work({ out, client, deadline, bus, clock, isStopped: () => stop.signal.aborted });
  } catch (error) {
    throw isEsprigError(error) ? plainly(error, client.baseUrl, options.tokenEnv) : error;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** What an answer that is none means for somebody who typed an address. */
function plainly(error: EsprigError, baseUrl: string, tokenEnv: string): EsprigError {
  const status = (error as { details?: { status?: unknown } }).details?.status;
  if (error.code === 'ESPRIG_DUT_CONTRACT' && status === 401) {
    return new UsageError('ESPRIG_USAGE', `${baseUrl}: the device wants a token, or another one`, {
      cause: error,
      hint: `Put it into the environment variable ${tokenEnv}, or name another with --token-env.`,
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
