import type { Board, SliceRunner } from '../emulator/board';
import { dumpRegisters } from '../emulator/debug/dump';
import { GdbSession, type GdbStop } from '../emulator/debug/gdb-server';
import { Profiler, type Profile } from '../emulator/debug/profiler';
import { romNames, romSymbols } from '../emulator/debug/rom-symbols';
import { SymbolTable } from '../emulator/debug/symbols';
import { Tracer } from '../emulator/debug/tracer';
import type { BoardDebugOptions, FromBoard, TraceSummary } from './board-messages';
import { TraceFile } from './trace-file';

/** Virtual time that one step of a debugger may take: a core in WAITI steps over its sleep. */
const STEP_LIMIT_NANOS = 1_000_000_000;
const TRACED_SLOWER = 16;

/** What whoever runs the board does for its debugger. */
export interface DebugHooks {
  readonly post: (message: FromBoard) => void;
  /** The reset button; a fault is over then. */
  readonly pressReset: () => void;
}

/**
 * Everything that watches one board in its thread: trace, profile, debugger. `run` stands in for `board.runFor`; a
 * board that nobody watches goes through it untouched.
 */
export class BoardDebug {
  private readonly board: Board;
  private readonly options: BoardDebugOptions;
  private readonly hooks: DebugHooks;
  private readonly tracer: Tracer | undefined;
  private readonly traceFile: TraceFile | undefined;
  private readonly profiler: Profiler | undefined;
  private symbolTable: SymbolTable | undefined;
  private session: GdbSession | undefined;
  private mode: 'running' | 'halted' | 'resume' | 'step';
  private hasFault = false;
  private isFinished = false;

  /** @throws UsageError ESPRIG_USAGE_FILE when the trace cannot be written */
  constructor(board: Board, options: BoardDebugOptions, hooks: DebugHooks) {
    this.board = board;
    this.options = options;
    this.hooks = hooks;
    this.mode = options.waitForDebugger === true ? 'halted' : 'running';
    const { trace } = options;
    if (trace !== undefined) {
      this.traceFile = trace.file === undefined ? undefined : new TraceFile(trace.file);
      this.tracer = new Tracer(board, {
        symbols: this.symbols,
        romNames: board.config.romImage ? undefined : romNames(),
        onLine: trace.last === undefined ? (line) => this.traceFile?.line(line) : undefined,
        last: trace.last,
      });
      board.sliceRunner = this.tracer;
    }
    if (options.profile === true) {
      this.profiler = new Profiler(board.cpu, board.sliceRunner);
      board.sliceRunner = this.profiler;
    }
  }

  /** A debugger keeps the board at rest. */
  get isHalted(): boolean {
    return this.mode === 'halted';
  }

  /** Lets the board run for so long at most, as far as a debugger allows. @throws EmulatorFault */
  run(nanos: number): void {
    const { board } = this;
    if (this.mode === 'halted') return;
    if (this.mode === 'step') {
      this.stepOnce();
      this.halt('step');
      return;
    }
    if (this.mode === 'resume') {
      this.mode = 'running';
      // The breakpoint that the board rests on has been told already.
      if (board.cpu.codeTable.hasBreakpoint(board.cpu.pc)) this.stepOnce();
    }
    // A traced board is slow: it must come back often enough to read its mail.
    const end = board.runFor(this.tracer === undefined ? nanos : nanos / TRACED_SLOWER);
    if (end === 'stopped' && this.session !== undefined) this.halt('breakpoint');
    else if (end === 'power-off' && this.session !== undefined) this.halt('power-off');
  }

  noteReset(kind: string): void {
    this.hasFault = false;
    this.tracer?.note(`reset (${kind})`);
  }

  /** The board met a fault: what there is to show of it. */
  faulted(message: string): { readonly dump: readonly string[]; readonly lastSteps: readonly string[] } {
    this.hasFault = true;
    if (this.options.trace?.last === undefined) this.traceFile?.flush();
    if (this.session !== undefined) this.halt('fault', `esprig: ${message}`);
    return {
      dump: dumpRegisters(this.board, this.symbols),
      lastSteps: this.tracer?.lastLines() ?? [],
    };
  }

  profile(): Profile | undefined {
    return this.profiler?.profile(this.symbols);
  }

  /** Writes what there is of the trace and closes its file. */
  finishTrace(): TraceSummary | undefined {
    const { tracer, traceFile } = this;
    if (tracer === undefined) return undefined;
    const kept = this.options.trace?.last === undefined ? [] : tracer.lastLines();
    if (traceFile === undefined) return { file: undefined, lines: kept.length, bytes: 0 };
    if (!this.isFinished) for (const line of kept) traceFile.line(line);
    this.isFinished = true;
    return traceFile.finish();
  }

  // --- debugger -----------------------------------------------------------------------------------------------------

  /** A debugger came: the board comes to rest. */
  openLink(): void {
    this.mode = 'halted';
    this.session?.end();
    const session = new GdbSession(this.board, {
      send: (bytes) => this.hooks.post({ kind: 'debugger-bytes', bytes }),
      resume: () => this.goOn('resume'),
      step: () => this.goOn('step'),
      interrupt: () => this.halt('interrupted'),
      reset: () => this.resetToFirstInstruction(),
      leave: (how) => {
        this.closeLink();
        // Who kills the program does not want to see it run on.
        if (how === 'kill') this.mode = 'halted';
        this.hooks.post({ kind: 'debugger-left', how });
      },
    });
    this.session = session;
    if (this.hasFault) session.stopped('fault');
  }

  receive(bytes: Uint8Array): void {
    this.session?.receive(bytes);
  }

  /** The debugger has gone: the board runs on without it. */
  closeLink(): void {
    if (this.session === undefined) return;
    this.session.end();
    this.session = undefined;
    this.mode = 'running';
  }

  private goOn(how: 'resume' | 'step'): void {
    if (this.hasFault)
      this.halt('fault', 'esprig: the board stopped at a fault; "monitor reset" starts it anew');
    else if (!this.board.isPowered) this.halt('power-off', 'esprig: the board has no power');
    else this.mode = how;
  }

  private halt(why: GdbStop, text?: string): void {
    this.mode = 'halted';
    this.session?.stopped(why, text);
  }

  /** One instruction. Interrupts wait, so that a step stays in the program, unless the core sleeps until one comes. */
  private stepOnce(): void {
    const { cpu } = this.board;
    this.withSliceRunner(
      {
        runSlice: (untilTicks) => {
          if (cpu.waiting && !cpu.takeDueInterrupt()) {
            cpu.time.passUntil(untilTicks);
            return;
          }
          if (this.tracer) this.tracer.step(untilTicks);
          else cpu.stepSlice(untilTicks);
          this.board.stop();
        },
      },
      STEP_LIMIT_NANOS,
    );
  }

  /** Presses reset and lets time pass until the first instruction is due. */
  private resetToFirstInstruction(): void {
    this.hooks.pressReset();
    this.withSliceRunner({ runSlice: () => this.board.stop() }, STEP_LIMIT_NANOS);
  }

  private withSliceRunner(runner: SliceRunner, forNanos: number): void {
    const { board } = this;
    const usual = board.sliceRunner;
    board.sliceRunner = runner;
    try {
      board.runFor(forNanos);
    } finally {
      board.sliceRunner = usual;
    }
  }

  /** Made when it is first needed: a board that is not watched starts without it. */
  private get symbols(): SymbolTable {
    this.symbolTable ??= new SymbolTable([
      ...(this.board.config.romImage ? [] : romSymbols()),
      ...(this.options.symbols ?? []),
    ]);
    return this.symbolTable;
  }
}
