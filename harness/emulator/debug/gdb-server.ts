import type { Board } from '../board';
import { peekMemory, pokeMemory } from './gdb-memory';
import {
  ACK,
  bytesOfHex,
  framePacket,
  GdbDeframer,
  hexOf,
  latin1Bytes,
  latin1Text,
  NAK,
} from './gdb-packets';
import { GDB_REGISTER_COUNT, readGdbRegister, writeGdbRegister } from './gdb-registers';

/** What the debugger makes the board do; whoever runs the board does it (host/). */
export interface GdbControl {
  /** Bytes to the debugger. */
  send(bytes: Uint8Array): void;
  /** Go on; `stopped` is called when the board comes to rest again. */
  resume(): void;
  /** One instruction, then `stopped`. */
  step(): void;
  /** Come to rest, then `stopped`. */
  interrupt(): void;
  /** The reset button; the board stays at rest. */
  reset(): void;
  /** The debugger has left or wants the program to end. */
  leave(how: 'detach' | 'kill'): void;
}

/** Why the board came to rest, as the signal that GDB shows. */
export type GdbStop = 'interrupted' | 'breakpoint' | 'step' | 'fault' | 'power-off';

const SIGNALS: Readonly<Record<GdbStop, number>> = {
  interrupted: 2, // SIGINT
  breakpoint: 5, // SIGTRAP
  step: 5,
  fault: 11, // SIGSEGV
  'power-off': 30, // SIGPWR
};
/** Announced as PacketSize: characters of a packet. */
const MAX_PACKET_BYTES = 0x4000;
const MAX_READ_BYTES = MAX_PACKET_BYTES / 2 - 4;
const ERROR_ARGUMENT = 'E01';
const ERROR_ADDRESS = 'E14';
const MONITOR_HELP = 'monitor commands: reset (press the reset button), help\n';

/**
 * One debugger's session with one board, as bytes in and bytes out: the GDB remote serial protocol with the register
 * layout of qemu-system-xtensa's lx106. Breakpoints never touch the guest's memory, so they work in flash too.
 */
export class GdbSession {
  private readonly board: Board;
  private readonly control: GdbControl;
  private readonly deframer = new GdbDeframer(MAX_PACKET_BYTES);
  private readonly breakpoints = new Set<number>();
  private acknowledges = true;
  /** The board runs and the debugger waits for a stop reply. */
  private isRunning = false;
  private isOver = false;
  private lastStop: GdbStop = 'breakpoint';
  private lastSent: Uint8Array | undefined;

  /** The board is at rest, and `control` keeps it there until the debugger says otherwise. */
  constructor(board: Board, control: GdbControl) {
    this.board = board;
    this.control = control;
  }

  receive(bytes: Uint8Array): void {
    for (const input of this.deframer.feed(bytes)) {
      if (this.isOver) return;
      switch (input.kind) {
        case 'interrupt':
          if (this.isRunning) this.control.interrupt();
          break;
        case 'nak':
          if (this.lastSent) this.control.send(this.lastSent);
          break;
        case 'bad-checksum':
          if (this.acknowledges) this.control.send(NAK);
          break;
        case 'too-long':
          if (this.acknowledges) this.control.send(ACK);
          this.reply(ERROR_ARGUMENT);
          break;
        case 'packet':
          if (this.acknowledges) this.control.send(ACK);
          this.handle(input.payload);
          break;
        case 'ack':
      }
    }
  }

  /** The board has come to rest; `text` is shown to the person. */
  stopped(why: GdbStop, text?: string): void {
    this.lastStop = why;
    if (!this.isRunning) return;
    this.isRunning = false;
    if (text !== undefined) this.reply(`O${hexOf(latin1Bytes(`${text}\n`))}`);
    this.reply(this.stopReply());
  }

  /** Takes the session's breakpoints out of the board. */
  end(): void {
    this.isOver = true;
    for (const addr of this.breakpoints) this.board.cpu.codeTable.clearBreakpoint(addr);
    this.breakpoints.clear();
  }

  // --- packets ------------------------------------------------------------------------------------------------------

  private handle(payload: Uint8Array): void {
    const text = latin1Text(payload);
    const rest = text.slice(1);
    switch (text[0]) {
      case '?':
        return this.reply(this.stopReply());
      case 'g':
        return this.reply(hexOf(this.registers()));
      case 'G':
        return this.replyOk(this.writeRegisters(rest));
      case 'p':
        return this.readRegister(parseInt(rest, 16));
      case 'P':
        return this.replyOk(this.writeRegister(rest));
      case 'm':
        return this.readMemory(rest);
      case 'M':
        return this.writeHex(rest);
      case 'X':
        return this.writeBinary(payload);
      case 'Z':
      case 'z':
        return this.breakpoint(rest, text[0] === 'Z');
      case 'c':
        return this.goOn(rest);
      case 's':
        return this.goOn(rest, true);
      case 'C': // with a signal: there is nobody to deliver it to
        return this.goOn(rest.split(';')[1] ?? '');
      case 'S':
        return this.goOn(rest.split(';')[1] ?? '', true);
      case 'v':
        return this.verbose(text);
      case 'q':
      case 'Q':
        return this.query(text);
      case 'H':
      case 'T':
        return this.reply('OK');
      case 'D':
        this.reply('OK');
        return this.leave('detach');
      case 'k':
        return this.leave('kill');
      default:
        // An empty reply means: not supported.
        return this.reply('');
    }
  }

  private query(text: string): void {
    if (text.startsWith('qSupported')) {
      return this.reply(
        `PacketSize=${MAX_PACKET_BYTES.toString(16)};QStartNoAckMode+;swbreak+;hwbreak+;vContSupported+`,
      );
    }
    if (text === 'QStartNoAckMode') {
      this.reply('OK');
      this.acknowledges = false;
      return;
    }
    if (text.startsWith('qRcmd,')) return this.monitor(text.slice('qRcmd,'.length));
    const fixed: Readonly<Record<string, string>> = {
      qC: 'QC01',
      qAttached: '1',
      qfThreadInfo: 'm01',
      qsThreadInfo: 'l',
      qSymbol: 'OK',
    };
    this.reply(fixed[text.split(':')[0]!] ?? '');
  }

  private verbose(text: string): void {
    if (text === 'vCont?') return this.reply('vCont;c;C;s;S');
    if (text.startsWith('vKill')) {
      this.reply('OK');
      return this.leave('kill');
    }
    if (!text.startsWith('vCont;')) return this.reply('');
    // One thread: the first action is for it.
    const action = text['vCont;'.length]?.toLowerCase();
    if (action === 'c' || action === 's') return this.goOn('', action === 's');
    this.reply(ERROR_ARGUMENT);
  }

  private monitor(hex: string): void {
    const command = latin1Text(bytesOfHex(hex) ?? new Uint8Array()).trim();
    if (command === 'reset') {
      this.control.reset();
      return this.reply('OK');
    }
    this.reply(hexOf(latin1Bytes(MONITOR_HELP)));
  }

  private goOn(addrText: string, oneInstruction = false): void {
    if (addrText !== '') {
      if (!/^[0-9a-f]{1,8}$/i.test(addrText)) return this.reply(ERROR_ARGUMENT);
      this.board.cpu.pc = parseInt(addrText, 16);
    }
    this.isRunning = true;
    if (oneInstruction) this.control.step();
    else this.control.resume();
  }

  private leave(how: 'detach' | 'kill'): void {
    this.end();
    this.control.leave(how);
  }

  private stopReply(): string {
    const signal = SIGNALS[this.lastStop].toString(16).padStart(2, '0');
    return `T${signal}thread:01;`;
  }

  // --- registers ----------------------------------------------------------------------------------------------------

  private registers(): Uint8Array {
    const bytes = new Uint8Array(GDB_REGISTER_COUNT * 4);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < GDB_REGISTER_COUNT; i++)
      view.setUint32(4 * i, readGdbRegister(this.board.cpu, i), true);
    return bytes;
  }

  /** As many registers as the packet holds. */
  private writeRegisters(hex: string): boolean {
    const bytes = bytesOfHex(hex);
    if (bytes === undefined || bytes.length === 0 || bytes.length % 4 !== 0) return false;
    const view = new DataView(bytes.buffer);
    const count = Math.min(GDB_REGISTER_COUNT, bytes.length / 4);
    for (let i = 0; i < count; i++) writeGdbRegister(this.board.cpu, i, view.getUint32(4 * i, true));
    return true;
  }

  private readRegister(index: number): void {
    if (!(index >= 0 && index < GDB_REGISTER_COUNT)) return this.reply(ERROR_ARGUMENT);
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, readGdbRegister(this.board.cpu, index), true);
    this.reply(hexOf(bytes));
  }

  private writeRegister(text: string): boolean {
    const [indexText = '', hex = ''] = text.split('=');
    const index = parseInt(indexText, 16);
    const bytes = bytesOfHex(hex);
    if (!(index >= 0 && index < GDB_REGISTER_COUNT) || bytes?.length !== 4) return false;
    writeGdbRegister(this.board.cpu, index, new DataView(bytes.buffer).getUint32(0, true));
    return true;
  }

  // --- memory -------------------------------------------------------------------------------------------------------

  private readMemory(text: string): void {
    const range = parseRange(text);
    if (range === undefined || range.length > MAX_READ_BYTES) return this.reply(ERROR_ARGUMENT);
    const bytes = peekMemory(this.board, range.addr, range.length);
    this.reply(bytes === undefined ? ERROR_ADDRESS : hexOf(bytes));
  }

  private writeHex(text: string): void {
    const colon = text.indexOf(':');
    const bytes = bytesOfHex(text.slice(colon + 1));
    const range = parseRange(text.slice(0, colon));
    if (colon < 0 || range === undefined || bytes?.length !== range.length) return this.reply(ERROR_ARGUMENT);
    this.reply(pokeMemory(this.board, range.addr, bytes) ? 'OK' : ERROR_ADDRESS);
  }

  private writeBinary(payload: Uint8Array): void {
    const colon = payload.indexOf(0x3a);
    const range = parseRange(latin1Text(payload.subarray(1, Math.max(1, colon))));
    const bytes = payload.subarray(colon + 1);
    if (colon < 0 || range === undefined || bytes.length !== range.length) return this.reply(ERROR_ARGUMENT);
    this.reply(pokeMemory(this.board, range.addr, bytes) ? 'OK' : ERROR_ADDRESS);
  }

  private breakpoint(text: string, isSet: boolean): void {
    const [kind, addrText = ''] = text.split(',');
    // Software and hardware breakpoints are one thing here; watchpoints there are none.
    if (kind !== '0' && kind !== '1') return this.reply('');
    if (!/^[0-9a-f]{1,8}$/i.test(addrText)) return this.reply(ERROR_ARGUMENT);
    const addr = parseInt(addrText, 16);
    if (isSet) {
      this.breakpoints.add(addr);
      this.board.cpu.codeTable.setBreakpoint(addr);
    } else if (this.breakpoints.delete(addr)) this.board.cpu.codeTable.clearBreakpoint(addr);
    this.reply('OK');
  }

  // --- replies ------------------------------------------------------------------------------------------------------

  private replyOk(isGood: boolean): void {
    this.reply(isGood ? 'OK' : ERROR_ARGUMENT);
  }

  private reply(payload: string): void {
    this.lastSent = framePacket(payload);
    this.control.send(this.lastSent);
  }
}

function parseRange(text: string): { readonly addr: number; readonly length: number } | undefined {
  const match = /^([0-9a-f]{1,8}),([0-9a-f]{1,6})$/i.exec(text);
  return match ? { addr: parseInt(match[1]!, 16), length: parseInt(match[2]!, 16) } : undefined;
}
