import { advance, distance } from './tcp-sequence';

interface Piece {
  readonly sequence: number;
  readonly data: Uint8Array;
}

/**
 * Segments that came before their turn. The caller cuts them to the receive window, so the window bounds the memory;
 * the number of pieces has a bound of its own, or tiny segments could pile up.
 */
export class TcpReassembly {
  private readonly pieces: Piece[] = [];
  private readonly maxPieces: number;

  constructor(maxPieces = 64) {
    this.maxPieces = maxPieces;
  }

  get length(): number {
    return this.pieces.length;
  }

  /** Keeps the part of the segment that is not there yet. */
  add(sequence: number, data: Uint8Array): void {
    let at = 0;
    while (at < this.pieces.length && distance(this.pieces[at]!.sequence, sequence) <= 0) at++;
    let [start, bytes] = [sequence, data];
    const before = this.pieces[at - 1];
    if (before) {
      const overlap = distance(advance(before.sequence, before.data.length), start);
      if (overlap >= bytes.length) return;
      if (overlap > 0) [start, bytes] = [advance(start, overlap), bytes.subarray(overlap)];
    }
    // What follows and is covered by the new piece goes; a partial overlap is cut off the new piece.
    for (let next = this.pieces[at]; next; next = this.pieces[at]) {
      const room = distance(next.sequence, start);
      if (room >= bytes.length) break;
      if (room + next.data.length <= bytes.length) this.pieces.splice(at, 1);
      else {
        bytes = bytes.subarray(0, room);
        break;
      }
    }
    if (bytes.length === 0 || this.pieces.length >= this.maxPieces) return;
    this.pieces.splice(at, 0, { sequence: start, data: bytes });
  }

  /** Takes out the next bytes that start at or before `sequence`; null when there is a gap. */
  take(sequence: number): Uint8Array | null {
    for (let first = this.pieces[0]; first; first = this.pieces[0]) {
      const old = distance(sequence, first.sequence);
      if (old < 0) return null;
      this.pieces.shift();
      if (old < first.data.length) return first.data.subarray(old);
    }
    return null;
  }

  clear(): void {
    this.pieces.length = 0;
  }
}
