import type { Ipv4Address } from '../addresses';

/** States of RFC 9293 section 3.3.2; LISTEN lives in the layer's table of listeners. */
export type TcpState =
  | 'SYN-SENT'
  | 'SYN-RECEIVED'
  | 'ESTABLISHED'
  | 'FIN-WAIT-1'
  | 'FIN-WAIT-2'
  | 'CLOSE-WAIT'
  | 'CLOSING'
  | 'LAST-ACK'
  | 'TIME-WAIT'
  | 'CLOSED';

/**
 * Why a connection ended: both sides said FIN, the peer reset it, nobody listened, nobody answered, it was aborted
 * here, or the whole stack was reset (the device restarted).
 */
export type TcpCloseReason = 'closed' | 'reset' | 'refused' | 'timeout' | 'aborted' | 'stack-reset';

/** A byte stream to one peer. The callbacks are properties: set them as soon as the connection is handed out. */
export interface TcpConnection {
  readonly localIp: Ipv4Address;
  readonly localPort: number;
  readonly remoteIp: Ipv4Address;
  readonly remotePort: number;
  readonly state: TcpState;
  /** Bytes written and not yet acknowledged: stop writing above a mark of your own, go on at {@link onDrain}. */
  readonly bufferedBytes: number;
  /** Those of them that have not been on the air at all: the peer's window or the congestion keeps them back. */
  readonly unsentBytes: number;

  onConnect: () => void;
  /** In order, without gaps. The bytes are the receiver's: nobody changes them afterwards. */
  onData: (bytes: Uint8Array) => void;
  /** The peer has ended its direction; all its bytes have been given out. */
  onEnd: () => void;
  /** Fewer than `drainBytes` are buffered again after there were more. */
  onDrain: () => void;
  /** Once, last. */
  onClose: (reason: TcpCloseReason) => void;

  /** Queues bytes; the array must not change any more. False when `drainBytes` or more are buffered now. */
  write(bytes: Uint8Array): boolean;
  /** Ends the own direction behind the last byte written; the other may go on (half-close). */
  end(): void;
  /** Sends RST and forgets everything. */
  abort(): void;
  /** As {@link abort}, once all that was written has been acknowledged. Nothing bounds how long that takes. */
  abortBehindData(): void;
  /** Holds back {@link onData}; the receive window closes as bytes pile up. */
  pause(): void;
  resume(): void;
  /**
   * The machine on this side sleeps: what comes is not heard, nothing is sent, no timer runs. Only a connection that
   * stands can; {@link abort} wakes it.
   */
  fallAsleep(): void;
  wakeUp(): void;
  readonly isAsleep: boolean;
}

export interface TcpSettings {
  /** Largest segment we accept, told in our SYN. */
  readonly mss: number;
  /** Largest window we offer; bounds what a paused connection buffers. */
  readonly receiveWindowBytes: number;
  /** Never more unacknowledged bytes than this, whatever the peer's window: a device has few receive buffers. */
  readonly maxInFlightBytes: number;
  /** `write` returns false from here on. */
  readonly drainBytes: number;
  /** Acknowledge every second segment or after this long; 0 acknowledges at once. */
  readonly delayedAckMs: number;
  readonly minRtoMs: number;
  readonly maxRtoMs: number;
  readonly maxSynRetries: number;
  readonly maxRetries: number;
  readonly timeWaitMs: number;
  /** The oldest goes when there are more. */
  readonly maxTimeWait: number;
  readonly maxConnections: number;
  readonly firstEphemeralPort: number;
}

export const DEFAULT_TCP_SETTINGS: TcpSettings = {
  mss: 1460,
  receiveWindowBytes: 5840,
  maxInFlightBytes: 5840,
  drainBytes: 65_536,
  delayedAckMs: 0,
  minRtoMs: 300,
  maxRtoMs: 60_000,
  maxSynRetries: 6,
  maxRetries: 12,
  timeWaitMs: 2000,
  maxTimeWait: 64,
  maxConnections: 1024,
  firstEphemeralPort: 40_000,
};
