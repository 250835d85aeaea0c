import { REG } from '../cpu/registers';

/** Registers that a trace looks at: a0-a15 and the special registers. */
export const TRACED_WORDS = REG.DDR + 1;

export type TraceKind = 'instruction' | 'interrupt' | 'note';

/** One step of the CPU, as raw numbers: what becomes of it is decided when (and if) it is shown. */
export interface TraceRecord {
  kind: TraceKind;
  /** Cycles since power-on when the step began. */
  cycle: number;
  pc: number;
  /** The instruction's bytes; undefined where there is no memory to execute. */
  word: number | undefined;
  /** Name of the native ROM function that the step ran. */
  romCall: string | undefined;
  /** Where the step led to. */
  nextPc: number;
  /** The step did not come to its end: the emulator refused something in it. */
  isUnfinished: boolean;
  note: string;
  readonly before: Int32Array;
  readonly after: Int32Array;
}

function emptyRecord(): TraceRecord {
  return {
    kind: 'note',
    cycle: 0,
    pc: 0,
    word: undefined,
    romCall: undefined,
    nextPc: 0,
    isUnfinished: false,
    note: '',
    before: new Int32Array(TRACED_WORDS),
    after: new Int32Array(TRACED_WORDS),
  };
}

/** The last `capacity` records. Nothing is allocated once it has gone round. */
export class TraceRing {
  private readonly records: TraceRecord[] = [];
  private readonly capacity: number;
  private at = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** The record to fill next: the oldest one. */
  next(): TraceRecord {
    if (this.records.length < this.capacity) {
      const record = emptyRecord();
      this.records.push(record);
      return record;
    }
    const record = this.records[this.at]!;
    this.at = (this.at + 1) % this.capacity;
    return record;
  }

  /** From the oldest to the newest. */
  *[Symbol.iterator](): Generator<TraceRecord> {
    yield* this.records.slice(this.at);
    yield* this.records.slice(0, this.at);
  }
}
