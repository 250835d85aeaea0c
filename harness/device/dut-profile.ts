import { UsageError } from '../core/errors';

/** What a progress event says of the upload; `idle` is a firmware's word that none is under way. */
export type ProgressStatus = 'idle' | 'receiving' | 'verifying' | 'installed' | 'failed';

/**
 * How a firmware names things, and which parts of the contract (docs/dut-contract.md) it has. Cases ask this instead of
 * knowing firmware.
 */
export interface DutProfile {
  readonly name: string;
  readonly eventsPath: string;
  readonly uploadPath: string;
  /** Undefined: the firmware has none. */
  readonly statusPath: string | undefined;
  readonly pagePath: string | undefined;
  readonly progressEvent: string;
  /** `message` is an event without a name. */
  readonly logEvent: string;
  readonly hasEventIds: boolean;
  /** Refusals are JSON with a code; otherwise the HTTP status alone says no. */
  readonly hasRefusalCodes: boolean;
  readonly hasToken: boolean;
  readonly restartsAfterRefusal: boolean;
  /** How long after an upload's answer the restart may begin. */
  readonly restartWithinMs: number;
  readonly maxEventClients: number;
  /** How a progress event's `status` begins, and what it means; the first that fits counts. */
  readonly progressWords: readonly (readonly [begins: string, status: ProgressStatus])[];
}

const CONTRACT: DutProfile = {
  name: 'contract',
  eventsPath: '/event',
  uploadPath: '/send',
  statusPath: '/status',
  pagePath: '/',
  progressEvent: 'progress',
  logEvent: 'log',
  hasEventIds: true,
  hasRefusalCodes: true,
  hasToken: true,
  restartsAfterRefusal: false,
  restartWithinMs: 2_000,
  maxEventClients: 3,
  progressWords: [
    ['receiving', 'receiving'],
    ['verifying', 'verifying'],
    ['installed', 'installed'],
    ['failed', 'failed'],
  ],
};

/** The firmware that this project began with: no status, no ids, no codes; it restarts after every upload. */
const SEED: DutProfile = {
  ...CONTRACT,
  name: 'seed',
  statusPath: undefined,
  pagePath: undefined,
  progressEvent: 'update',
  logEvent: 'message',
  hasEventIds: false,
  hasRefusalCodes: false,
  hasToken: false,
  restartsAfterRefusal: true,
  restartWithinMs: 3_000,
  progressWords: [
    ['Connected', 'idle'],
    ['Sending', 'receiving'],
    ['Downloading', 'receiving'],
    ['Firmware Installed', 'installed'],
    ['Failed', 'failed'],
  ],
};

/** The profiles that have a name. */
export const PROFILES = { contract: CONTRACT, seed: SEED } as const satisfies Readonly<
  Record<string, DutProfile>
>;

export type ProfileName = keyof typeof PROFILES;

/** The `dut:` section of a rig file: a profile's name, and what is different from it. */
export interface DutSection {
  readonly profile?: string | undefined;
  readonly events?: string | undefined;
  readonly upload?: string | undefined;
  readonly status?: string | false | undefined;
  readonly page?: string | false | undefined;
  readonly progressEvent?: string | undefined;
  readonly logEvent?: string | undefined;
}

/**
 * The profile of that name.
 * @throws UsageError ESPRIG_USAGE
 */
export function profileByName(name: string): DutProfile {
  if (Object.hasOwn(PROFILES, name)) return PROFILES[name as ProfileName];
  throw new UsageError('ESPRIG_USAGE', `no device profile is called '${name}'`, {
    hint: `Known are ${Object.keys(PROFILES).join(', ')}.`,
  });
}

/**
 * The profile that a rig file's section describes; without a section the contract's own.
 * @throws UsageError ESPRIG_USAGE
 */
export function profileFrom(section: DutSection = {}): DutProfile {
  const base = profileByName(section.profile ?? 'contract');
  const path = (said: string | false | undefined, otherwise: string | undefined): string | undefined =>
    said === undefined ? otherwise : said === false ? undefined : said;
  return {
    ...base,
    eventsPath: section.events ?? base.eventsPath,
    uploadPath: section.upload ?? base.uploadPath,
    statusPath: path(section.status, base.statusPath),
    pagePath: path(section.page, base.pagePath),
    progressEvent: section.progressEvent ?? base.progressEvent,
    logEvent: section.logEvent ?? base.logEvent,
  };
}
