import { ROM_BASE } from '../../chip/esp8266';
import { findInstruction } from '../cpu/decode';
import { disassemble } from '../cpu/disassemble';
import { operandsOf } from '../cpu/operands';
import { REG, STORED } from '../cpu/registers';
import { PS, SPECIAL_REGISTERS } from '../cpu/special-registers';
import { ROM_OWN_CODE } from '../rom/layout';
import { causeName, hasAddress, interruptNames } from './cause-names';
import { TRACED_WORDS, type TraceRecord } from './trace-record';
import { angled, type SymbolTable } from './symbols';

/*
 * A trace as text, one line an instruction:
 *
 *   cycle  pc  where  instruction  changed registers  [address]=stored or [address] loaded from
 *
 * and lines of their own, which begin with `--`: interrupts and exceptions taken, ROM functions with their arguments
 * (a2 to a5, whatever the function makes of them) and their result, resets.
 */
type Emit = (line: string) => void;

interface Access {
  readonly isStore: boolean;
  readonly widthBytes: 1 | 2 | 4;
  readonly baseRegister: number;
  readonly offset: number;
  readonly valueRegister: number;
}

interface Decoded {
  readonly word: number | undefined;
  /** Everything of the line that is the same each time. */
  readonly head: string;
  readonly access: Access | undefined;
}

interface OpenCall {
  readonly name: string;
  readonly returnPc: number;
  readonly stackPointer: number;
}

const WIDTHS: Readonly<Record<string, 1 | 2 | 4>> = {
  l8ui: 1,
  s8i: 1,
  l16ui: 2,
  l16si: 2,
  s16i: 2,
  l32i: 4,
  s32i: 4,
  'l32i.n': 4,
  's32i.n': 4,
};
/** Vectors (exceptions.ts) by their offset from VECBASE. */
const VECTOR_DEBUG = 0x10;
const VECTOR_NMI = 0x20;
const VECTOR_DOUBLE = 0x70;
/** The ROM's entry points lie behind its vectors and before its own code. */
const FIRST_ENTRY_ADDR = ROM_BASE + 0x100;
const MAX_OPEN_CALLS = 32;
const MAX_DECODED = 0x10000;
const SYMBOL_COLUMNS = 28;
const INSTRUCTION_COLUMNS = 30;

const REGISTER_NAMES: readonly (string | undefined)[] = (() => {
  const names: (string | undefined)[] = Array.from({ length: TRACED_WORDS }, (_, i) =>
    i < 16 ? `a${i}` : undefined,
  );
  for (const [number, index] of STORED) names[index] = SPECIAL_REGISTERS.get(number)?.name;
  return names;
})();

const HEX_BYTES = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'));

/** Called for every changed register of every line. */
function hex8(value: number): string {
  return (
    HEX_BYTES[value >>> 24]! +
    HEX_BYTES[(value >>> 16) & 0xff]! +
    HEX_BYTES[(value >>> 8) & 0xff]! +
    HEX_BYTES[value & 0xff]!
  );
}

/** Makes lines of records, in their order: it remembers which ROM functions are under way. */
export class TraceFormatter {
  private readonly symbols: SymbolTable | undefined;
  private readonly romNames: ReadonlyMap<number, string> | undefined;
  private readonly decoded = new Map<number, Decoded>();
  private readonly openCalls: OpenCall[] = [];
  /** A native ROM function that waits comes back to its own address again and again. */
  private waitingIn = -1;

  /** `romNames`: of our own boot ROM, by address; a user's ROM has none. */
  constructor(symbols?: SymbolTable, romNames?: ReadonlyMap<number, string>) {
    this.symbols = symbols;
    this.romNames = romNames;
  }

  format(record: TraceRecord, emit: Emit): void {
    if (record.kind === 'note') emit(`-- ${record.note}`);
    else if (record.kind === 'interrupt') emit(this.interrupt(record));
    else {
      if (record.romCall !== undefined) this.nativeCall(record, record.romCall, emit);
      else {
        this.entered(record, emit);
        emit(this.instruction(record));
      }
      const exception = this.exception(record);
      if (exception !== undefined) emit(exception);
      this.returned(record, emit);
      if (record.isUnfinished) emit('-- the emulator stopped in this instruction');
    }
  }

  // --- instructions -----------------------------------------------------------------------------------------------

  private instruction(record: TraceRecord): string {
    const { head, access } = this.decode(record);
    const changes = this.changes(record) + accessText(record, access);
    return `${record.cycle.toString().padStart(12)}  ${changes === '' ? head.trimEnd() : `${head} ${changes}`}`;
  }

  private decode({ pc, word }: TraceRecord): Decoded {
    const known = this.decoded.get(pc);
    if (known?.word === word && known !== undefined) return known;
    const nameOf = (addr: number): string | undefined => this.symbols?.describe(addr);
    const text = word === undefined ? '(nothing to execute here)' : disassemble(word, pc, nameOf);
    const where = (nameOf(pc) ?? '').padEnd(this.symbols === undefined ? 0 : SYMBOL_COLUMNS);
    const head = `${hex8(pc)}  ${where}  ${text.padEnd(INSTRUCTION_COLUMNS)}`;
    const decoded = { word, head, access: word === undefined ? undefined : accessOf(word, pc) };
    if (this.decoded.size >= MAX_DECODED) this.decoded.clear();
    this.decoded.set(pc, decoded);
    return decoded;
  }

  private changes({ before, after, nextPc, pc }: TraceRecord): string {
    let changed = '';
    const isException =
      nextPc !== pc && (before[REG.PS]! & PS.EXCM) === 0 && (after[REG.PS]! & PS.EXCM) !== 0;
    // What an exception does to the special registers stands in a line of its own.
    const end = isException ? 16 : TRACED_WORDS;
    for (let i = 0; i < end; i++) {
      const value = after[i]!;
      if (before[i] === value) continue;
      const name = REGISTER_NAMES[i];
      if (name !== undefined) changed += ` ${name}=${hex8(value)}`;
    }
    return changed;
  }

  // --- interrupts and exceptions ------------------------------------------------------------------------------------

  private interrupt({ before, nextPc, after, pc }: TraceRecord): string {
    const isNmi = (nextPc - after[REG.VECBASE]!) >>> 0 === VECTOR_NMI;
    const which = isNmi
      ? 'NMI'
      : `interrupt (${interruptNames(before[REG.INTERRUPT]! & before[REG.INTENABLE]!)})`;
    return `-- ${which} before ${this.place(pc)}, to ${this.place(nextPc)}`;
  }

  private exception({ before, after, nextPc, pc }: TraceRecord): string | undefined {
    const vector = (nextPc - after[REG.VECBASE]!) >>> 0;
    const inMode = (before[REG.PS]! & PS.EXCM) !== 0;
    const to = `to ${this.place(nextPc)}`;
    if (vector === VECTOR_DEBUG && after[REG.EPC2] === (pc | 0)) return `-- debug exception, ${to}`;
    if (vector === VECTOR_DOUBLE && inMode && after[REG.DEPC] === (pc | 0)) {
      return `-- double exception, cause ${causeName(after[REG.EXCCAUSE]!)}, depc ${hex8(pc)}, ${to}`;
    }
    if (inMode || (after[REG.PS]! & PS.EXCM) === 0 || (vector !== 0x30 && vector !== 0x50)) return undefined;
    const cause = after[REG.EXCCAUSE]!;
    const addr = hasAddress(cause) ? `, address ${hex8(after[REG.EXCVADDR]!)}` : '';
    return `-- exception ${causeName(cause)}${addr}, epc1 ${this.place(after[REG.EPC1]!)}, ${to}`;
  }

  private place(addr: number): string {
    return hex8(addr) + angled(this.symbols, addr);
  }

  // --- ROM functions --------------------------------------------------------------------------------------------------

  private nativeCall(record: TraceRecord, name: string, emit: Emit): void {
    const head = `-- ROM ${name}(${argumentsOf(record)}) from ${this.place(record.before[0]! - 3)}`;
    if (record.nextPc === record.pc) {
      if (this.waitingIn !== record.pc) emit(`${head}: waits`);
      this.waitingIn = record.pc;
      return;
    }
    this.waitingIn = -1;
    const result = record.isUnfinished ? '' : ` = ${hex8(record.after[2]!)}`;
    emit(head + (record.nextPc === record.before[0]! >>> 0 ? result : ''));
  }

  /** The ROM's functions that are guest code: the jump at their entry is where they are called. */
  private entered(record: TraceRecord, emit: Emit): void {
    const { pc, before } = record;
    if (pc < FIRST_ENTRY_ADDR || pc >= ROM_OWN_CODE) return;
    const name = this.romNames?.get(pc);
    if (name === undefined || record.word === undefined || findInstruction(record.word)?.name !== 'j') return;
    emit(`-- ROM ${name}(${argumentsOf(record)}) from ${this.place(before[0]! - 3)}`);
    if (this.openCalls.length === MAX_OPEN_CALLS) this.openCalls.shift();
    this.openCalls.push({ name, returnPc: before[0]! >>> 0, stackPointer: before[1]! });
  }

  private returned({ nextPc, after }: TraceRecord, emit: Emit): void {
    if (this.openCalls.length === 0) return;
    let index = this.openCalls.length - 1;
    for (; index >= 0; index--) {
      const { returnPc, stackPointer } = this.openCalls[index]!;
      if (returnPc === nextPc && stackPointer === after[1]) break;
    }
    if (index < 0) return;
    emit(`-- ROM ${this.openCalls[index]!.name} = ${hex8(after[2]!)}`);
    // Whatever was called inside and has not come back never will.
    this.openCalls.length = index;
  }
}

function argumentsOf({ before }: TraceRecord): string {
  return [2, 3, 4, 5].map((i) => hex8(before[i]!)).join(', ');
}

function accessText({ before, after, isUnfinished }: TraceRecord, access: Access | undefined): string {
  if (access === undefined) return '';
  const place = ` [${hex8(before[access.baseRegister]! + access.offset)}]`;
  if (!access.isStore) return place;
  const value = (isUnfinished ? before : after)[access.valueRegister]!;
  return `${place}=${hex8(value).slice(-2 * access.widthBytes)}`;
}

function accessOf(word: number, pc: number): Access | undefined {
  const instruction = findInstruction(word);
  const widthBytes = instruction === undefined ? undefined : WIDTHS[instruction.name];
  if (instruction === undefined || widthBytes === undefined) return undefined;
  const [value, base, offset] = operandsOf(instruction.form).map((operand) => operand.decode(word, pc));
  return {
    isStore: instruction.name.startsWith('s'),
    widthBytes,
    baseRegister: base!,
    offset: offset!,
    valueRegister: value!,
  };
}
