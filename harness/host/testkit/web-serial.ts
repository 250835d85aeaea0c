import type { BoardLine } from '../../port/board-line';

/** A serial line as browsers offer it (W3C Web Serial), as far as esptool-js asks for it. */
export interface WebSerialDevice {
  readonly readable: ReadableStream<Uint8Array> | null;
  readonly writable: WritableStream<Uint8Array> | null;
  open(options: { baudRate: number }): Promise<void>;
  close(): Promise<void>;
  getInfo(): { usbVendorId?: number; usbProductId?: number };
  setSignals(signals: { dataTerminalReady?: boolean; requestToSend?: boolean }): Promise<void>;
  setBaudRate(baud: number): Promise<void>;
}

/** An emulated board's line in that shape. Lines that are not named stay as they were. */
export function webSerialDevice(line: BoardLine): WebSerialDevice {
  let baud = 115200;
  let dtr = false;
  let rts = false;
  let readable: ReadableStream<Uint8Array> | null = null;
  let writable: WritableStream<Uint8Array> | null = null;
  return {
    get readable() {
      return readable;
    },
    get writable() {
      return writable;
    },
    open: ({ baudRate }) => {
      baud = baudRate;
      readable = new ReadableStream<Uint8Array>({
        start: (controller) => line.onTransmit((bytes) => controller.enqueue(bytes)),
        cancel: () => line.onTransmit(undefined),
      });
      writable = new WritableStream<Uint8Array>({ write: (bytes) => line.receiveFromHost(bytes, baud) });
      return Promise.resolve();
    },
    close: () => {
      line.onTransmit(undefined);
      readable = null;
      writable = null;
      return Promise.resolve();
    },
    getInfo: () => ({ usbVendorId: 0x10c4, usbProductId: 0xea60 }),
    setSignals: ({ dataTerminalReady, requestToSend }) => {
      dtr = dataTerminalReady ?? dtr;
      rts = requestToSend ?? rts;
      line.setLines({ dtr, rts });
      return Promise.resolve();
    },
    setBaudRate: (rate) => {
      baud = rate;
      return Promise.resolve();
    },
  };
}
