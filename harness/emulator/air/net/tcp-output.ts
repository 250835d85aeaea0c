import { TICKS_PER_MILLI } from '../../time';
import { giveOut } from './tcp-events';
import { TCP_FLAG } from './tcp-segment';
import { advance, distance } from './tcp-sequence';
import type { Tcb } from './tcp-tcb';
import type { TcpCloseReason } from './tcp-types';

/** What a connection sends, and when: RFC 9293 section 3.8, RFC 6298. */

const NO_DATA = new Uint8Array(0);
const MAX_WINDOW = 0xffff;
/** Zero-window probes without any answer before the peer counts as gone. */
const MAX_SILENT_PROBES = 12;

/** Sends all that may be sent now, an acknowledgment if one is due, and sets the timers. */
export function pump(tcb: Tcb): void {
  if (tcb.busy || tcb.isAsleep) return;
  switch (tcb.state) {
    case 'CLOSED':
      return;
    case 'SYN-SENT':
    case 'SYN-RECEIVED':
      if (tcb.sndNxt === tcb.iss || (tcb.ackNow && tcb.state === 'SYN-RECEIVED')) sendSyn(tcb);
      tcb.ackNow = false;
      return;
    default:
      sendDataAndFin(tcb);
      updateWindow(tcb);
      if (tcb.ackNow) sendAck(tcb);
      setTimers(tcb);
  }
}

function sendSyn(tcb: Tcb): void {
  tcb.sndNxt = tcb.iss;
  emit(tcb, TCP_FLAG.SYN, NO_DATA);
  if (!tcb.retransmitTimer.isSet) setRetransmit(tcb);
}

function sendDataAndFin(tcb: Tcb): void {
  const window = Math.min(tcb.sndWnd, tcb.congestion.windowBytes, tcb.environment.settings.maxInFlightBytes);
  for (;;) {
    const unsent = distance(tcb.endSequence, tcb.sndNxt);
    const inFlight = distance(tcb.sndNxt, tcb.sndUna);
    const usable = window - inFlight;
    if (unsent < 0 || usable <= 0) return;
    if (unsent === 0) {
      if (tcb.finQueued) sendFin(tcb, NO_DATA);
      return;
    }
    const length = Math.min(unsent, tcb.sndMss, usable);
    // Silly window avoidance: a part of what waits goes alone only when nothing else is under way.
    if (length < unsent && length < tcb.sndMss && inFlight > 0 && length < tcb.maxSndWnd / 2) return;
    const data = tcb.sendBuffer.read(distance(tcb.sndNxt, tcb.bufferSequence), length);
    if (length === unsent && tcb.finQueued && usable > length) {
      sendFin(tcb, data);
      return;
    }
    emit(tcb, length === unsent ? TCP_FLAG.PSH : 0, data);
  }
}

function sendFin(tcb: Tcb, data: Uint8Array): void {
  if (tcb.state === 'ESTABLISHED') tcb.state = 'FIN-WAIT-1';
  else if (tcb.state === 'CLOSE-WAIT') tcb.state = 'LAST-ACK';
  emit(tcb, data.length > 0 ? TCP_FLAG.FIN | TCP_FLAG.PSH : TCP_FLAG.FIN, data);
}

/** Sends one segment at SND.NXT and moves it on. */
function emit(tcb: Tcb, flags: number, data: Uint8Array): void {
  const sequence = tcb.sndNxt;
  const lengthBytes = data.length + (flags & (TCP_FLAG.SYN | TCP_FLAG.FIN) ? 1 : 0);
  tcb.sndNxt = advance(sequence, lengthBytes);
  if (distance(tcb.sndNxt, tcb.sndMax) > 0) {
    tcb.sndMax = tcb.sndNxt;
    tcb.timed ??= { sequence: tcb.sndNxt, atTicks: tcb.environment.timers.nowTicks() };
  } else if (tcb.timed && distance(tcb.timed.sequence, sequence) > 0) {
    // Karn: a round trip over a retransmitted segment says nothing.
    tcb.timed = null;
  }
  transmit(tcb, sequence, flags, data);
}

function transmit(tcb: Tcb, sequence: number, flags: number, data: Uint8Array): void {
  const { settings } = tcb.environment;
  const withAck = tcb.state !== 'SYN-SENT';
  const window = withAck ? moveWindow(tcb) : Math.min(settings.receiveWindowBytes, MAX_WINDOW);
  if (withAck) {
    tcb.ackNow = false;
    tcb.unacknowledgedSegments = 0;
    tcb.environment.timers.clear(tcb.ackTimer);
  }
  tcb.environment.transmit(tcb, {
    sourcePort: tcb.localPort,
    destinationPort: tcb.remotePort,
    sequence,
    acknowledgment: withAck ? tcb.rcvNxt : 0,
    flags: withAck ? flags | TCP_FLAG.ACK : flags,
    window,
    mss: flags & TCP_FLAG.SYN ? settings.mss : null,
    data,
  });
}

/** Where the window's right edge could be; steps too small to be worth telling are not taken (RFC 9293, 3.8.6.2.2). */
function nextWindowEdge(tcb: Tcb): number {
  const edge = advance(tcb.rcvNxt, Math.min(tcb.receiveRoomBytes, MAX_WINDOW));
  const { mss, receiveWindowBytes } = tcb.environment.settings;
  return distance(edge, tcb.rcvAdv) >= Math.min(mss, receiveWindowBytes / 2) ? edge : tcb.rcvAdv;
}

function moveWindow(tcb: Tcb): number {
  const edge = nextWindowEdge(tcb);
  // With everything read the whole window is offered: small reads must not pin it below its size.
  tcb.rcvAdv = tcb.inboxBytes === 0 ? maxEdge(tcb) : edge;
  return Math.min(tcb.offeredBytes, MAX_WINDOW);
}

function maxEdge(tcb: Tcb): number {
  const edge = advance(tcb.rcvNxt, Math.min(tcb.receiveRoomBytes, MAX_WINDOW));
  return distance(edge, tcb.rcvAdv) > 0 ? edge : tcb.rcvAdv;
}

/** A reader that caught up opens the window; the peer must hear of it or it would wait for its probe. */
function updateWindow(tcb: Tcb): void {
  if (tcb.finReceived || tcb.state === 'TIME-WAIT') return;
  const { mss, receiveWindowBytes } = tcb.environment.settings;
  const gain = distance(nextWindowEdge(tcb), tcb.rcvAdv);
  if (gain >= Math.min(2 * mss, receiveWindowBytes / 2) && tcb.offeredBytes < receiveWindowBytes / 2) {
    tcb.ackNow = true;
  }
}

/**
 * A bare acknowledgment stands behind everything sent. With SND.NXT, which falls back for a retransmission, the peer
 * would take it for old and ignore it, and two sides that both fell back would never hear each other again.
 */
export function sendAck(tcb: Tcb): void {
  transmit(tcb, tcb.sndMax, 0, NO_DATA);
}

/** Sends the first unacknowledged segment again, out of turn (fast retransmit). */
export function retransmitFirst(tcb: Tcb): void {
  const next = tcb.sndNxt;
  tcb.sndNxt = tcb.sndUna;
  tcb.timed = null;
  const length = Math.min(tcb.sendBuffer.length, tcb.sndMss, distance(next, tcb.sndUna));
  const data = tcb.sendBuffer.read(0, Math.max(0, length));
  const isLast = length === tcb.sendBuffer.length && distance(next, tcb.endSequence) > 0;
  emit(tcb, isLast ? TCP_FLAG.FIN : 0, data);
  if (distance(next, tcb.sndNxt) > 0) tcb.sndNxt = next;
  setRetransmit(tcb);
}

function setRetransmit(tcb: Tcb): void {
  tcb.environment.timers.setIn(tcb.retransmitTimer, tcb.rtt.rtoTicks);
}

function setTimers(tcb: Tcb): void {
  const { timers } = tcb.environment;
  if (tcb.state === 'TIME-WAIT' || tcb.state === 'CLOSED') return;
  if (tcb.sndNxt !== tcb.sndUna) {
    stopProbing(tcb);
    if (!tcb.retransmitTimer.isSet) setRetransmit(tcb);
    return;
  }
  timers.clear(tcb.retransmitTimer);
  const waiting =
    distance(tcb.endSequence, tcb.sndNxt) > 0 || (tcb.finQueued && tcb.sndNxt === tcb.endSequence);
  if (!waiting) stopProbing(tcb);
  else if (!tcb.persistTimer.isSet) timers.setIn(tcb.persistTimer, tcb.rtt.rtoTicks);
}

function stopProbing(tcb: Tcb): void {
  tcb.environment.timers.clear(tcb.persistTimer);
  tcb.probesSent = 0;
}

export function onRetransmitTimer(tcb: Tcb): void {
  const { settings } = tcb.environment;
  if (tcb.state === 'TIME-WAIT') {
    release(tcb);
    return;
  }
  const opening = tcb.state === 'SYN-SENT' || tcb.state === 'SYN-RECEIVED';
  if (++tcb.retries > (opening ? settings.maxSynRetries : settings.maxRetries)) {
    giveUp(tcb);
    return;
  }
  tcb.rtt.backOff();
  tcb.congestion.onTimeout(distance(tcb.sndMax, tcb.sndUna));
  tcb.recoverSequence = tcb.sndMax;
  tcb.duplicateAcks = 0;
  tcb.timed = null;
  tcb.sndNxt = tcb.sndUna;
  setRetransmit(tcb);
  pump(tcb);
}

/** The peer's window is shut: one byte, or the FIN, beyond it makes the peer tell its window again. */
export function onPersistTimer(tcb: Tcb): void {
  if (++tcb.silentProbes > MAX_SILENT_PROBES) {
    giveUp(tcb);
    return;
  }
  const at = distance(tcb.sndNxt, tcb.bufferSequence);
  const data = tcb.sendBuffer.read(at, Math.min(1, tcb.sendBuffer.length - at));
  const isFin = data.length === 0;
  tcb.probeEnd = advance(tcb.sndNxt, 1);
  if (isFin) {
    if (tcb.state === 'ESTABLISHED') tcb.state = 'FIN-WAIT-1';
    else if (tcb.state === 'CLOSE-WAIT') tcb.state = 'LAST-ACK';
  }
  transmit(tcb, tcb.sndNxt, isFin ? TCP_FLAG.FIN : TCP_FLAG.PSH, data);
  const { timers, settings } = tcb.environment;
  const backedOffTicks = tcb.rtt.rtoTicks * 2 ** Math.min(++tcb.probesSent, 16);
  timers.setIn(tcb.persistTimer, Math.min(backedOffTicks, settings.maxRtoMs * TICKS_PER_MILLI));
}

export function onAckTimer(tcb: Tcb): void {
  if (tcb.state !== 'CLOSED') sendAck(tcb);
}

/** Ends the connection here and now; the owner hears `reason`. */
export function closeConnection(tcb: Tcb, reason: TcpCloseReason): void {
  if (tcb.state === 'CLOSED') return;
  release(tcb);
  tcb.closeReason ??= reason;
  giveOut(tcb);
}

/** Frees what the connection holds. */
export function release(tcb: Tcb): void {
  const { timers } = tcb.environment;
  tcb.state = 'CLOSED';
  timers.clear(tcb.retransmitTimer);
  timers.clear(tcb.persistTimer);
  timers.clear(tcb.ackTimer);
  tcb.sendBuffer.clear();
  tcb.reassembly.clear();
  tcb.environment.release(tcb);
}

/** Nobody answers. The reset is for a peer that still hears us, so that it need not find out by itself. */
function giveUp(tcb: Tcb): void {
  sendReset(tcb);
  closeConnection(tcb, 'timeout');
}

function sendReset(tcb: Tcb): void {
  // In SYN-SENT the peer may have our SYN: it resets by itself when its answer finds nobody here.
  const synchronised = tcb.state !== 'SYN-SENT' && tcb.state !== 'TIME-WAIT' && tcb.state !== 'CLOSED';
  if (synchronised) transmit(tcb, tcb.sndMax, TCP_FLAG.RST, NO_DATA);
}

/** Resets the peer and forgets the connection. */
export function abortConnection(tcb: Tcb): void {
  sendReset(tcb);
  if (tcb.state !== 'CLOSED') release(tcb);
  if (!tcb.closeGiven) tcb.closeReason = 'aborted';
  giveOut(tcb);
}

/** Both directions are done: the owner is told, the ports stay taken for a while. */
export function enterTimeWait(tcb: Tcb): void {
  tcb.state = 'TIME-WAIT';
  const { timers, settings } = tcb.environment;
  timers.clear(tcb.persistTimer);
  timers.setIn(tcb.retransmitTimer, settings.timeWaitMs * TICKS_PER_MILLI);
  tcb.sendBuffer.clear();
  tcb.reassembly.clear();
  tcb.closeReason ??= 'closed';
  tcb.environment.enterTimeWait(tcb);
}
