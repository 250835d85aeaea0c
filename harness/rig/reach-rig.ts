/** A rig as somebody meets it who only wants to talk to its device: no flashing of a board that stands on a bench. */
import type { Clock } from '../core/clock';
import type { Deadline } from '../core/deadline';
import { UsageError } from '../core/errors';
import type { EventBus } from '../core/events';
import { profileFrom, type DutProfile } from '../device/dut-profile';
import { linkTo } from '../port/open-port';
import { devicePortOf, tokenOf } from './make-plan';
import { openRig } from './open-rig';
import { waitUntilReady } from './ready';
import type { RigFile } from './rig-file';
import { fixedAddressOf, joinNetwork, RigNetwork, type NetworkPlan } from './rig-network';
import { recipesOf } from './rig-recipes';
import { SerialBoard } from './serial-board';

export interface ReachOptions {
  /** Told to others who want the board. */
  readonly leaseOwner: string;
  readonly clock: Clock;
  readonly bus: EventBus;
  /** Reset a board on a bench first: its log then tells its address. */
  readonly resetFirst: boolean;
}

/** A device that can be talked to; an emulated one ends with this. */
export interface ReachedRig extends AsyncDisposable {
  readonly baseUrl: string;
  readonly token: string | undefined;
  readonly profile: DutProfile;
}

/**
 * Finds the device of a rig on the network. An emulated board is started with the rig's firmware; one on a bench is left
 * as it is, and the caller holds its lease.
 * @throws UsageError ESPRIG_RIG_NO_ADDRESS when the board would have to be started for its address; as `openRig`
 */
export function reachRig(rig: RigFile, options: ReachOptions, deadline: Deadline): Promise<ReachedRig> {
  if (rig.description.kind === 'virtual') return startVirtual(rig, options, deadline);
  mustHaveAddress(rig, options.resetFirst);
  return options.resetFirst ? resetAndFind(rig, options, deadline) : findAsItIs(rig, deadline);
}

/** What can be said before anybody waits for a lease. @throws UsageError ESPRIG_RIG_NO_ADDRESS */
export function mustHaveAddress(rig: RigFile, resetFirst: boolean): void {
  const { name, kind } = rig.description;
  if (resetFirst || kind === 'virtual' || fixedAddressOf(networkPlanOf(rig)) !== undefined) return;
  throw new UsageError(
    'ESPRIG_RIG_NO_ADDRESS',
    `${name}: its address is not known; by ${rig.file} the board tells it when it starts`,
    {
      hint:
        '--reset-first restarts the board and reads the address from its log. Without a restart: ' +
        'name the address with --to in place of --rig, or write it into the file (network.address).',
    },
  );
}

async function startVirtual(
  rig: RigFile,
  { leaseOwner, clock, bus }: ReachOptions,
  deadline: Deadline,
): Promise<ReachedRig> {
  const running = await openRig(rig, { leaseOwner, clock, bus, deadline });
  return {
    baseUrl: running.baseUrl,
    token: running.token,
    profile: running.dutProfile,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

async function findAsItIs(rig: RigFile, deadline: Deadline): Promise<ReachedRig> {
  const plan = networkPlanOf(rig);
  const token = tokenOf(rig);
  await joinNetwork(plan, deadline);
  return {
    baseUrl: `http://${fixedAddressOf(plan)!}`,
    token,
    profile: profileFrom(rig.description.dut),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** The line stays open until the end: closing it may reset a board. */
async function resetAndFind(
  rig: RigFile,
  { clock, bus }: ReachOptions,
  deadline: Deadline,
): Promise<ReachedRig> {
  const { port, baud, flashBaud } = rig.description.serial!;
  const token = tokenOf(rig);
  const profile = profileFrom(rig.description.dut);
  const link = linkTo(port, { baud });
  await link.open();
  const board = new SerialBoard({
    ...{ link, clock, bus, flashBaud, appBaud: baud },
    recipes: recipesOf(rig.description),
    expectMac: undefined,
  });
  const { console } = board;
  const network = new RigNetwork(networkPlanOf(rig), console);
  try {
    const mark = console.mark();
    console.allowResets(1);
    await board.resetIntoApp(deadline);
    await network.find(mark, deadline);
    const { baseUrl } = network;
    try {
      await waitUntilReady({ baseUrl, dutProfile: profile, token, clock, console }, mark, deadline);
    } catch (error) {
      throw network.explain(error, mark);
    }
    return { baseUrl, token, profile, [Symbol.asyncDispose]: () => board[Symbol.asyncDispose]() };
  } catch (error) {
    await board[Symbol.asyncDispose]();
    throw error;
  }
}

function networkPlanOf({ description }: RigFile): NetworkPlan {
  return { description, devicePort: devicePortOf(description), name: description.name };
}
