/*
 * Framing of the GDB remote serial protocol (GDB manual, appendix E "GDB Remote Serial Protocol"): `$data#checksum`,
 * `}` escapes, `+` and `-` acknowledgements, and the byte 3 that asks a running target to stop.
 */
const DOLLAR = 0x24;
const HASH = 0x23;
const ESCAPE = 0x7d;
const PLUS = 0x2b;
const MINUS = 0x2d;
const INTERRUPT = 0x03;
const ESCAPE_XOR = 0x20;

export type GdbInput =
  | { readonly kind: 'packet'; readonly payload: Uint8Array }
  | { readonly kind: 'bad-checksum' }
  | { readonly kind: 'ack' | 'nak' | 'interrupt' }
  /** A packet that is longer than was agreed on. */
  | { readonly kind: 'too-long' };

/** Cuts a stream of bytes, in any slices, into packets. Bounded: a packet longer than agreed on is dropped. */
export class GdbDeframer {
  private readonly maxPayloadBytes: number;
  private readonly payload: number[] = [];
  private state: 'outside' | 'payload' | 'escaped' | 'checksum' | 'checksum-low' = 'outside';
  private sum = 0;
  private received = 0;
  private isTooLong = false;

  constructor(maxPayloadBytes: number) {
    this.maxPayloadBytes = maxPayloadBytes;
  }

  feed(bytes: Uint8Array): GdbInput[] {
    const found: GdbInput[] = [];
    for (const byte of bytes) {
      const input = this.take(byte);
      if (input !== undefined) found.push(input);
    }
    return found;
  }

  private take(byte: number): GdbInput | undefined {
    switch (this.state) {
      case 'outside':
        if (byte === DOLLAR) this.begin();
        else if (byte === INTERRUPT) return { kind: 'interrupt' };
        else if (byte === PLUS) return { kind: 'ack' };
        else if (byte === MINUS) return { kind: 'nak' };
        return undefined;
      case 'payload':
        if (byte === HASH) {
          this.state = 'checksum';
          return undefined;
        }
        // A new packet where the old one had no end: the line lost something.
        if (byte === DOLLAR) {
          this.begin();
          return undefined;
        }
        this.sum = (this.sum + byte) & 0xff;
        if (byte === ESCAPE) this.state = 'escaped';
        else this.push(byte);
        return undefined;
      case 'escaped':
        this.sum = (this.sum + byte) & 0xff;
        this.push(byte ^ ESCAPE_XOR);
        this.state = 'payload';
        return undefined;
      case 'checksum':
        this.received = hexDigit(byte) * 16;
        this.state = 'checksum-low';
        return undefined;
      case 'checksum-low':
        this.state = 'outside';
        if (this.received + hexDigit(byte) !== this.sum) return { kind: 'bad-checksum' };
        if (this.isTooLong) return { kind: 'too-long' };
        return { kind: 'packet', payload: Uint8Array.from(this.payload) };
    }
  }

  private begin(): void {
    this.state = 'payload';
    this.payload.length = 0;
    this.sum = 0;
    this.isTooLong = false;
  }

  private push(byte: number): void {
    if (this.payload.length < this.maxPayloadBytes) this.payload.push(byte);
    else this.isTooLong = true;
  }
}

function hexDigit(byte: number): number {
  const digit = parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? 0x1000 : digit;
}

/** One packet of plain characters (no escapes are needed for hexadecimal replies). */
export function framePacket(payload: string): Uint8Array {
  const bytes = new Uint8Array(payload.length + 4);
  let sum = 0;
  bytes[0] = DOLLAR;
  for (let i = 0; i < payload.length; i++) {
    const byte = payload.charCodeAt(i) & 0xff;
    bytes[i + 1] = byte;
    sum = (sum + byte) & 0xff;
  }
  const checksum = sum.toString(16).padStart(2, '0');
  bytes[payload.length + 1] = HASH;
  bytes[payload.length + 2] = checksum.charCodeAt(0);
  bytes[payload.length + 3] = checksum.charCodeAt(1);
  return bytes;
}

export const ACK = Uint8Array.of(PLUS);
export const NAK = Uint8Array.of(MINUS);

export function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** Undefined when the text is no even number of hexadecimal digits. */
export function bytesOfHex(text: string): Uint8Array | undefined {
  if (!/^([0-9a-f]{2})*$/i.test(text)) return undefined;
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

export function latin1Text(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

export function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff);
}
