import { AccessPoint } from '../access-point';
import type { AccessPointOptions } from '../access-point-options';
import { formatMac, ipv4 } from '../addresses';
import { concatBytes } from '../bytes';
import type { CapturedFrame } from '../medium';
import { Medium } from '../medium';
import type { PcapOptions } from '../pcap';
import { Random } from '../random';
import { capturePcap } from '../sniffer';
import { Station } from '../station';
import type { StationOptions } from '../station-options';
import { VirtualClock } from './virtual-clock';

export interface Network {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly medium: Medium;
  readonly ap: AccessPoint;
  readonly station: Station;
  /** Every frame on the air so far. */
  readonly frames: CapturedFrame[];
  /** What both peers reported, in order. */
  readonly events: string[];
  pcap(): Uint8Array;
}

export const AP_IP = ipv4('10.0.2.2');
export const STATION_IP = ipv4('10.0.2.15');

/** An access point and a station on one air, not started yet. */
export function network(
  seed: number,
  apOptions: Partial<AccessPointOptions> = {},
  stationOptions: Partial<StationOptions> = {},
  pcapOptions?: PcapOptions,
): Network {
  const clock = new VirtualClock();
  const random = new Random(seed);
  const medium = new Medium({ scheduler: clock.queue, random: random.fork() });
  const events: string[] = [];
  const frames: CapturedFrame[] = [];
  const pieces: Uint8Array[] = [];
  medium.monitor((captured) => frames.push(captured));
  capturePcap(medium, (bytes) => pieces.push(bytes), pcapOptions);
  const ap = new AccessPoint({
    medium,
    random: random.fork(),
    onClient: (mac, event, detail) => events.push(`ap ${formatMac(mac)} ${event} ${detail}`),
    ...apOptions,
  });
  const station = new Station({
    medium,
    random: random.fork(),
    ssid: 'vap',
    ip: STATION_IP,
    gateway: AP_IP,
    onState: (state, event, detail) => events.push(`station ${state} ${event} ${detail}`),
    ...stationOptions,
  });
  return { clock, random, medium, ap, station, frames, events, pcap: () => concatBytes(...pieces) };
}

/** Starts both; true once the station is ready. */
export function join({ clock, ap, station }: Network, seconds = 10): boolean {
  ap.start();
  station.start();
  return clock.runUntil(() => station.state === 'ready', seconds);
}
