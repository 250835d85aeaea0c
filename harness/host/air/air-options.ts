import type { Impairment, StationState } from '../../emulator/air';
import type { ForwardOptions } from './tcp-forward';
import type { NatRule } from './nat';

/** What a board meets on the air; structured-clonable. */
export interface BoardAirOptions {
  /** `station` joins the firmware's access point, `access-point` is one that the firmware joins. */
  readonly peer: 'station' | 'access-point';
  /** Station: joins the first network it hears when absent. Access point: `vap`. */
  readonly ssid?: string;
  /** Absent: an open network. */
  readonly passphrase?: string;
  readonly channel?: number;
  readonly forwards?: readonly ForwardOptions[];
  /** What of this machine the device may reach. Nothing when absent. */
  readonly nat?: readonly NatRule[];
  readonly pcapFile?: string;
  /** Tells what goes over the air as it comes (`BoardAir.onCaptured`), with this machine's times. */
  readonly capture?: boolean;
  /** Of losses, nonces and everything else that is drawn on the air. */
  readonly seed?: number;
  readonly impairments?: readonly Impairment[];
}

export interface ForwardStatus {
  readonly hostPort: number;
  readonly devicePort: number;
  readonly open: number;
  readonly accepted: number;
}

export interface BoardAirStatus {
  readonly peer: BoardAirOptions['peer'];
  /** A station's own state; an access point is `ready` when a device has an address. */
  readonly state: StationState;
  readonly deviceIp: string | null;
  readonly forwards: readonly ForwardStatus[];
  readonly framesSent: number;
  readonly framesReceived: number;
  readonly unacknowledged: number;
}

/** What the air tells outside. */
export type BoardAirEvent =
  | { readonly what: 'state'; readonly state: string; readonly why: string; readonly detail: number }
  | {
      readonly what: 'listening';
      readonly forwards: readonly { readonly hostPort: number; readonly devicePort: number }[];
    }
  /** The device has answered a connection to this port. */
  | {
      readonly what: 'answers';
      readonly hostPort: number;
      readonly devicePort: number;
      readonly deviceIp: string;
    };
