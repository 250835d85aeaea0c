import type { BoardLine } from '../board-line';
import type { LineStates } from '../port';

/** A board that does nothing but remember: for tests of what carries bytes and lines to it. */
export interface RecordingBoard {
  readonly line: BoardLine;
  /** Sends bytes towards the host at a rate. */
  send(bytes: Uint8Array, baud: number): void;
  received(): Uint8Array;
  readonly receivedBauds: number[];
  readonly lineLog: LineStates[];
  hostBaud(): number | undefined;
  /** Pretends that this many bytes wait to be taken, and tells the carrier when they have gone. */
  setPending(bytes: number): void;
  hasCarrier(): boolean;
}

export function recordingBoard(): RecordingBoard {
  const parts: Uint8Array[] = [];
  const receivedBauds: number[] = [];
  const lineLog: LineStates[] = [];
  let transmit: ((bytes: Uint8Array, baud: number) => void) | undefined;
  let room: (() => void) | undefined;
  let hostBaud: number | undefined;
  let pending = 0;
  return {
    line: {
      receiveFromHost: (bytes, baud) => {
        parts.push(bytes.slice());
        receivedBauds.push(baud);
      },
      onTransmit: (listener) => {
        transmit = listener;
      },
      setLines: (lines) => {
        lineLog.push({ dtr: lines.dtr, rts: lines.rts });
      },
      setBaud: (baud) => {
        hostBaud = baud;
      },
      pendingBytes: () => pending,
      onRoom: (listener) => {
        room = listener;
      },
    },
    send: (bytes, baud) => transmit?.(bytes, baud),
    received: () => new Uint8Array(Buffer.concat(parts)),
    receivedBauds,
    lineLog,
    hostBaud: () => hostBaud,
    setPending: (bytes) => {
      pending = bytes;
      room?.();
    },
    hasCarrier: () => transmit !== undefined,
  };
}
