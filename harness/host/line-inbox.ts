import { driveResetCircuit } from '../emulator/reset-circuit';

/** As much of a board as its serial line reaches. */
export interface LineBoard {
  readonly nowNanos: number;
  receiveByte(byte: number, baud: number): boolean;
  setEnable(high: boolean, settleMicros?: number): void;
  setPin(pin: number, level: boolean): void;
}

export interface LineChange {
  readonly dtr: boolean;
  readonly rts: boolean;
  /** When the host did it, on the host's clock. */
  readonly atMs: number;
}

export interface Delivered {
  readonly movedBytes: number;
  /** EN was pulled low. */
  readonly wasReset: boolean;
}

type Mail =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; at: number; readonly baud: number }
  | { readonly kind: 'lines'; readonly change: LineChange };

/** A line that has stood still for so long has had its effect; nobody need wait longer. */
const LONGEST_GAP_MS = 60;

/**
 * What a host has sent and the board has not taken yet: bytes and changes of DTR and RTS, in their order. A board on a
 * busy machine may find several changes in its mail at once; it sees them at least as far apart as the host made them,
 * or a strap that was held for 50 ms would be gone before it is sampled.
 */
export class LineInbox {
  private readonly board: LineBoard;
  private readonly mail: Mail[] = [];
  private bytesWaiting = 0;
  private last: { readonly atMs: number; readonly nanos: number } | undefined;

  constructor(board: LineBoard) {
    this.board = board;
  }

  get isEmpty(): boolean {
    return this.mail.length === 0;
  }

  get pendingBytes(): number {
    return this.bytesWaiting;
  }

  addBytes(bytes: Uint8Array, baud: number): void {
    this.mail.push({ kind: 'bytes', bytes, at: 0, baud });
    this.bytesWaiting += bytes.length;
  }

  addLines(change: LineChange): void {
    this.mail.push({ kind: 'lines', change });
  }

  /** Gives the board what is due and fits. On a board whose time stands still no change waits for it. */
  deliver(isStopped: boolean): Delivered {
    let movedBytes = 0;
    let wasReset = false;
    for (let mail = this.mail[0]; mail !== undefined; mail = this.mail[0]) {
      if (mail.kind === 'lines') {
        if (!isStopped && !this.isDue(mail.change)) break;
        wasReset = this.change(mail.change) || wasReset;
      } else {
        const { bytes, baud } = mail;
        const from = mail.at;
        while (mail.at < bytes.length && this.board.receiveByte(bytes[mail.at]!, baud)) mail.at++;
        movedBytes += mail.at - from;
        if (mail.at < bytes.length) break;
      }
      this.mail.shift();
    }
    this.bytesWaiting -= movedBytes;
    return { movedBytes, wasReset };
  }

  private isDue({ atMs }: LineChange): boolean {
    if (this.last === undefined) return true;
    const gapMs = Math.min(atMs - this.last.atMs, LONGEST_GAP_MS);
    return this.board.nowNanos >= this.last.nanos + gapMs * 1e6;
  }

  private change({ dtr, rts, atMs }: LineChange): boolean {
    this.last = { atMs, nanos: this.board.nowNanos };
    driveResetCircuit(this.board, dtr, rts);
    return rts && !dtr;
  }
}
