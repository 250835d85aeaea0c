import { encodePcapRecord, Sniffer, type CapturedFrame, type Medium } from '../../emulator/air';
import { ticksToNanos } from '../../emulator/time';

/** pcap record: seconds and nanoseconds, then two lengths. */
const SECONDS_AT = 0;
const NANOS_AT = 4;

/** The two times of a capture: the board's own, and this machine's. */
export interface CaptureClocks {
  /** Virtual time, as the frames have it. It jumps: forward over idle time, back with a snapshot. */
  readonly boardNanos: () => number;
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
}

/**
 * Everything on the air as pcap records whose times are this machine's, so that they stand beside whatever else was
 * recorded; the board's own time is each frame's TSFT. Frames are given their time when they are taken, which has to
 * happen every few milliseconds.
 */
export class AirCapture {
  readonly #clocks: CaptureClocks;
  readonly #sniffer: Sniffer;
  #frames: CapturedFrame[] = [];
  #before: { readonly boardNanos: number; readonly wallMs: number };
  #lastMs = 0;

  constructor(medium: Medium, clocks: CaptureClocks) {
    this.#clocks = clocks;
    this.#before = { boardNanos: clocks.boardNanos(), wallMs: clocks.wallMs() };
    this.#sniffer = new Sniffer(medium, (frame) => void this.#frames.push(frame));
  }

  /** The records since the last call; undefined: there are none. */
  take(): Uint8Array | undefined {
    const now = { boardNanos: this.#clocks.boardNanos(), wallMs: this.#clocks.wallMs() };
    const frames = this.#frames;
    const before = this.#before;
    this.#before = now;
    if (frames.length === 0) return undefined;
    this.#frames = [];
    const wallSpanMs = Math.max(0, now.wallMs - before.wallMs);
    const boardSpanMs = (now.boardNanos - before.boardNanos) / 1e6;
    // Idle time that was jumped over is longer here than there: then all of it is drawn into the time there was.
    const scale = boardSpanMs > wallSpanMs ? wallSpanMs / boardSpanMs : 1;
    return Buffer.concat(
      frames.map((frame) => {
        const agoMs = Math.max(0, now.boardNanos - ticksToNanos(frame.endTicks)) / 1e6;
        const atMs = now.wallMs - Math.min(agoMs * scale, wallSpanMs);
        return this.#record(frame, atMs);
      }),
    );
  }

  stop(): void {
    this.#sniffer.stop();
  }

  #record(frame: CapturedFrame, atMs: number): Uint8Array {
    this.#lastMs = Math.max(this.#lastMs, atMs);
    const bytes = encodePcapRecord(frame);
    const seconds = Math.floor(this.#lastMs / 1000);
    const head = new DataView(bytes.buffer, bytes.byteOffset);
    head.setUint32(SECONDS_AT, seconds, true);
    head.setUint32(NANOS_AT, Math.floor((this.#lastMs - seconds * 1000) * 1e6), true);
    return bytes;
  }
}
