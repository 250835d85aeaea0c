import type { BoardConfig } from '../emulator/board-config';
import type { BoardSnapshot } from '../emulator/board';
import type { FlashPowerCut, PowerCutRequest } from '../emulator/peripherals/flash-operation';
import type { ResetKind } from '../emulator/peripherals';

/** How virtual time goes with the wall clock (docs/architecture.md, time model). */
export type Pacing = 'auto' | 'fast' | 'realtime';

/** What a board thread is started with; structured-clonable. */
export interface BoardThreadData {
  readonly config: Partial<BoardConfig>;
  readonly pacing: Pacing;
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

/** To the board's thread. */
export type ToBoard =
  | { readonly kind: 'act'; readonly id: number; readonly name: BoardActName; readonly argument: unknown }
  | { readonly kind: 'serial'; readonly bytes: Uint8Array; readonly baud: number }
  | { readonly kind: 'lines'; readonly dtr: boolean; readonly rts: boolean }
  | { readonly kind: 'attached'; readonly count: number }
  | { readonly kind: 'close' };

/** A fault as it crosses the thread: an error object would lose its fields. */
export interface BoardFault {
  readonly code: string;
  readonly message: string;
  readonly pc: number;
  readonly addr: number | undefined;
  /** Registers and the last instructions, as lines. */
  readonly dump: readonly string[];
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
  | { readonly kind: 'reset'; readonly reset: ResetKind; readonly atNanos: number }
  | { readonly kind: 'power-cut'; readonly cut: FlashPowerCut; readonly atNanos: number }
  | { readonly kind: 'fault'; readonly fault: BoardFault; readonly atNanos: number };
