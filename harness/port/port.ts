/**
 * A serial link as the harness sees it: bytes with their times, a baud rate and two control lines. The serial driver,
 * RFC 2217 and the in-process link all look like this; `port.contract.ts` holds them to it.
 */

/** Control lines by what the host asserts: `true` drives the pin of the USB chip low. */
export interface LineStates {
  readonly dtr: boolean;
  readonly rts: boolean;
}

/** Inputs of the host's side, as far as the adapter shows them. */
export interface ModemStates {
  readonly cts: boolean;
  readonly dsr: boolean;
  readonly dcd: boolean;
}

/** Bytes as they came in one piece, with the monotonic time of their arrival. */
export interface ReceivedChunk {
  readonly bytes: Uint8Array;
  readonly atMs: number;
}

/** Why a link is not open any more. */
export interface LinkClosed {
  /** `closed`: we did it. `unplugged`: the device or the far end went away. */
  readonly reason: 'closed' | 'unplugged';
  readonly detail: string;
  readonly atMs: number;
}

export type Unsubscribe = () => void;

/** Both control lines released: the state every link is left in by `open`. */
export const LINES_RELEASED: LineStates = { dtr: false, rts: false };

/**
 * One open way to a board's UART. Every method has a time limit of its own, set when the link was made: nothing here
 * waits for ever. A link is opened once; after `close` or an unplugged cable a new one is made.
 */
export interface SerialLink {
  /** What a person calls it: `/dev/ttyUSB0`, `rfc2217://127.0.0.1:4000`. */
  readonly path: string;
  readonly isOpen: boolean;
  readonly baud: number;
  /** As last set by `setLines`; not read back from the device. */
  readonly lines: LineStates;
  /** False where the link carries no DTR and RTS, as on a pty. Known once the link is open. */
  readonly hasLines: boolean;
  /** Whether `setLines` changes both lines in one step; over RFC 2217 they pass through a state in between. */
  readonly setsLinesAtOnce: boolean;

  /**
   * Opens the link and releases both lines in one step where the link can.
   * @throws LinkError ESPRIG_PORT_MISSING, ESPRIG_PORT_BUSY, ESPRIG_PORT_DENIED, ESPRIG_PORT_NOT_SERIAL, ESPRIG_PORT_FAILED
   */
  open(): Promise<void>;
  /** Closes the link; a second call does nothing. The lines stay as they are. */
  close(): Promise<void>;
  /**
   * Resolves when the bytes have been taken over by the system or the network.
   * @throws LinkError ESPRIG_PORT_CLOSED, ESPRIG_PORT_UNPLUGGED, ESPRIG_PORT_STALLED
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when what was written has left this side, as far as the link can tell. */
  drain(): Promise<void>;
  /** Throws away what has been received but not delivered, and what has been written but not sent. */
  purge(): Promise<void>;
  /** @throws LinkError ESPRIG_PORT_BAUD when the adapter refuses the rate. */
  setBaud(baud: number): Promise<void>;
  /**
   * Sets both lines; there is no way to set one alone, because the driver would assert the other.
   * @throws LinkError ESPRIG_PORT_NO_LINES when the link carries none.
   */
  setLines(lines: LineStates): Promise<void>;
  /** @throws LinkError ESPRIG_PORT_NO_LINES when the link carries none. */
  readModemState(): Promise<ModemStates>;
  /** Bytes are delivered in order, in the pieces they arrived in. What arrives with no listener is dropped. */
  onData(listener: (chunk: ReceivedChunk) => void): Unsubscribe;
  /** Told exactly once, and at once if the link is already closed. */
  onClose(listener: (closed: LinkClosed) => void): Unsubscribe;
}

/**
 * The order in which two line commands go out when they cannot go together. Never passes through RTS asserted with DTR
 * released unless that is where it starts or ends: on the usual two-transistor circuit that state is the reset.
 */
export function lineOrder(from: LineStates, to: LineStates): readonly ('dtr' | 'rts')[] {
  if (from.rts && !to.rts && from.dtr && !to.dtr) return ['rts', 'dtr'];
  return ['dtr', 'rts'];
}
