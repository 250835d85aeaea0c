import { IRAM_BASE, IRAM_SIZE } from '../../chip/esp8266';
import { Board, type BoardSnapshot, type RunEnd } from '../board';
import type { BoardConfig } from '../board-config';
import { assemble, type Assembled } from '../cpu/assemble';
import { microsToTicks } from '../time';
import { buildImage } from './image-builder';
import { SerialText } from './serial-text';

/** `j .`: the program of the image that the ROM boots. */
const IDLE = Uint8Array.of(0x06, 0xff, 0xff, 0);
/** Where programs are put, behind the booted image's code. */
export const PROGRAM_ADDR = 0x40101000;
/** Top of the programs' stack. */
export const PROGRAM_STACK_ADDR = 0x3fffa000;
const REGISTER_ARGUMENTS = 6;

/** A board that its own ROM has booted, for guest programs in assembler. */
export class ProgramBoard {
  readonly board: Board;
  readonly serial: SerialText;
  private readonly booted: BoardSnapshot;
  private labels: ReadonlyMap<string, number> = new Map();

  constructor(config: Partial<BoardConfig> = {}) {
    this.board = new Board(config);
    this.serial = new SerialText(this.board);
    this.board.programFlash(
      0,
      buildImage([{ loadAddr: IRAM_BASE, data: IDLE }], { entryAddr: IRAM_BASE, mode: 2 }),
    );
    this.board.powerOn();
    this.board.cpu.codeTable.setBreakpoint(IRAM_BASE);
    const end = this.board.runFor(1e9);
    if (end !== 'stopped') throw new Error(`the ROM did not boot: ${end}, ${this.serial.text}`);
    this.board.cpu.codeTable.clearBreakpoint(IRAM_BASE);
    // The last characters of the boot are still on the line.
    this.board.runFor(1e6);
    this.serial.clear();
    this.booted = this.board.save();
  }

  get cpu(): Board['cpu'] {
    return this.board.cpu;
  }

  /** As the ROM left the board when it called the entry. */
  rewind(): void {
    this.board.restore(this.booted);
    this.serial.clear();
  }

  /** Assembles a program into IRAM and stands on its first instruction (label `begin` if there is one). */
  load(source: string, addr = PROGRAM_ADDR, symbols: Readonly<Record<string, number>> = {}): Assembled {
    const program = assemble(source, addr, symbols);
    if (addr + program.bytes.length > IRAM_BASE + IRAM_SIZE) throw new Error('the program does not fit IRAM');
    this.board.memory.region('iram').set(program.bytes, addr - IRAM_BASE);
    this.cpu.codeTable.invalidate(addr, program.bytes.length);
    this.labels = program.labels;
    this.cpu.pc = program.labels.get('begin') ?? addr;
    this.cpu.ar[1] = PROGRAM_STACK_ADDR;
    return program;
  }

  addrOf(label: string): number {
    const addr = this.labels.get(label);
    if (addr === undefined) throw new Error(`the program has no label ${label}`);
    return addr;
  }

  /** Runs until the instruction at `label` is the next one. */
  runTo(label: string, forMicros = 1_000_000): void {
    const addr = this.addrOf(label);
    this.cpu.codeTable.setBreakpoint(addr);
    try {
      const end = this.run(forMicros);
      if (end !== 'stopped' || this.cpu.pc !== addr) {
        throw new Error(
          `${label} was not reached (${end}): pc 0x${this.cpu.pc.toString(16)}, said ${JSON.stringify(this.serial.text)}`,
        );
      }
    } finally {
      this.cpu.codeTable.clearBreakpoint(addr);
    }
  }

  /** Loads, and runs until label `end`. */
  runProgram(source: string, forMicros = 1_000_000): void {
    this.load(source);
    this.runTo('end', forMicros);
  }

  /** Calls a function as C does (a2-a7, then the stack) and answers what it returns. */
  call(addr: number, args: readonly number[] = [], forMicros = 1_000_000): number {
    this.load('callx0 a8\nend: j end');
    this.cpu.ar[8] = addr;
    args.forEach((arg, index) => {
      if (index < REGISTER_ARGUMENTS) this.cpu.ar[2 + index] = arg;
      else this.setWord(PROGRAM_STACK_ADDR + 4 * (index - REGISTER_ARGUMENTS), arg);
    });
    this.runTo('end', forMicros);
    return this.cpu.ar[2]! >>> 0;
  }

  run(forMicros: number): RunEnd {
    return this.board.runUntil(this.board.nowTicks + microsToTicks(forMicros));
  }

  word(addr: number): number {
    return this.board.memory.words[this.board.bus.locate(addr) >> 2]! >>> 0;
  }

  setWord(addr: number, value: number): void {
    this.board.memory.words[this.board.bus.locate(addr) >> 2] = value;
  }

  /** Bytes of RAM or RTC memory. */
  bytes(addr: number, length: number): Uint8Array {
    const at = this.board.bus.locate(addr);
    return this.board.memory.bytes.slice(at, at + length);
  }

  setBytes(addr: number, bytes: Uint8Array): void {
    this.board.memory.bytes.set(bytes, this.board.bus.locate(addr));
  }

  setText(addr: number, text: string): void {
    this.setBytes(
      addr,
      Uint8Array.from(text + '\0', (character) => character.charCodeAt(0)),
    );
  }
}
