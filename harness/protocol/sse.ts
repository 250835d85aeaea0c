/**
 * Server-Sent Events, both ways. Source: WHATWG HTML, section "Server-sent events" (event stream interpretation).
 */

export type SseItem =
  | {
      readonly kind: 'event';
      /** `message` when the stream names none. */
      readonly name: string;
      readonly data: string;
      /** Last id the stream has set; empty before the first. */
      readonly lastEventId: string;
    }
  /** `: keep-alive`. A client of the browser kind never sees these; a test may want to. */
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'retry'; readonly retryMs: number }
  /** A line or an event over its limit, thrown away. */
  | { readonly kind: 'error'; readonly reason: 'line-too-long' | 'event-too-long' };

const CR = 0x0d;
const LF = 0x0a;

export interface SseDecoderOptions {
  readonly maxLineBytes?: number;
  readonly maxEventChars?: number;
}

/** Takes bytes in any slices, UTF-8 sequences cut anywhere; bounded in line (bytes) and event data (characters). */
export class SseDecoder {
  private readonly maxLineBytes: number;
  private readonly maxEventChars: number;
  private line: number[] = [];
  private isLineTooLong = false;
  private sawCr = false;
  private isFirstLine = true;
  private data: string[] = [];
  private dataChars = 0;
  private isEventTooLong = false;
  private name = '';
  private id = '';
  private lastId = '';

  constructor(options: SseDecoderOptions = {}) {
    this.maxLineBytes = options.maxLineBytes ?? 64 * 1024;
    this.maxEventChars = options.maxEventChars ?? 256 * 1024;
  }

  get lastEventId(): string {
    return this.lastId;
  }

  feed(bytes: Uint8Array): SseItem[] {
    const items: SseItem[] = [];
    for (const byte of bytes) {
      if (byte === LF && this.sawCr) {
        this.sawCr = false;
        continue;
      }
      this.sawCr = byte === CR;
      if (byte === CR || byte === LF) this.endLine(items);
      else if (this.line.length < this.maxLineBytes) this.line.push(byte);
      else this.isLineTooLong = true;
    }
    return items;
  }

  private endLine(items: SseItem[]): void {
    const bytes = Uint8Array.from(this.line);
    this.line = [];
    if (this.isLineTooLong) {
      this.isLineTooLong = false;
      items.push({ kind: 'error', reason: 'line-too-long' });
      return;
    }
    // A byte order mark may stand before everything else.
    const hasMark = this.isFirstLine && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    this.isFirstLine = false;
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(hasMark ? bytes.subarray(3) : bytes);
    if (text === '') this.dispatch(items);
    else this.field(text, items);
  }

  private field(line: string, items: SseItem[]): void {
    const colon = line.indexOf(':');
    if (colon === 0) {
      items.push({ kind: 'comment', text: line.slice(1).replace(/^ /, '') });
      return;
    }
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') this.name = value;
    else if (name === 'data') this.addData(value);
    else if (name === 'id' && !value.includes('\0')) this.id = value;
    else if (name === 'retry' && /^\d+$/.test(value)) items.push({ kind: 'retry', retryMs: Number(value) });
  }

  private addData(value: string): void {
    this.dataChars += value.length + 1;
    if (this.dataChars > this.maxEventChars) this.isEventTooLong = true;
    else this.data.push(value);
  }

  private dispatch(items: SseItem[]): void {
    this.lastId = this.id;
    if (this.isEventTooLong) items.push({ kind: 'error', reason: 'event-too-long' });
    else if (this.data.length > 0) {
      items.push({
        kind: 'event',
        name: this.name === '' ? 'message' : this.name,
        data: this.data.join('\n'),
        lastEventId: this.lastId,
      });
    }
    this.data = [];
    this.dataChars = 0;
    this.isEventTooLong = false;
    this.name = '';
  }
}

export interface SseEventInput {
  readonly name?: string;
  readonly data: string;
  readonly id?: string;
}

const ENCODER = new TextEncoder();

/** One event with its closing empty line; a line end inside the data becomes a further `data:` line. */
export function encodeSseEvent(event: SseEventInput): Uint8Array {
  const lines: string[] = [];
  if (event.id !== undefined) lines.push(`id: ${oneLine(event.id)}`);
  if (event.name !== undefined) lines.push(`event: ${oneLine(event.name)}`);
  for (const line of event.data.split(/\r\n|\r|\n/)) lines.push(`data: ${line}`);
  return ENCODER.encode(`${lines.join('\n')}\n\n`);
}

/** `: text`, what keeps a connection alive. */
export function encodeSseComment(text: string): Uint8Array {
  return ENCODER.encode(`: ${oneLine(text)}\n\n`);
}

/** Tells the client how long to wait before it connects again. */
export function encodeSseRetry(retryMs: number): Uint8Array {
  return ENCODER.encode(`retry: ${Math.trunc(retryMs)}\n\n`);
}

/** Nobody may smuggle a field in through a name or an id. */
function oneLine(text: string): string {
  return text.replace(/[\r\n\0]/g, ' ');
}
