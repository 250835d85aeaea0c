/**
 * What a UART makes of bytes sent at another rate: each frame (start bit, eight data bits with the lowest first, stop
 * bit) becomes a level over time and is sampled again in the middle of the receiver's bits. Framing errors are delivered
 * as the byte that was sampled, as USB serial adapters do.
 */

/** UARTs agree within this share of the rate; half a bit is lost over ten bits at 5 %. */
const TOLERANCE = 0.04;
const BITS_PER_FRAME = 10;

/** Whether bytes at `sentBaud` come out right at `receivedBaud`. */
export function baudsMatch(sentBaud: number, receivedBaud: number): boolean {
  return Math.abs(sentBaud - receivedBaud) <= TOLERANCE * receivedBaud;
}

/** The bytes as a receiver at `receivedBaud` sees them; the same array when the rates match. */
export function asReceivedAt(bytes: Uint8Array, sentBaud: number, receivedBaud: number): Uint8Array {
  if (bytes.length === 0 || baudsMatch(sentBaud, receivedBaud)) return bytes;
  const totalBits = bytes.length * BITS_PER_FRAME;
  /** Level of the line at a time given in the sender's bits; the line rests high. */
  const levelAt = (bit: number): number => {
    const index = Math.floor(bit);
    if (index < 0 || index >= totalBits) return 1;
    const inFrame = index % BITS_PER_FRAME;
    if (inFrame === 0) return 0;
    if (inFrame === BITS_PER_FRAME - 1) return 1;
    return (bytes[Math.floor(index / BITS_PER_FRAME)]! >> (inFrame - 1)) & 1;
  };
  const step = sentBaud / receivedBaud;
  const received: number[] = [];
  let at = 0;
  while (at < totalBits) {
    // The receiver waits for a falling edge, which lies on a border between the sender's bits.
    if (levelAt(at) === 1) {
      at = Math.floor(at) + 1;
      continue;
    }
    if (levelAt(at + step / 2) === 1) {
      // Too short for a start bit: a glitch to this receiver.
      at = Math.floor(at) + 1;
      continue;
    }
    let value = 0;
    for (let bit = 0; bit < 8; bit++) value |= levelAt(at + (bit + 1.5) * step) << bit;
    received.push(value);
    at += (BITS_PER_FRAME - 0.5) * step;
    // A stop bit that was sampled low is a framing error; the next start needs a high level first.
    if (levelAt(at) === 0) while (at < totalBits && levelAt(at) === 0) at = Math.floor(at) + 1;
  }
  return Uint8Array.from(received);
}
