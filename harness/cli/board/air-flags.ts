import { UsageError } from '../../core/errors';
import type { BoardAirOptions } from '../../host/air';
import { passphraseProblem } from '../../rig/passphrase';

/** What of `esprig board`'s options speaks of the air. */
export interface AirFlags {
  readonly forward: readonly string[];
  readonly allow: readonly string[];
  readonly peer?: string;
  readonly ssid?: string;
  readonly passphrase?: string;
  readonly pcap?: string;
  readonly seed?: number;
}

/** IEEE 802.11-2020 9.4.2.2. */
const SSID_BYTES = 32;

/**
 * What the board is to meet on the air, where the flags do not say it as `base` has it; undefined when nothing was asked
 * for.
 * @throws UsageError
 */
export function airOptions(flags: AirFlags, base?: BoardAirOptions): BoardAirOptions | undefined {
  const { ssid, passphrase, pcap } = flags;
  const asked =
    flags.forward.length + flags.allow.length > 0 ||
    [flags.peer, ssid, passphrase, pcap].some((flag) => flag !== undefined);
  if (!asked) return base;
  if (ssid !== undefined && (ssid === '' || Buffer.byteLength(ssid) > SSID_BYTES)) {
    throw new UsageError('ESPRIG_USAGE', `--ssid: a network's name has 1 to ${SSID_BYTES} bytes`);
  }
  const problem = passphrase === undefined ? undefined : passphraseProblem(passphrase);
  if (problem !== undefined) throw new UsageError('ESPRIG_USAGE', `--passphrase: ${problem}`);
  const forwards = flags.forward.map((text) => {
    const [hostPort, devicePort] = portPair('--forward', text, 0, 1);
    return { hostPort, devicePort };
  });
  return {
    ...base,
    peer: flags.peer === undefined && base !== undefined ? base.peer : peerOf(flags.peer),
    seed: flags.seed ?? base?.seed ?? 1,
    forwards: forwards.length === 0 ? (base?.forwards ?? []) : forwards,
    nat: flags.allow.map((text) => {
      const [port, hostPort] = portPair('--allow', text, 1, 1);
      return { protocol: 'tcp', ip: '*', port, hostPort };
    }),
    ...(ssid === undefined ? {} : { ssid }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(pcap === undefined ? {} : { pcapFile: pcap }),
  };
}

function peerOf(text: string | undefined): BoardAirOptions['peer'] {
  if (text === undefined || text === 'station') return 'station';
  if (text === 'ap') return 'access-point';
  throw new UsageError('ESPRIG_USAGE', `--peer ${text}: there is no such peer`, {
    hint: '`station` joins the firmware’s access point, `ap` is one that the firmware joins.',
  });
}

function portPair(
  option: string,
  text: string,
  firstMin: number,
  secondMin: number,
): readonly [number, number] {
  const parts = /^(\d{1,5}):(\d{1,5})$/.exec(text);
  const [first, second] = [Number(parts?.[1]), Number(parts?.[2])];
  if (parts && first >= firstMin && first < 65_536 && second >= secondMin && second < 65_536)
    return [first, second];
  throw new UsageError('ESPRIG_USAGE', `${option} ${text}: not a pair of ports`, {
    hint:
      option === '--forward'
        ? 'Write port here, colon, port of the device: 8080:80. 0 takes any free port here.'
        : 'Write the port that the device uses, colon, the port here: 80:8080.',
  });
}
