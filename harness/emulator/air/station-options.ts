import type { Ipv4Address, MacAddress } from './addresses';
import type { Medium } from './medium';
import type { TcpSettings } from './net/tcp-types';
import type { Random } from './random';
import type { Refusal } from './target';

/** From nothing to a network that answers; `ready` means that the gateway's address is known. */
export type StationState =
  'stopped' | 'idle' | 'joining' | 'authenticating' | 'associating' | 'handshaking' | 'resolving' | 'ready';

/** Why a station left a state. */
export type StationEvent =
  | 'progress'
  | 'stopped'
  | 'no-answer'
  | 'rejected'
  | 'deauthenticated'
  | 'handshake-failed'
  | 'beacons-lost'
  | 'ap-restarted'
  | Refusal;

export interface StationOptions {
  readonly medium: Medium;
  readonly random: Random;
  readonly mac?: MacAddress;
  /** Null joins the first network it hears. */
  readonly ssid?: string | null;
  /** Absent for open networks. */
  readonly passphrase?: string | null;
  /** Static address; `dhcp` asks for one instead. */
  readonly ip?: Ipv4Address;
  readonly gateway?: Ipv4Address;
  readonly dhcp?: boolean;
  readonly tcp?: Partial<TcpSettings>;
  /** So long without a beacon means that the access point is gone. */
  readonly beaconTimeoutMs?: number;
  /** Called on every change; `detail` is a status or reason code. */
  readonly onState?: (state: StationState, event: StationEvent, detail: number) => void;
}
