import { performance } from 'node:perf_hooks';
import { Board } from '../emulator/board';
import { EmulatorFault } from '../emulator/fault';
import { ticksToNanos } from '../emulator/time';
import { isEsprigError } from '../core/errors';
import { BoardAir } from './air';
import { BoardDebug } from './board-debug';
import type { BoardActName, BoardActs, BoardThreadData, FromBoard, ToBoard } from './board-messages';
import { LineInbox } from './line-inbox';

/** Virtual time between two looks at the wall clock, and wall time between two looks at the mail. */
const CHUNK_NANOS = 1_000_000;
const TURN_MS = 4;
/** Shorter idle times are saved up: a timer cannot sleep for less. */
const SHORTEST_SLEEP_NANOS = 2_000_000;
const LONGEST_SLEEP_MS = 250;
/** Idle time that a board nobody is attached to skips before it walks, too: or one left alone would race for ever. */
const LONGEST_LEAP_NANOS = 3600e9;
/** Serial bytes that are put into one message. */
const SERIAL_CHUNK_BYTES = 4096;

/**
 * Runs one board against the wall clock and a mailbox. Work is done as fast as this machine can; only idle time is
 * walked through with the wall clock, and only while somebody outside is attached or nobody came for long (`auto`).
 */
export class BoardRunner {
  readonly board: Board;
  private readonly pacing: BoardThreadData['pacing'];
  private readonly post: (message: FromBoard) => void;
  private readonly debug: BoardDebug;
  private readonly air: BoardAir | undefined;
  private attached = 0;
  private closed = false;
  private faulted = false;
  private idleDebtNanos = 0;
  /** Idle time skipped since the last message. */
  private leaptNanos = 0;
  private readonly longestLeapNanos: number;
  private readonly realtimeAnchor = { wallMs: 0, nanos: 0 };
  private wakeUp: (() => void) | undefined;
  private readonly serialOut: { bytes: number[]; baud: number; uart: 0 | 1; atNanos: number }[] = [];
  private readonly inbox: LineInbox;

  constructor(data: BoardThreadData, post: (message: FromBoard) => void) {
    this.pacing = data.pacing;
    this.longestLeapNanos = data.longestLeapNanos ?? LONGEST_LEAP_NANOS;
    this.post = post;
    this.board = new Board(data.config);
    this.inbox = new LineInbox(this.board);
    this.board.onTransmit = (uart, byte, baud, atTicks) =>
      this.transmitted(uart, byte, baud, ticksToNanos(atTicks));
    this.debug = new BoardDebug(this.board, data.debug ?? {}, {
      post,
      pressReset: () => {
        this.faulted = false;
        this.board.pressReset();
      },
    });
    this.air =
      data.air &&
      new BoardAir(
        this.board,
        data.air,
        () => this.wakeUp?.(),
        (event) => this.post({ kind: 'air', event, atNanos: this.board.nowNanos }),
      );
    if (this.air) this.air.onCaptured = (records) => this.post({ kind: 'captured', records });
    this.board.onReset = (reset, atTicks) => {
      this.flush();
      this.debug.noteReset(reset);
      this.post({ kind: 'reset', reset, atNanos: ticksToNanos(atTicks) });
    };
    this.board.onPowerCut = (cut) => {
      this.flush();
      this.post({ kind: 'power-cut', cut, atNanos: this.board.nowNanos });
    };
  }

  /** A message from outside; acts take effect between two chunks, at the board's present moment. */
  receive(message: ToBoard): void {
    this.leaptNanos = 0;
    switch (message.kind) {
      case 'serial':
        this.inbox.addBytes(message.bytes, message.baud);
        break;
      case 'lines':
        this.inbox.addLines(message);
        break;
      case 'attached':
        this.attached = message.count;
        this.anchorRealtime();
        break;
      case 'debugger':
        if (message.link === 'open') this.debug.openLink();
        else this.debug.closeLink();
        this.anchorRealtime();
        break;
      case 'debugger-bytes':
        this.debug.receive(message.bytes);
        this.anchorRealtime();
        break;
      case 'act':
        this.act(message.id, message.name, message.argument);
        break;
      case 'close':
        this.closed = true;
        break;
    }
    this.wakeUp?.();
  }

  /** Runs until a `close` message. */
  async run(): Promise<void> {
    await this.air?.start();
    this.anchorRealtime();
    while (!this.closed) {
      const sleepNanos = this.turn();
      this.flush();
      if (sleepNanos > 0) await this.sleep(sleepNanos);
      else await new Promise<void>((resolve) => setImmediate(resolve));
    }
    this.debug.finishTrace();
    await this.air?.close();
  }

  /** Runs the board for a few milliseconds of wall time at most; returns how long to sleep. */
  private turn(): number {
    const turnEndMs = performance.now() + TURN_MS;
    try {
      while (performance.now() < turnEndMs) {
        const isStopped = this.faulted || !this.board.isPowered;
        this.takeMail(isStopped);
        if (this.faulted || !this.board.isPowered || this.debug.isHalted) return LONGEST_SLEEP_MS * 1e6;
        this.debug.run(CHUNK_NANOS);
        const sleepNanos = this.pacing === 'realtime' ? this.realtimeLead() : this.idleDebt();
        if (sleepNanos > SHORTEST_SLEEP_NANOS) return sleepNanos;
      }
    } catch (error) {
      this.fault(error);
    }
    return 0;
  }

  /** Time that the board has waited through and the wall clock has not; none while it leaps. */
  private idleDebt(): number {
    const idledNanos = this.board.takeIdledNanos();
    if (this.pacing === 'fast' || (!this.isAttached && this.mayLeap(idledNanos))) this.idleDebtNanos = 0;
    // Waiting for bits on the wire is work: a fast host must not be held to the line's speed.
    else if (!this.isAwaited) this.idleDebtNanos += idledNanos;
    return this.idleDebtNanos;
  }

  private mayLeap(idledNanos: number): boolean {
    this.leaptNanos += idledNanos;
    return this.leaptNanos < this.longestLeapNanos;
  }

  private get isAttached(): boolean {
    return this.attached > 0 || (this.air?.isWatched ?? false);
  }

  /** Somebody outside waits for the board, not the board for the time to pass. */
  private get isAwaited(): boolean {
    if (this.board.isSerialBusy || !this.inbox.isEmpty) return true;
    return this.air?.isAwaited(this.board.nowNanos) ?? false;
  }

  /** Sleeps, or until mail comes, and pays for idle time with it. */
  private async sleep(nanos: number): Promise<void> {
    const startMs = performance.now();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(nanos / 1e6, LONGEST_SLEEP_MS));
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wakeUp = undefined;
    this.idleDebtNanos = Math.max(0, this.idleDebtNanos - (performance.now() - startMs) * 1e6);
  }

  private anchorRealtime(): void {
    this.realtimeAnchor.wallMs = performance.now();
    this.realtimeAnchor.nanos = this.board.nowNanos;
  }

  /** How far virtual time is ahead of the wall clock; a board that lags does not run after it. */
  private realtimeLead(): number {
    const wallNanos = (performance.now() - this.realtimeAnchor.wallMs) * 1e6;
    const lead = this.board.nowNanos - this.realtimeAnchor.nanos - wallNanos;
    if (lead < 0) this.anchorRealtime();
    return lead;
  }

  // --- serial -----------------------------------------------------------------------------------------------------

  private takeMail(isStopped: boolean): void {
    const { movedBytes, wasReset } = this.inbox.deliver(isStopped);
    // Being held in reset ends whatever went wrong before.
    if (wasReset) this.faulted = false;
    if (movedBytes > 0) this.post({ kind: 'room', pendingBytes: this.inbox.pendingBytes });
  }

  private transmitted(uart: 0 | 1, byte: number, baud: number, atNanos: number): void {
    const last = this.serialOut[this.serialOut.length - 1];
    if (last?.baud === baud && last.uart === uart && last.bytes.length < SERIAL_CHUNK_BYTES)
      last.bytes.push(byte);
    else this.serialOut.push({ bytes: [byte], baud, uart, atNanos });
  }

  private flush(): void {
    for (const { bytes, ...chunk } of this.serialOut)
      this.post({ kind: 'serial', ...chunk, bytes: Uint8Array.from(bytes) });
    this.serialOut.length = 0;
    this.air?.flush();
  }

  // --- acts and faults --------------------------------------------------------------------------------------------

  private act(id: number, name: BoardActName, argument: unknown): void {
    try {
      this.post({ kind: 'reply', id, result: this.perform(name, argument) });
    } catch (error) {
      if (!(error instanceof EmulatorFault) && !isEsprigError(error)) throw error;
      this.post({ kind: 'refused', id, code: error.code, message: error.message });
    }
  }

  private perform(name: BoardActName, argument: unknown): unknown {
    const { board } = this;
    switch (name) {
      case 'power-on':
        this.faulted = false;
        board.powerOn();
        this.anchorRealtime();
        return undefined;
      case 'power-off':
        board.powerOff();
        return undefined;
      case 'press-reset':
        this.faulted = false;
        board.pressReset();
        return undefined;
      case 'erase-flash':
        board.eraseFlash();
        return undefined;
      case 'program-flash': {
        const { offset, bytes } = argument as BoardActs['program-flash']['argument'];
        board.programFlash(offset, bytes);
        return undefined;
      }
      case 'read-flash': {
        const { offset, length } = argument as BoardActs['read-flash']['argument'];
        return board.memory.flash.slice(offset, offset + length);
      }
      case 'arm-power-cut':
        board.armPowerCut(argument as BoardActs['arm-power-cut']['argument']);
        return undefined;
      case 'set-pin': {
        const { pin, level } = argument as BoardActs['set-pin']['argument'];
        board.setPin(pin, level);
        return undefined;
      }
      case 'save':
        return board.save();
      case 'restore':
        board.restore(argument as BoardActs['restore']['argument']);
        this.air?.boardRestored();
        this.faulted = false;
        this.anchorRealtime();
        return undefined;
      case 'status':
        return {
          atNanos: board.nowNanos,
          cycles: board.cpu.nowCycles,
          isPowered: board.isPowered,
          faulted: this.faulted,
          pc: board.cpu.pc,
          flashOperations: board.parts.flash.operationsTotal,
          unmappedAccesses: board.bus.unmappedCount,
        } satisfies BoardActs['status']['result'];
      case 'air-status':
        return this.air?.status;
      case 'impair-air':
        if (this.air) this.air.medium.impairments = argument as BoardActs['impair-air']['argument'];
        return undefined;
      case 'set-client-asleep': {
        const { clientPort, isAsleep } = argument as BoardActs['set-client-asleep']['argument'];
        this.air?.setClientAsleep(clientPort, isAsleep);
        return undefined;
      }
      case 'profile':
        return this.debug.profile();
      case 'finish-trace':
        return this.debug.finishTrace();
    }
  }

  /** The board stops where it is, until power is cycled or it is reset. */
  private fault(error: unknown): void {
    if (!(error instanceof EmulatorFault)) throw error;
    this.faulted = true;
    this.flush();
    const shown = this.debug.faulted(error.message);
    this.post({
      kind: 'fault',
      atNanos: this.board.nowNanos,
      fault: {
        code: error.code,
        message: error.message,
        pc: this.board.cpu.pc,
        addr: error.addr,
        ...shown,
      },
    });
  }
}
