/**
 * What cases, the command and the report know of a board that has been leased, flashed and booted. A virtual rig and one
 * on a bench look alike; what only some can do is a capability.
 */
import type { Clock } from '../core/clock';
import type { Deadline } from '../core/deadline';
import type { EsprigError } from '../core/errors';
import type { EventBus } from '../core/events';
import type { Console } from '../device/console';
import type { DutProfile } from '../device/dut-profile';
import type { FlashPart } from '../device/flash-plan';
import type { Impairment } from '../emulator/air';
import type { FlashPowerCut, PowerCutRequest } from '../emulator/peripherals/flash-operation';
import type { Layout } from '../protocol/layouts';
import type { FirmwareSet } from './firmware-set';
import type { FlashState } from './flash-state';
import type { Settings } from './provisioning';

export type { FirmwareSet } from './firmware-set';
export type { FlashState, SlotState } from './flash-state';
export type { Settings } from './provisioning';

/** What a case may ask for in `@needs`, and what it means. */
export const CAPABILITIES = {
  reset: 'the harness can reset the board',
  'power-cut': 'the harness can switch the board off and on',
  'power-cut-at-operation': 'power can go at a chosen flash operation',
  snapshot: 'the whole board can be put back in milliseconds',
  'read-flash-live': 'the flash can be read while the app runs',
  'spoil-flash': 'cells of the flash can be worn out while the app runs',
  'impair-air': 'frames can be lost, delayed and reordered on the air',
  'sleeping-client': 'a client can stop taking part on the air, as a laptop whose lid is shut',
  pcap: 'what goes over the air is captured',
  token: 'the firmware was given a bearer token',
  'console-commands': 'the firmware takes commands on its serial line',
} as const satisfies Readonly<Record<string, string>>;

export type Capability = keyof typeof CAPABILITIES;

export type RigKind = 'virtual' | 'serial';

/** Every capability, in the order of the list. */
export const CAPABILITY_NAMES = Object.keys(CAPABILITIES) as readonly Capability[];

/**
 * Event of a rig with `pcap`: `records` are pcap records (nanoseconds, 802.11 with radiotap) of what went over the air,
 * with this machine's times.
 */
export const AIR_CAPTURED = 'air-captured';

/** How long the parts of the opening may take. */
export interface RigBudgets {
  readonly leaseMs: number;
  readonly flashMs: number;
  readonly bootMs: number;
}

export const DEFAULT_RIG_BUDGETS: RigBudgets = { leaseMs: 60_000, flashMs: 180_000, bootMs: 30_000 };

/** Power of the board. Loses what is in RAM and in RTC memory, unlike a reset. */
export interface RigPower {
  off(deadline: Deadline): Promise<void>;
  /** Boots; `waitForReady` tells when it is up. */
  on(deadline: Deadline): Promise<void>;
  cycle(deadline: Deadline): Promise<void>;
  /**
   * Power goes at a flash operation of the future and stays away; present with `power-cut-at-operation`. The promise of
   * `whenCut` settles when it has happened.
   */
  readonly armCut?: (request: PowerCutRequest, deadline: Deadline) => Promise<ArmedCut>;
  /** Flash operations begun since the board was made; what `counted: 'total'` counts. */
  readonly flashOperations?: (deadline: Deadline) => Promise<number>;
}

export interface ArmedCut {
  /** @throws DeadlineError when the operation does not come */
  whenCut(deadline: Deadline): Promise<FlashPowerCut>;
}

/** A board that runs the firmware under test. */
export interface RunningRig extends AsyncDisposable {
  readonly name: string;
  readonly kind: RigKind;
  readonly capabilities: ReadonlySet<Capability>;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly console: Console;
  readonly layout: Layout;
  readonly dutProfile: DutProfile;
  readonly firmware: FirmwareSet;
  readonly mac: string;
  /** `http://127.0.0.1:PORT` on virtual rigs. */
  readonly baseUrl: string;
  /** Bearer token that the firmware was given. */
  readonly token: string | undefined;
  /** To be masked wherever something is written down. */
  readonly secrets: readonly string[];
  /** Things a reader of the report should know. */
  readonly notes: readonly string[];
  /**
   * Why the rig itself cannot go on, once it cannot: its line is gone, its emulated board has stopped. What a case sees of
   * that on the network is no fault of the firmware. The bus tells of it as `rig-broken`.
   */
  readonly trouble?: EsprigError | undefined;

  /**
   * As shipped: the flash holds the firmware set, its first slot runs and is idle. By snapshot on virtual rigs; by
   * writing what differs and a reset on hardware. Ends only when HTTP answers.
   */
  restoreFirmware(deadline: Deadline): Promise<void>;
  /** Presses reset; keeps RTC memory. `waitForReady` tells when the app is up. */
  reset(deadline: Deadline): Promise<void>;
  /**
   * The app is up and its server answers.
   * @throws DeadlineError; DutError when it crashes; RigError ESPRIG_RIG_NETWORK_FAILED when it runs and cannot be reached
   */
  waitForReady(deadline: Deadline): Promise<void>;
  /** Virtual: live. Serial: through the loader, then a reset into the app. */
  readFlash(flashOffset: number, lengthBytes: number, deadline: Deadline): Promise<Uint8Array>;
  /** Writes past the firmware, then resets into the app; bad images are written, too. */
  writeFlash(parts: readonly FlashPart[], deadline: Deadline): Promise<void>;
  readFlashState(deadline: Deadline): Promise<FlashState>;
  /** What the flash held when `restoreFirmware` had ended, all of it: a slot that nothing is shipped in may hold anything. */
  shippedState(deadline: Deadline): Promise<FlashState>;
  /**
   * Gives the firmware other settings (network, token) in NVS and resets into the app; `token` is then the new one.
   * `restoreFirmware` puts back the rig's own.
   */
  writeSettings(settings: Settings, deadline: Deadline): Promise<void>;
  /** Present with `power-cut`. */
  readonly power?: RigPower;
  /**
   * Puts these bytes into the flash behind the firmware's back, while it runs: zeros are cells that lost their charge.
   * Present with `spoil-flash`.
   */
  readonly spoilFlash?: (flashOffset: number, bytes: Uint8Array, deadline: Deadline) => Promise<void>;
  /** Losses, delays and the like from now on, none when the list is empty; present with `impair-air`. */
  readonly impairAir?: (impairments: readonly Impairment[]) => Promise<void>;
  /**
   * The client at this port of this machine sleeps from now on, or wakes: its connection stands, and on the air nothing
   * of it is heard. Whoever closes is awake. Present with `sleeping-client`.
   */
  readonly setClientAsleep?: (clientPort: number, isAsleep: boolean, deadline: Deadline) => Promise<void>;
  /** File that the air is captured to, where one was named; with `pcap` the bus tells of it in any case (AIR_CAPTURED). */
  readonly pcapFile?: string | undefined;
}
