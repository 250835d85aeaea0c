import type { Tcb } from './tcp-tcb';

/** Gives the events that are due to the connection's owner, in their natural order. */
export function giveOut(tcb: Tcb): void {
  if (tcb.busy) return;
  tcb.busy = true;
  // Set by callbacks, too: after an abort nothing but the close is given out.
  const alive = (): boolean => tcb.closeReason === null || tcb.closeReason === 'closed';
  // What came before the peer's reset is the reader's; there will be no other moment for it.
  const hasBytes = (): boolean =>
    tcb.inbox.length > 0 && ((alive() && !tcb.paused) || tcb.closeReason === 'reset');
  try {
    if (alive() && tcb.connected && !tcb.connectGiven) {
      tcb.connectGiven = true;
      if (tcb.passive) tcb.environment.accepted(tcb);
      tcb.onConnect();
    }
    while (hasBytes()) {
      const bytes = tcb.inbox.shift()!;
      tcb.inboxBytes -= bytes.length;
      tcb.onData(bytes);
    }
    if (alive() && tcb.finReceived && !tcb.paused && tcb.inbox.length === 0 && !tcb.endGiven) {
      tcb.endGiven = true;
      tcb.onEnd();
    }
    if (tcb.drainWanted && tcb.sendBuffer.length < tcb.environment.settings.drainBytes) {
      tcb.drainWanted = false;
      if (tcb.closeReason === null) tcb.onDrain();
    }
    if (tcb.closeReason !== null && !tcb.closeGiven) {
      // A graceful end waits until a pausing reader has taken the last byte.
      if (tcb.closeReason === 'closed' && !tcb.endGiven) return;
      tcb.closeGiven = true;
      tcb.inbox.length = 0;
      tcb.inboxBytes = 0;
      tcb.onClose(tcb.closeReason);
    }
  } finally {
    tcb.busy = false;
  }
}
