import { beforeEach, describe, expect, it } from '@jest/globals';
import { LineInbox } from './line-inbox';

/** Records what arrives and when, in milliseconds of its own time. */
class RecordingBoard {
  nowNanos = 5_000_000;
  room = Infinity;
  readonly seen: string[] = [];

  receiveByte(byte: number): boolean {
    if (this.room === 0) return false;
    this.room--;
    this.seen.push(`byte ${byte}`);
    return true;
  }

  setEnable(high: boolean): void {
    this.seen.push(`EN ${Number(high)} at ${this.nowNanos / 1e6}`);
  }

  setPin(pin: number, level: boolean): void {
    this.seen.push(`GPIO${pin} ${Number(level)} at ${this.nowNanos / 1e6}`);
  }
}

let board: RecordingBoard;
let inbox: LineInbox;

beforeEach(() => {
  board = new RecordingBoard();
  inbox = new LineInbox(board);
});

describe('mail from the host', () => {
  it('keeps changes of the lines apart as the host made them, though they are read at once', () => {
    inbox.addLines({ dtr: true, rts: false, atMs: 1000 });
    inbox.addLines({ dtr: false, rts: false, atMs: 1050 });
    inbox.deliver(false);
    expect(board.seen).toEqual(['GPIO0 0 at 5', 'EN 1 at 5']);
    board.nowNanos = 54_900_000;
    inbox.deliver(false);
    expect(board.seen).toHaveLength(2);
    board.nowNanos = 55_000_000;
    inbox.deliver(false);
    expect(board.seen.slice(2)).toEqual(['GPIO0 1 at 55', 'EN 1 at 55']);
    expect(inbox.isEmpty).toBe(true);
  });

  it('does not wait for a board that was slow, once a line has stood still for long enough', () => {
    inbox.addLines({ dtr: false, rts: false, atMs: 0 });
    inbox.addLines({ dtr: false, rts: true, atMs: 3_600_000 });
    inbox.deliver(false);
    board.nowNanos += 60_000_000;
    expect(inbox.deliver(false).wasReset).toBe(true);
  });

  it('keeps bytes behind the changes that came before them', () => {
    inbox.addLines({ dtr: false, rts: true, atMs: 0 });
    inbox.addLines({ dtr: false, rts: false, atMs: 10 });
    inbox.addBytes(Uint8Array.of(1, 2), 115200);
    expect(inbox.deliver(false).movedBytes).toBe(0);
    expect(inbox.pendingBytes).toBe(2);
    board.nowNanos += 10_000_000;
    expect(inbox.deliver(false).movedBytes).toBe(2);
    expect(board.seen.at(-1)).toBe('byte 2');
  });

  it('goes on where a full board stopped taking bytes', () => {
    board.room = 2;
    inbox.addBytes(Uint8Array.of(1, 2, 3), 115200);
    expect(inbox.deliver(false).movedBytes).toBe(2);
    expect(inbox.pendingBytes).toBe(1);
    board.room = 5;
    inbox.deliver(false);
    expect(board.seen).toEqual(['byte 1', 'byte 2', 'byte 3']);
    expect(inbox.pendingBytes).toBe(0);
  });

  it('lets a board whose time stands still be reset at once', () => {
    inbox.addLines({ dtr: false, rts: false, atMs: 0 });
    inbox.addLines({ dtr: false, rts: true, atMs: 50 });
    expect(inbox.deliver(true).wasReset).toBe(true);
    expect(board.seen.at(-1)).toBe('EN 0 at 5');
  });
});
