import { realpathSync } from 'node:fs';
import type { Clock } from '../core/clock';
import type { Deadline } from '../core/deadline';
import { UsageError } from '../core/errors';
import { EventBus } from '../core/events';
import { profileFrom } from '../device/dut-profile';
import { layoutByName } from '../protocol/layouts';
import { boardLockName, portLockName, takeLease, type Lease } from './lease';
import { openPhysicalRig } from './physical-rig';
import { inPhase } from './phases';
import type { Settings } from './provisioning';
import { abilitiesOf } from './rig-checks';
import type { RigFile } from './rig-file';
import { firmwareFor } from './rig-firmware';
import type { RigPlan } from './rig-plan';
import { FLASH_SIZES, type RigDescription } from './rig-schema';
import { DEFAULT_RIG_BUDGETS, type Capability, type RigBudgets, type RunningRig } from './running-rig';
import { openVirtualRig } from './virtual-rig';

export interface OpenRigOptions {
  /** Told to others who want the board: a command, a case file. */
  readonly leaseOwner: string;
  readonly clock: Clock;
  readonly deadline: Deadline;
  readonly bus?: EventBus | undefined;
  /** Wait for a board that somebody else has, as long as the lease may take; default true. */
  readonly wait?: boolean | undefined;
  /** Folder with a firmware.json, in place of the rig's own. */
  readonly firmware?: string | undefined;
  readonly budgets?: RigBudgets | undefined;
  /** Where the air of a virtual rig is captured to. */
  readonly pcapFile?: string | undefined;
}

/** What cases may ask of a rig: all that it is able to do, or what its file allows of it. */
export function capabilitiesOf({ description }: RigFile): readonly Capability[] {
  const able = abilitiesOf(description);
  return able.filter((capability) => description.can?.includes(capability) ?? true);
}

/**
 * Leases, checks who the board is, flashes, boots, and waits until it answers. What was begun is undone if any of it fails.
 * @throws EsprigError; the phase (lease, flash, boot) is in its message where time ran out
 */
export async function openRig(rig: RigFile, options: OpenRigOptions): Promise<RunningRig> {
  const { deadline, clock } = options;
  const bus = options.bus ?? new EventBus(clock);
  const given = { bus, clock, budgets: options.budgets ?? DEFAULT_RIG_BUDGETS };
  // What needs no board comes first: a missing file is told before anybody has to wait.
  const plan = planOf(rig, options);
  if (plan.kind === 'virtual') return openVirtualRig(plan, given, deadline);
  const lease = await inPhase(given, 'lease', 'rig', deadline, (limit) =>
    leaseFor(plan, options, bus, limit),
  );
  try {
    return await openPhysicalRig(plan, lease, given, deadline);
  } catch (error) {
    lease[Symbol.dispose]();
    throw error;
  }
}

async function leaseFor(
  plan: RigPlan,
  options: OpenRigOptions,
  bus: EventBus,
  limit: Deadline,
): Promise<Lease> {
  return takeLease(
    {
      names: lockNames(plan.description),
      rig: plan.name,
      owner: options.leaseOwner,
      wait: options.wait ?? true,
      clock: options.clock,
      bus,
    },
    limit,
  );
}

/** A board by its MAC, and its port too: two rig files may name one port. */
export function lockNames({ board, serial }: RigDescription): readonly string[] {
  const names = board.mac === undefined ? [] : [boardLockName(board.mac)];
  return serial === undefined ? names : [...names, portLockName(realPort(serial.port))];
}

function realPort(port: string): string {
  try {
    return realpathSync(port);
  } catch {
    return port;
  }
}

const DEFAULT_MAC = '5c:cf:7f:01:23:45';

function planOf(rig: RigFile, options: OpenRigOptions): RigPlan {
  const { description, file } = rig;
  const { board, wifi, dut } = description;
  const token = secret(dut?.tokenEnv, 'dut.tokenEnv', file);
  const passphrase = secret(wifi?.passphraseEnv, 'wifi.passphraseEnv', file);
  const settings: Settings = { ssid: wifi?.ssid, passphrase, token };
  return {
    name: description.name,
    kind: description.kind,
    description,
    layout: layoutByName(board.layout),
    flashSizeBytes: FLASH_SIZES[board.flash],
    mac: (board.mac ?? DEFAULT_MAC).toLowerCase(),
    capabilities: new Set(capabilitiesOf(rig)),
    firmware: firmwareFor(description, file, options.firmware),
    settings,
    profile: profileFrom(dut),
    devicePort: dut?.port ?? 80,
    secrets: [token, passphrase].filter((text) => text !== undefined),
    pcapFile: options.pcapFile,
  };
}

/** What an environment variable holds that a rig file names. @throws UsageError ESPRIG_USAGE when it is not set */
function secret(name: string | undefined, key: string, file: string): string | undefined {
  if (name === undefined) return undefined;
  const value = process.env[name];
  if (value !== undefined && value !== '') return value;
  throw new UsageError(
    'ESPRIG_USAGE',
    `the environment variable ${name} is not set, which ${file} names in ${key}`,
    {
      hint: `export ${name}=… before you run this.`,
    },
  );
}
