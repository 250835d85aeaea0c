/** Sequence numbers live modulo 2^32 (RFC 9293 section 3.4). */

/** `a - b` as a signed distance. */
export function distance(a: number, b: number): number {
  return (a - b) | 0;
}

export function advance(sequence: number, bytes: number): number {
  return (sequence + bytes) >>> 0;
}
