/**
 * A scripted ESP8266 for tests of the flasher: reset circuit, boot ROM loader and stub as state machines over a flash
 * array. Written from the protocol's description and sharing no code with `protocol/`, so that one mistake cannot cancel
 * another. It runs no code: any upload is taken for the stub. Source: chip.md 6.2 to 6.4 (measured behaviour).
 */
import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { RealClock } from '../../core/clock';
import type { Cancel } from '../../core/clock';
import type { BoardLine } from '../../port/board-line';
import { baudsMatch } from '../../port/uart-mismatch';

export interface FakeChipOptions {
  readonly flashBytes?: number;
  readonly flashId?: number;
  readonly efuse?: readonly number[];
  /** `nodemcu`: two transistors. `none`: the lines are not wired. `en-only`: GPIO0 is not wired. */
  readonly circuit?: 'nodemcu' | 'none' | 'en-only';
  readonly stubStarts?: boolean;
  /** The stub cannot be understood above this rate. */
  readonly highestBaud?: number;
  /** The board's TX or RX is cut. */
  readonly deaf?: boolean;
  readonly mute?: boolean;
  /** What the app prints every few milliseconds. */
  readonly chatter?: string;
}

type Mode = 'held' | 'settling' | 'app' | 'rom' | 'stub';

const SECTOR = 0x1000;
const SETTLE_MS = 2;
const ROM_BAUD = 74880;

export class FakeChip {
  readonly flash: Uint8Array;
  mode: Mode = 'app';
  /** Names of what was done to the flash, oldest first. */
  readonly log: string[] = [];
  sectorsErased = 0;
  bytesProgrammed = 0;
  readonly bootModes: number[] = [];
  stubStarts: boolean;
  /** Called for each command before it is obeyed; `true` swallows it, a number is the status to refuse it with. */
  onCommand: ((op: number, data: Buffer) => boolean | number | undefined) | undefined;
  /** Changes what is about to be programmed: a worn-out cell. */
  onProgram: ((offset: number, bytes: Buffer) => void) | undefined;
  #transmit: ((bytes: Uint8Array, baud: number) => void) | undefined;
  #lines = { dtr: false, rts: false };
  #baud = 115200;
  #stopSettle: Cancel = () => undefined;
  #stopChatter: Cancel = () => undefined;
  readonly #clock = new RealClock();
  #frame: number[] = [];
  #inFrame = false;
  #escaped = false;
  #autoBaudDone = false;
  #lastOp = 0;
  #lastValue = 0;
  #registers = new Map<number, number>();
  #mem = 0;
  #write:
    { offset: number; size: number; blocks: number; blockBytes: number; seq: number; at: number } | undefined;
  #packed: Buffer[] = [];
  #packedSize = 0;
  #read: { bytes: Buffer; sent: number; acked: number; block: number; window: number } | undefined;
  readonly #options: FakeChipOptions;

  constructor(options: FakeChipOptions = {}) {
    this.#options = options;
    this.flash = new Uint8Array(options.flashBytes ?? 0x400000).fill(0xff);
    this.stubStarts = options.stubStarts ?? true;
    const efuse = options.efuse ?? [0x45d50000, 0x02000123, 0x6400b000, 0x005ccf7f];
    efuse.forEach((word, i) => this.#registers.set(0x3ff00050 + 4 * i, word));
    this.#registers.set(0x40001000, 0xfff0c101);
    if (options.chatter !== undefined) this.#chat(Buffer.from(options.chatter));
  }

  #chat(words: Buffer): void {
    this.#stopChatter = this.#clock.after(5, () => {
      if (this.mode === 'app') this.#transmit?.(words, 115200);
      this.#chat(words);
    });
  }

  /** The end of the cable that a link or a server takes. */
  get line(): BoardLine {
    return {
      receiveFromHost: (bytes, baud) => this.#receive(bytes, baud),
      onTransmit: (listener) => (this.#transmit = listener),
      setLines: (lines) => this.#setLines(lines),
    };
  }

  dispose(): void {
    this.#stopSettle();
    this.#stopChatter();
    this.#transmit = undefined;
  }

  #setLines(lines: { dtr: boolean; rts: boolean }): void {
    this.#lines = { dtr: lines.dtr, rts: lines.rts };
    if (this.#options.circuit === 'none') return;
    const enLow = lines.rts && !lines.dtr;
    if (enLow) {
      this.#stopSettle();
      this.mode = 'held';
    } else if (this.mode === 'held') {
      this.mode = 'settling';
      this.#stopSettle = this.#clock.after(SETTLE_MS, () => this.#latch());
    }
  }

  #latch(): void {
    const gpio0Low = this.#options.circuit !== 'en-only' && this.#lines.dtr && !this.#lines.rts;
    this.mode = gpio0Low ? 'rom' : 'app';
    this.bootModes.push(gpio0Low ? 1 : 3);
    this.#frame = [];
    this.#inFrame = false;
    this.#autoBaudDone = false;
    this.#lastOp = 0;
    this.#lastValue = 0;
    this.#write = undefined;
    this.#read = undefined;
    this.#send(
      Buffer.from(`\r\n ets Jan  8 2013,rst cause:2, boot mode:(${gpio0Low ? 1 : 3},6)\r\n\r\n`),
      ROM_BAUD,
    );
  }

  #receive(bytes: Uint8Array, baud: number): void {
    if (this.#options.deaf === true || (this.mode !== 'rom' && this.mode !== 'stub')) return;
    if (this.mode === 'rom' && !this.#autoBaudDone) {
      // Finding the rate costs the bytes it was found from.
      this.#autoBaudDone = true;
      this.#baud = baud;
      return;
    }
    const tooFast = this.mode === 'stub' && baud > (this.#options.highestBaud ?? Infinity);
    if (tooFast || !baudsMatch(baud, this.#baud)) return;
    for (const byte of bytes) this.#byte(byte);
  }

  #byte(byte: number): void {
    if (byte === 0xc0) {
      if (this.#inFrame && this.#frame.length > 0) {
        const frame = Buffer.from(this.#frame);
        this.#inFrame = false;
        this.#frame = [];
        this.#packet(frame);
      } else {
        this.#inFrame = true;
        this.#frame = [];
      }
      this.#escaped = false;
    } else if (this.#inFrame) {
      if (this.#escaped) {
        this.#frame.push(byte === 0xdc ? 0xc0 : byte === 0xdd ? 0xdb : byte);
        this.#escaped = false;
      } else if (byte === 0xdb) {
        this.#escaped = true;
      } else {
        this.#frame.push(byte);
      }
    }
  }

  #send(bytes: Uint8Array, baud = this.#baud): void {
    if (this.#options.mute !== true) this.#transmit?.(bytes, baud);
  }

  #sendFrame(payload: Buffer): void {
    const out = [0xc0];
    for (const byte of payload) {
      if (byte === 0xc0) out.push(0xdb, 0xdc);
      else if (byte === 0xdb) out.push(0xdb, 0xdd);
      else out.push(byte);
    }
    out.push(0xc0);
    this.#send(Uint8Array.from(out));
  }

  #reply(
    op: number,
    status: readonly [number, number],
    value = this.#lastValue,
    data = Buffer.alloc(0),
    times = 1,
  ): void {
    const head = Buffer.alloc(8);
    head[0] = 1;
    head[1] = op;
    head.writeUInt16LE(data.length + 2, 2);
    head.writeUInt32LE(value >>> 0, 4);
    for (let i = 0; i < times; i++) this.#sendFrame(Buffer.concat([head, data, Buffer.from(status)]));
  }

  #packet(frame: Buffer): void {
    if (this.#read !== undefined) {
      this.#acknowledge(frame);
      return;
    }
    if (frame.length < 8 || frame[0] !== 0 || frame.readUInt16LE(2) !== frame.length - 8) return;
    const op = frame[1]!;
    const checksum = frame.readUInt32LE(4) & 0xff;
    const data = frame.subarray(8);
    const script = this.onCommand?.(op, data);
    if (script === true) return;
    if (typeof script === 'number') {
      this.#reply(op, this.mode === 'rom' ? [1, script] : [script, 0]);
      return;
    }
    if (this.mode === 'rom') this.#romCommand(op, data, checksum);
    else this.#stubCommand(op, data, checksum);
  }

  #romCommand(op: number, data: Buffer, checksum: number): void {
    if (op < 2 || op > 0x0b) {
      this.#reply(this.#lastOp, [1, 5], undefined, undefined, this.#lastOp === 8 ? 8 : 1);
      return;
    }
    this.#lastOp = op;
    switch (op) {
      case 0x08:
        this.#lastValue = 0x20120707;
        {
          this.#reply(op, [0, 0], undefined, undefined, 8);
          return;
        }
      case 0x02:
        this.#romErase(data.readUInt32LE(12), data.readUInt32LE(0));
        this.#write = {
          offset: data.readUInt32LE(12),
          size: 0,
          blocks: data.readUInt32LE(4),
          blockBytes: data.readUInt32LE(8),
          seq: 0,
          at: data.readUInt32LE(12),
        };
        {
          this.#reply(op, [0, 5]);
          return;
        }
      case 0x03: {
        const write = this.#write;
        const payload = data.subarray(16);
        if (write === undefined || data.readUInt32LE(4) !== write.seq || payload.length > write.blockBytes) {
          this.#reply(op, [1, 5]);
          return;
        }
        write.seq++;
        if (xor(payload) !== checksum) {
          this.#reply(op, [1, 7]);
          return;
        }
        const same = this.#program(write.at, payload);
        write.at += payload.length;
        this.#reply(op, same ? [0, 5] : [1, 8]);
        return;
      }
      case 0x04:
        this.log.push('flash-end');
        this.mode = 'app';
        {
          this.#reply(op, [0, 0]);
          return;
        }
      default: {
        this.#common(op, data, checksum);
        return;
      }
    }
  }

  #stubCommand(op: number, data: Buffer, checksum: number): void {
    switch (op) {
      case 0x08:
        this.#lastValue = 0;
        {
          this.#reply(op, [0, 0]);
          return;
        }
      case 0x0f:
        this.#reply(op, [0, 0]);
        this.#baud = data.readUInt32LE(0);
        return;
      case 0x02:
      case 0x10: {
        const [size, blocks, blockBytes, offset] = [0, 4, 8, 12].map((at) => data.readUInt32LE(at)) as [
          number,
          number,
          number,
          number,
        ];
        this.#erase(offset, size);
        this.#write = { offset, size, blocks, blockBytes, seq: 0, at: offset };
        this.#packed = [];
        this.#packedSize = 0;
        this.#reply(op, [0, 0]);
        return;
      }
      case 0x03:
      case 0x11: {
        const write = this.#write;
        const payload = data.subarray(16);
        if (write === undefined) {
          this.#reply(op, [0xc6, 0]);
          return;
        }
        if (xor(payload) !== checksum) {
          this.#reply(op, [0xc1, 0]);
          return;
        }
        if (op === 0x11) {
          this.#packed.push(Buffer.from(payload));
          this.#packedSize += payload.length;
          if (this.#packedSize > write.blocks * write.blockBytes) {
            this.#reply(op, [0xc9, 0]);
            return;
          }
        } else {
          this.#program(write.at, payload.subarray(0, Math.max(0, write.offset + write.size - write.at)));
          write.at += payload.length;
        }
        this.#reply(op, [0, 0]);
        return;
      }
      case 0x04:
      case 0x12: {
        this.#reply(op, [this.#endWrite(op === 0x12), 0]);
        return;
      }
      case 0x13: {
        const bytes = this.flash.subarray(data.readUInt32LE(0), data.readUInt32LE(0) + data.readUInt32LE(4));
        this.#reply(op, [0, 0], 0, createHash('md5').update(bytes).digest());
        return;
      }
      case 0xd0:
        this.#erase(0, this.flash.length);
        {
          this.#reply(op, [0, 0]);
          return;
        }
      case 0xd1:
        this.#erase(data.readUInt32LE(0), data.readUInt32LE(4));
        {
          this.#reply(op, [0, 0]);
          return;
        }
      case 0xd2: {
        const offset = data.readUInt32LE(0);
        this.#reply(op, [0, 0]);
        const bytes = Buffer.from(this.flash.subarray(offset, offset + data.readUInt32LE(4)));
        this.#read = { bytes, sent: 0, acked: 0, block: data.readUInt32LE(8), window: data.readUInt32LE(12) };
        this.#pump();
        return;
      }
      case 0xd3:
        this.mode = 'app';
        return;
      default: {
        this.#common(op, data, checksum);
        return;
      }
    }
  }

  #common(op: number, data: Buffer, checksum: number): void {
    switch (op) {
      case 0x05:
        this.#mem = 0;
        {
          this.#reply(op, [0, 0]);
          return;
        }
      case 0x07:
        if (data.readUInt32LE(4) !== this.#mem++) {
          this.#reply(op, [1, 5]);
          return;
        }
        {
          this.#reply(op, xor(data.subarray(16)) === checksum ? [0, 0] : [1, 7]);
          return;
        }
      case 0x06:
        this.#reply(op, [0, 0]);
        if (this.stubStarts) {
          this.mode = 'stub';
          this.#clock.after(2, () => this.#sendFrame(Buffer.from('OHAI')));
        } else {
          this.mode = 'app';
        }
        return;
      case 0x09:
        for (let at = 0; at + 16 <= data.length; at += 16)
          this.#writeRegister(data.readUInt32LE(at), data.readUInt32LE(at + 4));
        {
          this.#reply(op, [0, 0]);
          return;
        }
      case 0x0a:
        this.#lastValue = this.#registers.get(data.readUInt32LE(0)) ?? 0;
        {
          this.#reply(op, [0, 0]);
          return;
        }
      case 0x0b: {
        this.#reply(op, [0, 0]);
        return;
      }
      default: {
        this.#reply(op, [this.mode === 'rom' ? 1 : 0xff, 5]);
        return;
      }
    }
  }

  #writeEnabled = false;

  #writeRegister(addr: number, value: number): void {
    this.#registers.set(addr, value);
    if (addr === 0x60000200) {
      if ((value & (1 << 30)) !== 0) this.#writeEnabled = true;
      if ((value & (1 << 24)) !== 0 && this.#writeEnabled) {
        this.#writeEnabled = false;
        this.#erase((this.#registers.get(0x60000204) ?? 0) & 0xfff000, SECTOR);
      }
      if (value >>> 31 === 1) {
        const [where, count] = [
          (this.#registers.get(0x60000204) ?? 0) & 0xffffff,
          (this.#registers.get(0x60000204) ?? 0) >>> 24,
        ];
        const bytes = Buffer.from(this.flash.subarray(where, where + count));
        for (let i = 0; i + 4 <= count; i += 4) this.#registers.set(0x60000240 + i, bytes.readUInt32LE(i));
      }
      this.#registers.set(addr, 0);
      if ((value & (1 << 27)) !== 0) this.#registers.set(0x60000210, this.#writeEnabled ? 2 : 0);
    }
    // SPI_CMD with USR: the only transaction asked of it is RDID, eight command bits, 24 bits in.
    if (addr === 0x60000200 && (value & (1 << 18)) !== 0) {
      const isRdid = ((this.#registers.get(0x60000224) ?? 0) & 0xffff) === 0x9f;
      const bits = (((this.#registers.get(0x60000220) ?? 0) >>> 8) & 0x1ff) + 1;
      const id = this.#options.flashId ?? 0x1640ef;
      this.#registers.set(0x60000240, isRdid ? (bits >= 24 ? id : id & ((1 << bits) - 1)) : 0);
      this.#registers.set(0x60000200, 0);
    }
  }

  /** The ROM's mistake: sectors up to the 64 KiB border, and then the full count again. */
  #romErase(offset: number, size: number): void {
    const n = Math.ceil(size / SECTOR);
    const first = Math.floor(offset / SECTOR);
    const head = Math.min(16 - (first % 16), n);
    this.#erase(offset, (head + n) * SECTOR);
  }

  #erase(offset: number, size: number): void {
    const end = Math.ceil((offset + size) / SECTOR) * SECTOR;
    if (size === 0) return;
    this.log.push(`erase ${offset.toString(16)} ${(end - offset).toString(16)}`);
    this.sectorsErased += (end - offset) / SECTOR;
    this.flash.fill(0xff, offset, end);
  }

  /** Programming only clears bits. Tells whether the flash now holds the bytes. */
  #program(offset: number, payload: Buffer): boolean {
    const bytes = Buffer.from(payload);
    this.onProgram?.(offset, bytes);
    this.bytesProgrammed += bytes.length;
    for (let i = 0; i < bytes.length; i++) this.flash[offset + i]! &= bytes[i]!;
    return payload.equals(this.flash.subarray(offset, offset + payload.length));
  }

  #endWrite(packed: boolean): number {
    const write = this.#write;
    this.#write = undefined;
    if (write === undefined) return 0xc6;
    if (!packed) return write.at - write.offset >= write.size ? 0 : 0xc8;
    try {
      const bytes = inflateSync(Buffer.concat(this.#packed));
      this.#program(write.offset, bytes.subarray(0, write.size));
      return bytes.length === write.size ? 0 : bytes.length < write.size ? 0xc8 : 0xc9;
    } catch {
      return 0xc7;
    }
  }

  #pump(): void {
    const read = this.#read!;
    while (read.sent < read.bytes.length && read.sent - read.acked < read.window * read.block) {
      const part = read.bytes.subarray(read.sent, read.sent + read.block);
      read.sent += part.length;
      this.#sendFrame(Buffer.from(part));
    }
  }

  #acknowledge(frame: Buffer): void {
    const read = this.#read!;
    if (frame.length !== 4) {
      // A request in the middle: the stub has been left behind; take it as the end of the read.
      this.#read = undefined;
      this.#packet(frame);
      return;
    }
    read.acked = frame.readUInt32LE(0);
    if (read.acked >= read.bytes.length) {
      this.#read = undefined;
      this.#sendFrame(createHash('md5').update(read.bytes).digest());
    } else {
      this.#pump();
    }
  }
}

function xor(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum ^ byte, 0xef);
}
