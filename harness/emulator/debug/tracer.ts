import type { Board, SliceRunner } from '../board';
import type { Cpu } from '../cpu/cpu';
import { TraceFormatter } from './trace-format';
import { TRACED_WORDS, TraceRing, type TraceRecord } from './trace-record';
import type { SymbolTable } from './symbols';

export interface TracerOptions {
  readonly symbols?: SymbolTable | undefined;
  /** Names of our own boot ROM's functions; leave them out for a user's ROM. */
  readonly romNames?: ReadonlyMap<number, string> | undefined;
  /** Takes every line as it comes. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Steps to remember for `lastLines`. */
  readonly last?: number | undefined;
}

const DEFAULT_LAST = 32;

/**
 * Runs the CPU one instruction at a time and tells what each did. A traced run is the same to the cycle as one that is
 * not traced, only slower; without a tracer nothing of this is on the CPU's way.
 */
export class Tracer implements SliceRunner {
  private readonly cpu: Cpu;
  private readonly memory: Board['memory'];
  private readonly bus: Board['bus'];
  private readonly makeFormatter: () => TraceFormatter;
  private readonly onLine: ((line: string) => void) | undefined;
  private readonly formatter: TraceFormatter;
  private readonly ring: TraceRing;

  constructor(board: Board, options: TracerOptions = {}) {
    this.cpu = board.cpu;
    this.memory = board.memory;
    this.bus = board.bus;
    this.makeFormatter = () => new TraceFormatter(options.symbols, options.romNames);
    this.onLine = options.onLine;
    this.formatter = this.makeFormatter();
    this.ring = new TraceRing(Math.max(1, options.last ?? DEFAULT_LAST));
  }

  runSlice(untilTicks: number): void {
    const { cpu } = this;
    if (cpu.interruptDue) this.takeInterrupt();
    if (cpu.waiting) cpu.passUntil(untilTicks);
    else if (cpu.hasBreakpoint(cpu.pc)) cpu.stopRequested = true;
    else this.step(untilTicks);
  }

  /** One instruction, also under a breakpoint; interrupts are the caller's. */
  step(untilTicks: number): void {
    const { cpu } = this;
    const record = this.begin('instruction');
    record.romCall = cpu.romCallAtAddr(record.pc)?.name;
    record.word = this.wordAt(record.pc);
    record.isUnfinished = true;
    try {
      cpu.stepSlice(untilTicks);
      record.isUnfinished = false;
    } finally {
      this.end(record);
    }
  }

  /** A line of its own: a reset, for example. */
  note(text: string): void {
    const record = this.begin('note');
    record.note = text;
    this.end(record);
  }

  /** What was remembered, oldest first. */
  lastLines(): readonly string[] {
    const lines: string[] = [];
    const formatter = this.makeFormatter();
    for (const record of this.ring) formatter.format(record, (line) => lines.push(line));
    return lines;
  }

  private takeInterrupt(): void {
    const record = this.begin('interrupt');
    this.cpu.takeDueInterrupt();
    this.end(record);
  }

  private begin(kind: TraceRecord['kind']): TraceRecord {
    const { cpu } = this;
    const record = this.ring.next();
    record.kind = kind;
    record.cycle = cpu.nowCycles;
    record.pc = cpu.pc;
    record.isUnfinished = false;
    for (let i = 0; i < TRACED_WORDS; i++) record.before[i] = cpu.regs[i]!;
    return record;
  }

  private end(record: TraceRecord): void {
    const { cpu } = this;
    record.nextPc = cpu.pc;
    for (let i = 0; i < TRACED_WORDS; i++) record.after[i] = cpu.regs[i]!;
    if (this.onLine !== undefined) this.formatter.format(record, this.onLine);
  }

  private wordAt(pc: number): number | undefined {
    const at = this.bus.locate(pc);
    if (at < 0) return undefined;
    const { bytes } = this.memory;
    return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
  }
}
