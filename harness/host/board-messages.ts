import type { ErrorCode } from '../core/error-codes';
import type { Blame } from '../core/errors';
import type { BoardConfig } from '../emulator/board-config';
import type { BoardSnapshot } from '../emulator/board';
import type { Profile } from '../emulator/debug/profiler';
import type { CodeSymbol } from '../emulator/debug/symbols';
import type { FlashPowerCut, PowerCutRequest } from '../emulator/peripherals/flash-operation';
import type { ResetKind } from '../emulator/peripherals';
import type { Impairment } from '../emulator/air';
import type { BoardAirEvent, BoardAirOptions, BoardAirStatus } from './air';

/** How virtual time goes with the wall clock (docs/architecture.md, time model). */
export type Pacing = 'auto' | 'fast' | 'realtime';

/** What a board thread is started with; structured-clonable. */
export interface BoardThreadData {
  readonly config: Partial<BoardConfig>;
  readonly pacing: Pacing;
  /** `auto`: so much idle time is skipped while nobody is attached or asks for anything; default one hour. */
  readonly longestLeapNanos?: number;
  readonly debug?: BoardDebugOptions;
  /** Absent: an empty air, where the device's frames are heard by nobody. */
  readonly air?: BoardAirOptions;
}

/** How a board is watched. Nothing of it costs anything unless it is asked for. */
export interface BoardDebugOptions {
  /** Names of the firmware's addresses; those of our own boot ROM are known. */
  readonly symbols?: readonly CodeSymbol[];
  readonly trace?: {
    /** Absent: only remembered for the evidence of a fault. */
    readonly file?: string;
    /** Only so many steps are kept, and written when the run ends. */
    readonly last?: number;
  };
  readonly profile?: boolean;
  /** The first instruction is not executed before a debugger says so. */
  readonly waitForDebugger?: boolean;
}

/** Acts that are answered, by name: argument and result. */
export interface BoardActs {
  'power-on': { readonly argument: undefined; readonly result: undefined };
  'power-off': { readonly argument: undefined; readonly result: undefined };
  'press-reset': { readonly argument: undefined; readonly result: undefined };
  'erase-flash': { readonly argument: undefined; readonly result: undefined };
  'program-flash': {
    readonly argument: { readonly offset: number; readonly bytes: Uint8Array };
    readonly result: undefined;
  };
  'read-flash': {
    readonly argument: { readonly offset: number; readonly length: number };
    readonly result: Uint8Array;
  };
  'arm-power-cut': { readonly argument: PowerCutRequest; readonly result: undefined };
  'set-pin': {
    readonly argument: { readonly pin: number; readonly level: boolean };
    readonly result: undefined;
  };
  save: { readonly argument: undefined; readonly result: BoardSnapshot };
  restore: { readonly argument: BoardSnapshot; readonly result: undefined };
  status: { readonly argument: undefined; readonly result: BoardStatus };
  'air-status': { readonly argument: undefined; readonly result: BoardAirStatus | undefined };
  /** Losses, delays and the like from now on; none when the list is empty. */
  'impair-air': { readonly argument: readonly Impairment[]; readonly result: undefined };
  /** The client at this port of 127.0.0.1 falls asleep or wakes. */
  'set-client-asleep': {
    readonly argument: { readonly clientPort: number; readonly isAsleep: boolean };
    readonly result: undefined;
  };
  profile: { readonly argument: undefined; readonly result: Profile | undefined };
  /** Writes what there is of the trace and closes its file. */
  'finish-trace': { readonly argument: undefined; readonly result: TraceSummary | undefined };
}

export type BoardActName = keyof BoardActs;

export interface BoardStatus {
  readonly atNanos: number;
  readonly cycles: number;
  readonly isPowered: boolean;
  readonly faulted: boolean;
  readonly pc: number;
  readonly flashOperations: number;
  readonly unmappedAccesses: number;
}

export interface TraceSummary {
  /** Absent: the trace was only remembered. */
  readonly file: string | undefined;
  readonly lines: number;
  readonly bytes: number;
}

/** To the board's thread. */
export type ToBoard =
  | { readonly kind: 'act'; readonly id: number; readonly name: BoardActName; readonly argument: unknown }
  | { readonly kind: 'serial'; readonly bytes: Uint8Array; readonly baud: number }
  /** `atMs` is the sender's clock: only differences between two of them mean anything. */
  | { readonly kind: 'lines'; readonly dtr: boolean; readonly rts: boolean; readonly atMs: number }
  | { readonly kind: 'attached'; readonly count: number }
  | { readonly kind: 'debugger'; readonly link: 'open' | 'close' }
  | { readonly kind: 'debugger-bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'close' };

/** A fault as it crosses the thread: an error object would lose its fields. */
export interface BoardFault {
  readonly code: string;
  readonly message: string;
  readonly pc: number;
  readonly addr: number | undefined;
  /** Registers, last exception and stack, as lines. */
  readonly dump: readonly string[];
  /** The last steps, where the board was traced. */
  readonly lastSteps: readonly string[];
}

/** From the board's thread. `atNanos` is virtual time since power was first applied. */
export type FromBoard =
  | { readonly kind: 'reply'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'refused'; readonly id: number; readonly code: string; readonly message: string }
  | {
      readonly kind: 'serial';
      readonly uart: 0 | 1;
      readonly bytes: Uint8Array;
      readonly baud: number;
      readonly atNanos: number;
    }
  | { readonly kind: 'room'; readonly pendingBytes: number }
  | { readonly kind: 'air'; readonly event: BoardAirEvent; readonly atNanos: number }
  /** pcap records of what went over the air. */
  | { readonly kind: 'captured'; readonly records: Uint8Array }
  | { readonly kind: 'reset'; readonly reset: ResetKind; readonly atNanos: number }
  | { readonly kind: 'debugger-bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'debugger-left'; readonly how: 'detach' | 'kill' }
  /** The thread cannot go on: a trace that cannot be written, for example. */
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      readonly blame: Blame;
      readonly hint: string | undefined;
    }
  | { readonly kind: 'power-cut'; readonly cut: FlashPowerCut; readonly atNanos: number }
  | { readonly kind: 'fault'; readonly fault: BoardFault; readonly atNanos: number };
