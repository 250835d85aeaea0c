import type { Board, SliceRunner } from '../board';
import type { Cpu } from '../cpu/cpu';
import { REG } from '../cpu/registers';
import { skipSteadyLoop } from '../cpu/steady-loop';
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
/** A jump back over no more than this may close a loop that only waits. */
const NEAR_BYTES = 120;
const WORTH_SKIPPING_CYCLES = 100;
/** What a turn of such a loop leaves as it was: a0-a15, SAR and PS. */
const LOOP_WORDS = REG.LITBASE + 1;

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
  private readonly watched: Int32Array;
  private readonly loopRegs = new Int32Array(LOOP_WORDS);
  private loopPc = -1;
  /** The CPU stands at loopPc and the last turn changed nothing. */
  private loopWaits = false;
  /** It does more than the registers show. */
  private loopDiffers = false;

  constructor(board: Board, options: TracerOptions = {}) {
    this.cpu = board.cpu;
    this.watched = board.cpu.regs.subarray(0, TRACED_WORDS);
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
    if (cpu.waiting) cpu.time.passUntil(untilTicks);
    else if (cpu.codeTable.hasBreakpoint(cpu.pc)) cpu.stopRequested = true;
    else if (!this.loopWaits || !this.skipWait(untilTicks)) {
      const { pc } = cpu;
      this.step(untilTicks);
      if (cpu.pc <= pc && pc - cpu.pc <= NEAR_BYTES) this.turned();
    }
  }

  /** One instruction, also under a breakpoint; interrupts are the caller's. */
  step(untilTicks: number): void {
    const { cpu } = this;
    const record = this.begin('instruction');
    record.romCall = cpu.codeTable.romCallAtAddr(record.pc)?.name;
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

  /** A short way back: perhaps a loop; the second time in the same state it is one that only waits. */
  private turned(): void {
    const { regs, pc } = this.cpu;
    let isSame = pc === this.loopPc;
    for (let i = 0; isSame && i < LOOP_WORDS; i++) isSame = i === REG.LEFT || regs[i] === this.loopRegs[i];
    this.loopWaits = isSame && !this.loopDiffers;
    if (isSame) return;
    for (let i = 0; i < LOOP_WORDS; i++) this.loopRegs[i] = regs[i]!;
    this.loopPc = pc;
    this.loopDiffers = false;
  }

  /**
   * A loop that only waits is not written out for ever: one line says for how many cycles it goes on. The state
   * afterwards is exactly the same (cpu/steady-loop.ts).
   */
  private skipWait(untilTicks: number): boolean {
    const { cpu } = this;
    this.loopWaits = false;
    const cycles = cpu.time.cyclesUntil(untilTicks);
    if (cpu.pc !== this.loopPc || cycles < WORTH_SKIPPING_CYCLES) return false;
    const passed = skipSteadyLoop(cpu, cycles);
    if (passed < WORTH_SKIPPING_CYCLES) this.loopDiffers = true;
    if (passed > 0) this.note(`the same again for ${passed} cycles`);
    return passed > 0;
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
    record.before.set(this.watched);
    return record;
  }

  private end(record: TraceRecord): void {
    const { cpu } = this;
    record.nextPc = cpu.pc;
    record.after.set(this.watched);
    if (this.onLine !== undefined) this.formatter.format(record, this.onLine);
  }

  private wordAt(pc: number): number | undefined {
    const at = this.bus.locate(pc);
    if (at < 0) return undefined;
    const { bytes } = this.memory;
    return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
  }
}
