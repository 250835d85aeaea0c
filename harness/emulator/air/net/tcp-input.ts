import { TICKS_PER_MILLI } from '../../time';
import { giveOut } from './tcp-events';
import {
  abortConnection,
  closeConnection,
  enterTimeWait,
  pump,
  release,
  retransmitFirst,
} from './tcp-output';
import type { TcpSegment } from './tcp-segment';
import { TCP_FLAG } from './tcp-segment';
import { advance, distance } from './tcp-sequence';
import type { Tcb } from './tcp-tcb';

/** What an arriving segment does to a connection: RFC 9293 section 3.10.7, with the resets of RFC 5961. */

const DUPLICATE_ACKS_FOR_RETRANSMIT = 3;

/** Works on one segment, gives out what came of it and sends what is due. */
export function segmentArrives(tcb: Tcb, segment: TcpSegment): void {
  if (tcb.isAsleep) return;
  if (tcb.state === 'SYN-SENT') arriveInSynSent(tcb, segment);
  else arrive(tcb, segment);
  if (tcb.abortQueued && tcb.sendBuffer.length === 0) {
    abortConnection(tcb);
    return;
  }
  giveOut(tcb);
  pump(tcb);
}

/** Takes over what a SYN tells. */
export function takeSyn(tcb: Tcb, segment: TcpSegment): void {
  tcb.irs = segment.sequence;
  tcb.rcvNxt = advance(segment.sequence, 1);
  // An active opener has told its window in the SYN.
  tcb.rcvAdv = tcb.passive ? tcb.rcvNxt : advance(tcb.rcvNxt, tcb.environment.settings.receiveWindowBytes);
  tcb.sndMss = Math.max(64, Math.min(segment.mss ?? 536, tcb.environment.settings.mss));
  tcb.congestion.setMss(tcb.sndMss);
  takeWindow(tcb, segment);
}

function takeWindow(tcb: Tcb, segment: TcpSegment): void {
  tcb.sndWnd = segment.window;
  tcb.maxSndWnd = Math.max(tcb.maxSndWnd, segment.window);
  tcb.sndWl1 = segment.sequence;
  tcb.sndWl2 = segment.acknowledgment;
}

function arriveInSynSent(tcb: Tcb, segment: TcpSegment): void {
  const { flags } = segment;
  const hasAck = (flags & TCP_FLAG.ACK) !== 0;
  if (hasAck && segment.acknowledgment !== advance(tcb.iss, 1)) {
    if (!(flags & TCP_FLAG.RST)) answerWithReset(tcb, segment);
    return;
  }
  if (flags & TCP_FLAG.RST) {
    if (hasAck) closeConnection(tcb, 'refused');
    return;
  }
  if (!(flags & TCP_FLAG.SYN)) return;
  takeSyn(tcb, segment);
  if (!hasAck) {
    // Simultaneous open: both sent a SYN; ours goes out again, now with an acknowledgment.
    tcb.state = 'SYN-RECEIVED';
    tcb.sndNxt = tcb.iss;
    return;
  }
  acknowledged(tcb, segment);
  tcb.ackNow = true;
  establish(tcb);
  if (segment.data.length > 0 || flags & TCP_FLAG.FIN) {
    takeDataAndFin(tcb, { ...segment, sequence: tcb.rcvNxt });
  }
}

function establish(tcb: Tcb): void {
  tcb.state = 'ESTABLISHED';
  tcb.connected = true;
  tcb.environment.timers.clear(tcb.retransmitTimer);
}

/** A segment that belongs to nothing we sent is answered as if the connection did not exist. */
function answerWithReset(tcb: Tcb, segment: TcpSegment): void {
  tcb.environment.transmit(tcb, {
    sourcePort: tcb.localPort,
    destinationPort: tcb.remotePort,
    sequence: segment.acknowledgment,
    acknowledgment: 0,
    flags: TCP_FLAG.RST,
    window: 0,
    mss: null,
    data: new Uint8Array(0),
  });
}

function arrive(tcb: Tcb, incoming: TcpSegment): void {
  let segment = incoming;
  const { flags } = segment;
  if (flags & TCP_FLAG.RST) {
    arriveReset(tcb, segment);
    return;
  }
  if (flags & TCP_FLAG.SYN) {
    const repeated = tcb.state === 'SYN-RECEIVED' && segment.sequence === tcb.irs;
    if (!repeated || !(flags & TCP_FLAG.ACK)) {
      tcb.ackNow = true;
      return;
    }
    segment = { ...segment, sequence: advance(segment.sequence, 1), flags: flags & ~TCP_FLAG.SYN };
  }
  const lengthBytes = segment.data.length + (flags & TCP_FLAG.FIN ? 1 : 0);
  const end = advance(segment.sequence, lengthBytes);
  // Not further right than the window's edge, not wholly old: the edge itself counts as inside, or the pure
  // acknowledgments of a peer that has filled the window would be lost (RFC 9293 section 3.10.7.4 is stricter).
  const isOld = distance(end, tcb.rcvNxt) < 0;
  if (isOld || distance(segment.sequence, tcb.rcvAdv) > 0) tcb.ackNow = true;
  if (!(flags & TCP_FLAG.ACK) || distance(segment.sequence, tcb.rcvAdv) > 0) return;
  // What an old segment acknowledges is true all the same.
  if (takeAck(tcb, segment) && !isOld) takeDataAndFin(tcb, segment);
}

function arriveReset(tcb: Tcb, segment: TcpSegment): void {
  if (segment.sequence === tcb.rcvNxt) {
    if (tcb.state === 'TIME-WAIT') release(tcb);
    else closeConnection(tcb, tcb.state === 'SYN-RECEIVED' && !tcb.passive ? 'refused' : 'reset');
    return;
  }
  const offset = distance(segment.sequence, tcb.rcvNxt);
  if (offset > 0 && offset < tcb.offeredBytes) tcb.ackNow = true;
}

/** Works on the acknowledgment; false when the segment is to be dropped. */
function takeAck(tcb: Tcb, segment: TcpSegment): boolean {
  const ack = segment.acknowledgment;
  if (tcb.state === 'SYN-RECEIVED') {
    if (distance(ack, tcb.sndUna) <= 0 || distance(ack, tcb.sndMax) > 0) {
      answerWithReset(tcb, segment);
      return false;
    }
    takeWindow(tcb, segment);
    acknowledged(tcb, segment);
    establish(tcb);
    return true;
  }
  if (distance(ack, tcb.ackLimit) > 0) {
    tcb.ackNow = true;
    return false;
  }
  tcb.silentProbes = 0;
  const isNew = distance(ack, tcb.sndUna) > 0;
  if (isNew) acknowledged(tcb, segment);
  else if (ack === tcb.sndUna) countDuplicate(tcb, segment);
  const newer = distance(segment.sequence, tcb.sndWl1);
  if (distance(ack, tcb.sndUna) === 0 && (newer > 0 || (newer === 0 && distance(ack, tcb.sndWl2) >= 0))) {
    takeWindow(tcb, segment);
  }
  const finAcknowledged = tcb.finQueued && tcb.sndUna === advance(tcb.endSequence, 1);
  if (finAcknowledged) {
    if (tcb.state === 'FIN-WAIT-1') tcb.state = 'FIN-WAIT-2';
    else if (tcb.state === 'CLOSING') enterTimeWait(tcb);
    else if (tcb.state === 'LAST-ACK') {
      release(tcb);
      tcb.closeReason ??= 'closed';
      return false;
    }
  }
  return true;
}

/** New data of ours has arrived at the peer. */
function acknowledged(tcb: Tcb, segment: TcpSegment): void {
  const { timers } = tcb.environment;
  const ack = segment.acknowledgment;
  const ackedBytes = distance(ack, tcb.sndUna);
  tcb.sndUna = ack;
  if (distance(tcb.sndNxt, ack) < 0) tcb.sndNxt = ack;
  if (distance(tcb.sndMax, ack) < 0) tcb.sndMax = ack;
  const bufferBytes = Math.min(Math.max(0, distance(ack, tcb.bufferSequence)), tcb.sendBuffer.length);
  tcb.sendBuffer.drop(bufferBytes);
  tcb.bufferSequence = advance(tcb.bufferSequence, bufferBytes);
  tcb.retries = 0;
  tcb.rtt.settle();
  if (tcb.timed && distance(ack, tcb.timed.sequence) >= 0) {
    tcb.rtt.sample(timers.nowTicks() - tcb.timed.atTicks);
    tcb.timed = null;
  }
  // Stopped here, started again by pump when something is still under way (RFC 6298 section 5.3).
  timers.clear(tcb.retransmitTimer);
  tcb.duplicateAcks = 0;
  if (!tcb.congestion.inRecovery) {
    tcb.congestion.onNewAck(ackedBytes);
  } else if (distance(ack, tcb.recoverSequence) >= 0) {
    tcb.congestion.onRecovered();
  } else {
    tcb.congestion.onPartialAck(ackedBytes);
    if (tcb.sndNxt !== tcb.sndUna) retransmitFirst(tcb);
  }
}

function countDuplicate(tcb: Tcb, segment: TcpSegment): void {
  const pure = segment.data.length === 0 && !(segment.flags & TCP_FLAG.FIN);
  const outstanding = tcb.sndNxt !== tcb.sndUna;
  if (!pure || !outstanding || segment.window !== tcb.sndWnd) return;
  tcb.duplicateAcks++;
  if (tcb.congestion.inRecovery) {
    tcb.congestion.onDuplicateInRecovery();
    return;
  }
  if (tcb.duplicateAcks !== DUPLICATE_ACKS_FOR_RETRANSMIT) return;
  if (distance(tcb.sndUna, tcb.recoverSequence) < 0) return;
  tcb.recoverSequence = tcb.sndMax;
  tcb.congestion.onFastRetransmit(distance(tcb.sndMax, tcb.sndUna));
  retransmitFirst(tcb);
}

function takeDataAndFin(tcb: Tcb, segment: TcpSegment): void {
  const receiving = tcb.state === 'ESTABLISHED' || tcb.state === 'FIN-WAIT-1' || tcb.state === 'FIN-WAIT-2';
  const hasFin = (segment.flags & TCP_FLAG.FIN) !== 0;
  if (!receiving) {
    // The peer repeats what we have: our acknowledgment was lost.
    if (segment.data.length > 0 || hasFin) {
      tcb.ackNow = true;
      if (tcb.state === 'TIME-WAIT') {
        const { timers, settings } = tcb.environment;
        timers.setIn(tcb.retransmitTimer, settings.timeWaitMs * TICKS_PER_MILLI);
      }
    }
    return;
  }
  if (segment.data.length === 0 && !hasFin) return;
  const inOrder = takeData(tcb, segment);
  if (hasFin) noteFin(tcb, segment);
  if (tcb.finSequence !== null && tcb.rcvNxt === tcb.finSequence) takeFin(tcb);
  else if (inOrder && tcb.environment.settings.delayedAckMs > 0) delayAck(tcb);
  else tcb.ackNow = true;
}

/** Stores the bytes that fit into the window; true when they were the next ones and left no gap. */
function takeData(tcb: Tcb, segment: TcpSegment): boolean {
  let { sequence, data } = segment;
  const old = distance(tcb.rcvNxt, sequence);
  if (old > 0) {
    data = data.subarray(old);
    sequence = tcb.rcvNxt;
  }
  const room = distance(tcb.rcvAdv, sequence);
  if (data.length > room) data = data.subarray(0, Math.max(0, room));
  if (data.length === 0) return false;
  if (sequence !== tcb.rcvNxt) {
    tcb.reassembly.add(sequence, data);
    return false;
  }
  const hadGap = tcb.reassembly.length > 0;
  for (let piece: Uint8Array | null = data; piece; piece = tcb.reassembly.take(tcb.rcvNxt)) {
    tcb.inbox.push(piece);
    tcb.inboxBytes += piece.length;
    tcb.rcvNxt = advance(tcb.rcvNxt, piece.length);
  }
  return !hadGap && old <= 0;
}

function noteFin(tcb: Tcb, segment: TcpSegment): void {
  const at = advance(segment.sequence, segment.data.length);
  const offset = distance(at, tcb.rcvNxt);
  // A FIN behind bytes that did not fit into the window comes again with them.
  if (offset >= 0 && distance(at, tcb.rcvAdv) <= 0) tcb.finSequence = at;
}

function takeFin(tcb: Tcb): void {
  tcb.rcvNxt = advance(tcb.rcvNxt, 1);
  if (distance(tcb.rcvNxt, tcb.rcvAdv) > 0) tcb.rcvAdv = tcb.rcvNxt;
  tcb.finReceived = true;
  tcb.ackNow = true;
  tcb.reassembly.clear();
  if (tcb.state === 'ESTABLISHED') tcb.state = 'CLOSE-WAIT';
  else if (tcb.state === 'FIN-WAIT-1') tcb.state = 'CLOSING';
  else if (tcb.state === 'FIN-WAIT-2') enterTimeWait(tcb);
}

function delayAck(tcb: Tcb): void {
  const { timers, settings } = tcb.environment;
  if (++tcb.unacknowledgedSegments >= 2) tcb.ackNow = true;
  else if (!tcb.ackTimer.isSet) timers.setIn(tcb.ackTimer, settings.delayedAckMs * TICKS_PER_MILLI);
}
