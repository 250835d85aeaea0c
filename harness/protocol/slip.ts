/**
 * SLIP as the ESP8266's serial loader frames its packets: C0 … C0, with C0 → DB DC and DB → DB DD inside.
 * Source: espressif/esptool `esptool/loader.py`; RFC 1055 gives the four byte values.
 */

export const SLIP_END = 0xc0;
export const SLIP_ESC = 0xdb;
export const SLIP_ESC_END = 0xdc;
export const SLIP_ESC_ESC = 0xdd;

/** One packet with its two delimiters. */
export function encodeSlip(payload: Uint8Array): Uint8Array {
  let escapes = 0;
  for (const byte of payload) if (byte === SLIP_END || byte === SLIP_ESC) escapes += 1;
  const frame = new Uint8Array(payload.length + escapes + 2);
  let at = 0;
  frame[at++] = SLIP_END;
  for (const byte of payload) {
    if (byte === SLIP_END) {
      frame[at++] = SLIP_ESC;
      frame[at++] = SLIP_ESC_END;
    } else if (byte === SLIP_ESC) {
      frame[at++] = SLIP_ESC;
      frame[at++] = SLIP_ESC_ESC;
    } else {
      frame[at++] = byte;
    }
  }
  frame[at] = SLIP_END;
  return frame;
}

export type SlipEvent =
  | { readonly kind: 'frame'; readonly payload: Uint8Array }
  /** Bytes outside any frame: the boot banner, a log line, line noise. */
  | { readonly kind: 'noise'; readonly bytes: Uint8Array }
  /** A frame that was thrown away, with as many of its bytes as were kept. */
  | {
      readonly kind: 'error';
      readonly reason: 'bad-escape' | 'too-long';
      readonly bytes: Uint8Array;
    };

/** Room for the largest frame a stub sends (a 64 KiB read block would not be asked for) with some to spare. */
export const DEFAULT_MAX_FRAME_BYTES = 0x4100;

type State = 'outside' | 'inside' | 'escaped' | 'skipping';

/**
 * Takes bytes in any slices and gives back frames. Bounded: a frame over `maxFrameBytes` becomes one `error` event and
 * the rest of it is skipped up to the next delimiter. Empty frames are swallowed, so a doubled or a lost delimiter
 * costs one frame at most.
 */
export class SlipDecoder {
  private readonly buffer: Uint8Array;
  private length = 0;
  private state: State = 'outside';

  constructor(options: { readonly maxFrameBytes?: number } = {}) {
    this.buffer = new Uint8Array(options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES);
  }

  /** True in the middle of a frame: more bytes are needed. */
  get isInsideFrame(): boolean {
    return this.state !== 'outside' && (this.length > 0 || this.state !== 'inside');
  }

  /** Everything the bytes complete, in order. */
  feed(bytes: Uint8Array): SlipEvent[] {
    const events: SlipEvent[] = [];
    let noiseStart = -1;
    for (let index = 0; index < bytes.length; index += 1) {
      const byte = bytes[index]!;
      if (this.state === 'outside') {
        if (byte === SLIP_END) {
          if (noiseStart >= 0) events.push({ kind: 'noise', bytes: bytes.slice(noiseStart, index) });
          noiseStart = -1;
          this.begin();
        } else if (noiseStart < 0) {
          noiseStart = index;
        }
      } else {
        const event = this.step(byte);
        if (event !== undefined) events.push(event);
      }
    }
    if (noiseStart >= 0) events.push({ kind: 'noise', bytes: bytes.slice(noiseStart) });
    return events;
  }

  /** Forgets a half-received frame, as after a reset of the board. */
  reset(): void {
    this.length = 0;
    this.state = 'outside';
  }

  private begin(): void {
    this.length = 0;
    this.state = 'inside';
  }

  private step(byte: number): SlipEvent | undefined {
    if (this.state === 'skipping') {
      if (byte === SLIP_END) this.state = 'outside';
      return undefined;
    }
    if (byte === SLIP_END) {
      if (this.state === 'escaped') {
        // The delimiter that cut the escape short may open the next frame; take it as that.
        const event = this.fail('bad-escape');
        this.begin();
        return event;
      }
      if (this.length === 0) return undefined;
      this.state = 'outside';
      return { kind: 'frame', payload: this.buffer.slice(0, this.length) };
    }
    if (this.state === 'escaped') {
      if (byte !== SLIP_ESC_END && byte !== SLIP_ESC_ESC) return this.fail('bad-escape');
      this.state = 'inside';
      return this.push(byte === SLIP_ESC_END ? SLIP_END : SLIP_ESC);
    }
    if (byte === SLIP_ESC) {
      this.state = 'escaped';
      return undefined;
    }
    return this.push(byte);
  }

  private push(byte: number): SlipEvent | undefined {
    if (this.length === this.buffer.length) return this.fail('too-long');
    this.buffer[this.length++] = byte;
    return undefined;
  }

  private fail(reason: 'bad-escape' | 'too-long'): SlipEvent {
    const event: SlipEvent = { kind: 'error', reason, bytes: this.buffer.slice(0, this.length) };
    this.length = 0;
    this.state = 'skipping';
    return event;
  }
}
