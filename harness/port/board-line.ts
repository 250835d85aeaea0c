import type { LineStates } from './port';

/**
 * The board's end of a serial cable: what an emulated board offers to whatever carries the bytes, an in-process link or
 * an RFC 2217 server. Times are the carrier's business; the board sees bytes in order.
 */
export interface BoardLine {
  /** Bytes the host sent, at the rate the host's side was set to. */
  receiveFromHost(bytes: Uint8Array, baud: number): void;
  /**
   * The carrier's listener for what the board sends, with the rate of the board's UART at that moment. `undefined`
   * takes the listener away. A board has one carrier at a time.
   */
  onTransmit(listener: ((bytes: Uint8Array, baud: number) => void) | undefined): void;
  /** Control lines as the host asserts them. A pulled cable is both released. */
  setLines(lines: LineStates): void;
  /** The host's side changed its rate; data carry their own, so most boards need not care. */
  setBaud?(baud: number): void;
  /** How many bytes the board still has to take; a carrier stops reading from its host above a limit. Absent: none. */
  pendingBytes?(): number;
  /** Called by the carrier to be told when `pendingBytes` has fallen. */
  onRoom?(listener: (() => void) | undefined): void;
  /** CTS, DSR and DCD towards the host, when the board drives them. Absent: all asserted. */
  readModemState?(): { readonly cts: boolean; readonly dsr: boolean; readonly dcd: boolean };
}
