import { UsageError } from '../core/errors';
import { profileFrom } from '../device/dut-profile';
import { layoutByName } from '../protocol/layouts';
import { passphraseProblem } from './passphrase';
import { TOKEN_MOST_BYTES, type Settings } from './provisioning';
import { abilitiesOf } from './rig-checks';
import type { RigFile } from './rig-file';
import { firmwareFor } from './rig-firmware';
import type { RigPlan } from './rig-plan';
import { FLASH_SIZES, type RigDescription } from './rig-schema';
import type { Capability } from './running-rig';

export interface PlanOptions {
  /** Folder with a firmware.json, in place of the rig's own. */
  readonly firmware?: string | undefined;
  /** Where the air of a virtual rig is captured to. */
  readonly pcapFile?: string | undefined;
}

const DEFAULT_MAC = '5c:cf:7f:01:23:45';
/** Where the firmware's server listens unless its rig file says otherwise. */
const HTTP_PORT = 80;

/**
 * Looks up all that a rig file names.
 * @throws UsageError ESPRIG_USAGE for a secret that is not set, or cannot be one; RigError ESPRIG_RIG_NO_FIRMWARE
 */
export function planOf(rig: RigFile, options: PlanOptions = {}): RigPlan {
  const { description, file } = rig;
  const { board, wifi, dut } = description;
  const token = tokenOf(rig);
  const passphrase = passphraseOf(rig);
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
    devicePort: devicePortOf(description),
    secrets: [token, passphrase].filter((text) => text !== undefined),
    pcapFile: options.pcapFile,
  };
}

/** What cases may ask of a rig: all that it is able to do, or what its file allows of it. */
export function capabilitiesOf({ description }: RigFile): readonly Capability[] {
  const able = abilitiesOf(description);
  return able.filter((capability) => description.can?.includes(capability) ?? true);
}

/** TCP port of the firmware's server. */
export function devicePortOf({ dut }: RigDescription): number {
  return dut?.port ?? HTTP_PORT;
}

/**
 * The bearer token that the rig's firmware is given.
 * @throws UsageError ESPRIG_USAGE when it is named and not set, or is more than our firmware takes
 */
export function tokenOf({ description, file }: RigFile): string | undefined {
  const { tokenEnv, profile = 'contract' } = description.dut ?? {};
  const token = secret(tokenEnv, 'dut.tokenEnv', file);
  const tokenBytes = Buffer.byteLength(token ?? '');
  if (profile !== 'contract' || tokenBytes <= TOKEN_MOST_BYTES) return token;
  throw new UsageError(
    'ESPRIG_USAGE',
    `the environment variable ${tokenEnv}, which ${file} names in dut.tokenEnv, holds ${tokenBytes} bytes: ` +
      `a token has ${TOKEN_MOST_BYTES} at most`,
    {
      hint: 'With a longer one the firmware would serve nobody. Choose a shorter one, for the device as well.',
    },
  );
}

/** @throws UsageError ESPRIG_USAGE when it is named and not set, or no network could have it */
function passphraseOf({ description: { wifi }, file }: RigFile): string | undefined {
  const passphrase = secret(wifi?.passphraseEnv, 'wifi.passphraseEnv', file);
  const problem = passphrase === undefined ? undefined : passphraseProblem(passphrase);
  if (problem === undefined) return passphrase;
  throw new UsageError(
    'ESPRIG_USAGE',
    `the environment variable ${wifi?.passphraseEnv ?? ''}, which ${file} names in wifi.passphraseEnv, has ${problem}`,
    { hint: 'Export the passphrase of the network as it is, without quotes or a line end of its own.' },
  );
}

/** Those of the secrets that a rig file names which are set: never to be shown. */
export function secretsKnown({ dut, wifi }: RigDescription): readonly string[] {
  return [dut?.tokenEnv, wifi?.passphraseEnv].flatMap((name) => {
    const value = name === undefined ? undefined : process.env[name];
    return value === undefined || value === '' ? [] : [value];
  });
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
