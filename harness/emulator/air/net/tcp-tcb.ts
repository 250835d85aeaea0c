import type { Ipv4Address } from '../addresses';
import type { Timers } from '../timers';
import { Timer } from '../timers';
import { TcpCongestion } from './tcp-congestion';
import { giveOut } from './tcp-events';
import { abortConnection, onAckTimer, onPersistTimer, onRetransmitTimer, pump } from './tcp-output';
import { TcpReassembly } from './tcp-reassembly';
import { TcpRtt } from './tcp-rtt';
import type { TcpSegment } from './tcp-segment';
import { TcpSendBuffer } from './tcp-send-buffer';
import { advance, distance } from './tcp-sequence';
import type { TcpCloseReason, TcpConnection, TcpSettings, TcpState } from './tcp-types';

/** What a connection needs of the layer it lives in. */
export interface TcpEnvironment {
  readonly timers: Timers;
  readonly settings: TcpSettings;
  transmit(tcb: Tcb, segment: TcpSegment): void;
  /** The connection was opened by its peer and is now established. */
  accepted(tcb: Tcb): void;
  /** Keeps the connection in TIME-WAIT, within bounds. */
  enterTimeWait(tcb: Tcb): void;
  /** Forgets the connection: its addresses and ports are free. */
  release(tcb: Tcb): void;
}

export interface TcpEndpoints {
  readonly localIp: Ipv4Address;
  readonly localPort: number;
  readonly remoteIp: Ipv4Address;
  readonly remotePort: number;
}

const nothing = (): void => undefined;

/**
 * Transmission control block: one connection's variables under their RFC 9293 names. The rules that change them are
 * functions in `tcp-input.ts` (segments) and `tcp-output.ts` (sending, timers).
 */
export class Tcb implements TcpConnection {
  readonly environment: TcpEnvironment;
  readonly localIp: Ipv4Address;
  readonly localPort: number;
  readonly remoteIp: Ipv4Address;
  readonly remotePort: number;
  state: TcpState;
  /** Opened by the peer's SYN. */
  readonly passive: boolean;

  onConnect: () => void = nothing;
  onData: (bytes: Uint8Array) => void = nothing;
  onEnd: () => void = nothing;
  onDrain: () => void = nothing;
  onClose: (reason: TcpCloseReason) => void = nothing;

  // Sending.
  readonly iss: number;
  sndUna: number;
  sndNxt: number;
  /** Highest sequence number ever sent, plus one. */
  sndMax: number;
  /** Sequence number behind the last zero-window probe: it may be acknowledged though it does not count as sent. */
  probeEnd: number;
  sndWnd = 0;
  maxSndWnd = 0;
  sndWl1 = 0;
  sndWl2 = 0;
  sndMss: number;
  /** Sequence number of the first byte in {@link sendBuffer}. */
  bufferSequence: number;
  readonly sendBuffer = new TcpSendBuffer();
  finQueued = false;
  /** A reset is to follow the last byte. */
  abortQueued = false;
  retries = 0;
  /** Zero-window probes since the peer was heard last, and since the window shut. */
  silentProbes = 0;
  probesSent = 0;
  duplicateAcks = 0;
  /** {@link sndMax} when loss was noticed last: recovery ends when it is acknowledged. */
  recoverSequence: number;
  readonly congestion: TcpCongestion;
  readonly rtt: TcpRtt;
  /** Round trip under measurement, or null. */
  timed: { readonly sequence: number; readonly atTicks: number } | null = null;
  drainWanted = false;

  // Receiving.
  irs = 0;
  rcvNxt = 0;
  /** Right edge of the window as last told; it never moves back. */
  rcvAdv = 0;
  readonly reassembly = new TcpReassembly();
  /** In order, not yet given out because the reader pauses. */
  readonly inbox: Uint8Array[] = [];
  inboxBytes = 0;
  /** Where the peer's FIN stands, once seen. */
  finSequence: number | null = null;
  finReceived = false;
  paused = false;
  ackNow = false;
  /** Segments received and not acknowledged, while acknowledgments are delayed. */
  unacknowledgedSegments = 0;

  isAsleep = false;

  // Giving out events.
  /** A segment or callback is being worked on: sending waits for its end. */
  busy = false;
  connected = false;
  connectGiven = false;
  endGiven = false;
  closeReason: TcpCloseReason | null = null;
  closeGiven = false;

  /** Retransmission, and the end of TIME-WAIT. */
  readonly retransmitTimer = new Timer(() => onRetransmitTimer(this));
  readonly persistTimer = new Timer(() => onPersistTimer(this));
  readonly ackTimer = new Timer(() => onAckTimer(this));

  constructor(environment: TcpEnvironment, endpoints: TcpEndpoints, iss: number, passive: boolean) {
    this.environment = environment;
    this.localIp = endpoints.localIp;
    this.localPort = endpoints.localPort;
    this.remoteIp = endpoints.remoteIp;
    this.remotePort = endpoints.remotePort;
    this.passive = passive;
    this.state = passive ? 'SYN-RECEIVED' : 'SYN-SENT';
    this.iss = iss;
    this.sndUna = iss;
    this.sndNxt = iss;
    this.sndMax = iss;
    this.probeEnd = iss;
    this.recoverSequence = iss;
    this.bufferSequence = advance(iss, 1);
    // Without an option the peer may be sent 536 bytes (RFC 9293 section 3.7.1).
    this.sndMss = 536;
    const { minRtoMs, maxRtoMs, mss } = environment.settings;
    this.congestion = new TcpCongestion(mss);
    this.rtt = new TcpRtt(minRtoMs, maxRtoMs);
  }

  get bufferedBytes(): number {
    return this.sendBuffer.length;
  }

  get unsentBytes(): number {
    return Math.max(0, distance(this.endSequence, this.sndMax));
  }

  /** Sequence number behind the last byte written; the FIN's own when it is queued. */
  get endSequence(): number {
    return advance(this.bufferSequence, this.sendBuffer.length);
  }

  /** Acknowledgments beyond this are nonsense. */
  get ackLimit(): number {
    return distance(this.probeEnd, this.sndMax) > 0 ? this.probeEnd : this.sndMax;
  }

  /** Room for the peer's bytes, were it told now. */
  get receiveRoomBytes(): number {
    return Math.max(0, this.environment.settings.receiveWindowBytes - this.inboxBytes);
  }

  /** The window as the peer knows it. */
  get offeredBytes(): number {
    return Math.max(0, distance(this.rcvAdv, this.rcvNxt));
  }

  write(bytes: Uint8Array): boolean {
    if (this.finQueued || this.state === 'CLOSED') return false;
    this.sendBuffer.push(bytes);
    pump(this);
    const full = this.sendBuffer.length >= this.environment.settings.drainBytes;
    if (full) this.drainWanted = true;
    return !full;
  }

  end(): void {
    if (this.finQueued || this.state === 'CLOSED') return;
    this.finQueued = true;
    pump(this);
  }

  abort(): void {
    this.isAsleep = false;
    abortConnection(this);
  }

  abortBehindData(): void {
    if (this.sendBuffer.length === 0 || this.isAsleep) this.abort();
    else this.abortQueued = true;
  }

  fallAsleep(): void {
    if (this.state === 'CLOSED' || this.state === 'TIME-WAIT' || !this.connected) return;
    this.isAsleep = true;
    const { timers } = this.environment;
    timers.clear(this.retransmitTimer);
    timers.clear(this.persistTimer);
    timers.clear(this.ackTimer);
  }

  wakeUp(): void {
    if (!this.isAsleep) return;
    this.isAsleep = false;
    if (this.unacknowledgedSegments > 0) this.ackNow = true;
    pump(this);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (this.busy) return;
    giveOut(this);
    pump(this);
  }
}
