/** `--rig` and `--wait` of the commands that work on one device; harness/rig is loaded only where a rig is named. */
import type { Command } from 'commander';
import { UsageError } from '../core/errors';
import type { RigFile } from '../rig/rig-file';
import { keepSecret } from './secrets';
import type { WorkFrame } from './work-frame';

export interface RigFlags {
  /** Name, or path of a rig file. */
  readonly rig?: string;
  readonly wait?: WaitFlag;
}

/** Seconds; true: as long as anybody would. */
export type WaitFlag = number | true;

/** `--wait` without a number. */
const LONG_WAIT_S = 3600;
const LONGEST_WAIT_S = 604_800;

/** Adds `--rig` and `--wait`. `gives`: what is taken from the rig file. */
export function withRigOption(command: Command, gives: string): Command {
  return command
    .option('--rig <name|path>', `a rig by name, or a rig file: ${gives} from there; its lease is taken`)
    .option('--wait [s]', waitText('0: be refused at once'), parseWait);
}

/** What `--wait` means, wherever it stands. */
export function waitText(otherwise: string): string {
  return (
    `wait so many seconds for a rig that somebody else has; without a number up to ${LONG_WAIT_S} ` +
    `(default: ${otherwise})`
  );
}

/** The seconds of `--wait`. @throws UsageError */
export function parseWait(text: string): number {
  const seconds = /^\d+$/.test(text) ? Number(text) : NaN;
  if (seconds <= LONGEST_WAIT_S) return seconds;
  throw new UsageError(
    'ESPRIG_USAGE',
    `--wait: '${text}' is no whole number of seconds from 0 to ${LONGEST_WAIT_S}`,
    { hint: 'Write --wait=60; without a number, put --wait behind everything else.' },
  );
}

/** How long to wait; undefined without `--wait`. */
export function waitMsOf(wait: WaitFlag | undefined): number | undefined {
  return wait === undefined ? undefined : (wait === true ? LONG_WAIT_S : wait) * 1000;
}

/**
 * The rig that `--rig` names; its secrets are masked from now on.
 * @throws UsageError ESPRIG_RIG_NOT_FOUND, ESPRIG_USAGE_FILE, ESPRIG_RIG_FILE_INVALID; ESPRIG_USAGE where another option
 * names a device as well
 */
export async function chooseRig(
  { rig: name, wait }: RigFlags,
  other?: { readonly option: string; readonly value: unknown },
): Promise<RigFile | undefined> {
  if (name === undefined) {
    if (wait === undefined) return undefined;
    throw new UsageError('ESPRIG_USAGE', '--wait waits for a rig, and none is named', {
      hint: 'Name one with --rig.',
    });
  }
  if (other?.value !== undefined) {
    throw new UsageError('ESPRIG_USAGE', `--rig and ${other.option} both name the device`, {
      hint: 'Leave one of them out.',
    });
  }
  const [{ findRig }, { secretsKnown }] = await Promise.all([
    import('../rig/select-rigs'),
    import('../rig/make-plan'),
  ]);
  const rig = findRig(name);
  keepSecret(secretsKnown(rig.description));
  return rig;
}

/**
 * Does the work while nobody else has the rig. Emulated boards are nobody's: they need no lease.
 * @throws RigError ESPRIG_RIG_LEASE_HELD with who holds it since when; DeadlineError when waiting took too long
 */
export async function withLease<T>(
  command: string,
  { description }: RigFile,
  { wait }: RigFlags,
  { bus, clock, out, deadline }: WorkFrame,
  work: () => Promise<T>,
): Promise<T> {
  if (description.kind === 'virtual') return work();
  const { leaseBudgetMs, leaseRig } = await import('../rig/lease-rig');
  const waitMs = waitMsOf(wait) ?? 0;
  using limit = deadline('lease', leaseBudgetMs(waitMs));
  const stop = bus.on(({ data }) => out.line(String(data['text'])), { name: 'lease-waiting' });
  const lease = await leaseRig(
    description,
    { leaseOwner: `esprig ${command}`, waitMs, clock, bus },
    limit,
  ).finally(stop);
  try {
    return await work();
  } finally {
    lease[Symbol.dispose]();
  }
}
