import { EmulatorFault, hex32 } from '../fault';
import { operandsOf } from './operands';
import { expandPseudoInstruction, isPseudoInstruction } from './pseudo-instructions';
import { SPECIAL_REGISTERS } from './special-registers';
import { INSTRUCTIONS, type Instruction } from './table';

export interface Assembled {
  readonly baseAddr: number;
  readonly bytes: Uint8Array;
  /** 1 for each byte that the source filled; 0 in the gaps that `.org`, `.align` and `.space` left. */
  readonly placed: Uint8Array;
  readonly labels: ReadonlyMap<string, number>;
}

interface Line {
  readonly number: number;
  readonly text: string;
  readonly addr: number;
  readonly mnemonic: string;
  readonly operands: readonly string[];
}

const byName = new Map<string, Instruction>(
  INSTRUCTIONS.filter((row) => !row.absent).map((row) => [row.name, row]),
);
const specialByName = new Map([...SPECIAL_REGISTERS].map(([number, { name }]) => [name, number]));
const LABEL = /^([A-Za-z_.$][\w.$]*):/;
const NAME_PLUS = /^([A-Za-z_.$][\w.$]*)(?:([+-])(\w+))?$/;

/**
 * Assembles a little Xtensa text: one instruction a line, `label:`, `.org ADDR`, `.align N`, `.word VALUE,…`,
 * `.space N`, `.asciz "text"`, comments behind `#` or `//`, `rsr.ps a2` forms, `mov` for `mov.n`. `l32r a2, =VALUE`
 * takes its literal from the pool, which lies where `.literals` stands (before the code: L32R looks backwards).
 * `prologue`, `epilogue` and `wait_zero` stand for several instructions (pseudo-instructions.ts). `.` is the address
 * of the instruction itself. A label that some `call0` names is moved up to a word boundary, where call0 can reach it.
 * Enough for the boot ROM and for tests; not a general assembler (no expressions beyond `label+N`).
 *
 * @throws EmulatorFault `ESPRIG_EMU_BAD_CONFIG` naming the line
 */
export function assemble(
  source: string,
  baseAddr: number,
  symbols: Readonly<Record<string, number>> = {},
): Assembled {
  return new Assembler(source, baseAddr, symbols).run();
}

class Assembler {
  private readonly baseAddr: number;
  private readonly source: readonly string[];
  private readonly labels: Map<string, number>;
  private readonly lines: Line[] = [];
  /** Texts behind `=`, in order of their first use, and where the pool begins. */
  private readonly literals: string[] = [];
  private literalsAddr = 0;
  private endAddr: number;

  constructor(source: string, baseAddr: number, symbols: Readonly<Record<string, number>>) {
    this.baseAddr = baseAddr;
    this.endAddr = baseAddr;
    this.source = source.split('\n');
    this.labels = new Map(Object.entries(symbols));
  }

  run(): Assembled {
    this.placeLines();
    const bytes = new Uint8Array(this.endAddr - this.baseAddr);
    const placed = new Uint8Array(bytes.length);
    const put = (addr: number, value: number, lengthBytes: number): void => {
      for (let i = 0; i < lengthBytes; i++) {
        bytes[addr - this.baseAddr + i] = (value >>> (8 * i)) & 0xff;
        placed[addr - this.baseAddr + i] = 1;
      }
    };
    for (const line of this.lines) {
      if (line.mnemonic === '.word') {
        line.operands.forEach((operand, index) => put(line.addr + 4 * index, this.valueOf(line, operand), 4));
      } else if (line.mnemonic === '.asciz') {
        const text = asciz(line.operands[0]!);
        for (let i = 0; i < text.length; i++) put(line.addr + i, text.charCodeAt(i), 1);
      } else {
        put(line.addr, this.encode(line), rowOf(line.mnemonic)!.lengthBytes);
      }
    }
    const anywhere: Line = { number: 0, text: 'literal', addr: 0, mnemonic: '', operands: [] };
    this.literals.forEach((text, index) =>
      put(this.literalsAddr + 4 * index, this.valueOf(anywhere, text), 4),
    );
    return { baseAddr: this.baseAddr, bytes, placed, labels: this.labels };
  }

  /** First pass: an address for each line and label. */
  private placeLines(): void {
    for (const text of this.source) {
      const literal = /=\s*(\S+)\s*$/.exec(text.replace(/(#|\/\/).*$/, ''));
      if (literal && /^\s*([\w.$]+:\s*)*l32r\b/.test(text) && !this.literals.includes(literal[1]!)) {
        this.literals.push(literal[1]!);
      }
    }
    const called = new Set(this.source.map((text) => /\bcall0\s+([A-Za-z_.$][\w.$]*)/.exec(text)?.[1]));
    let addr = this.baseAddr;
    this.source.forEach((text, index) => {
      const number = index + 1;
      let rest = text.includes('.asciz') ? text.trim() : text.replace(/(#|\/\/).*$/, '').trim();
      for (let label = LABEL.exec(rest); label; label = LABEL.exec(rest)) {
        if (this.labels.has(label[1]!)) this.refuse(number, text, `label ${label[1]!} exists already`);
        if (called.has(label[1])) addr = Math.ceil(addr / 4) * 4;
        this.labels.set(label[1]!, addr);
        rest = rest.slice(label[0].length).trim();
      }
      if (rest === '') return;
      const { mnemonic, operands } = splitStatement(rest);
      if (mnemonic === '.org') addr = Number(operands[0]);
      else if (mnemonic === '.align') addr = Math.ceil(addr / Number(operands[0])) * Number(operands[0]);
      else if (mnemonic === '.space') addr += Number(operands[0]);
      else if (mnemonic === '.literals') {
        addr = Math.ceil(addr / 4) * 4;
        this.literalsAddr = addr;
        addr += 4 * this.literals.length;
      } else if (isPseudoInstruction(mnemonic)) {
        const parts =
          expandPseudoInstruction(mnemonic, operands) ??
          this.refuse(number, text, `${mnemonic} does not take these operands`);
        for (const part of parts) addr = this.placeLine({ number, text, addr, ...splitStatement(part) });
      } else addr = this.placeLine({ number, text, addr, mnemonic, operands });
      this.endAddr = Math.max(this.endAddr, addr);
    });
  }

  /** Returns the address behind it. */
  private placeLine(line: Line): number {
    const { mnemonic, operands, addr, number, text } = line;
    this.lines.push(line);
    if (mnemonic === '.word') return addr + 4 * operands.length;
    if (mnemonic === '.asciz') return addr + asciz(operands[0]!).length;
    return addr + (rowOf(mnemonic)?.lengthBytes ?? this.refuse(number, text, 'unknown instruction'));
  }

  private encode(line: Line): number {
    const instruction = rowOf(line.mnemonic)!;
    let word = instruction.match;
    const special = specialOf(line.mnemonic);
    if (special !== undefined) word |= special << 8;
    const operands = operandsOf(instruction.form).slice(0, special === undefined ? undefined : 1);
    if (operands.length !== line.operands.length) {
      this.refuse(line.number, line.text, `${line.mnemonic} takes ${operands.length} operands`);
    }
    operands.forEach((operand, index) => {
      const text = line.operands[index]!;
      const value = text.startsWith('=')
        ? this.literalsAddr + 4 * this.literals.indexOf(text.slice(1).trim())
        : this.valueOf(line, text);
      const bits = operand.encode(value, line.addr);
      if (bits === undefined) {
        this.refuse(line.number, line.text, `${text} (${hex32(value)}) does not fit at ${hex32(line.addr)}`);
      } else word |= bits;
    });
    return word;
  }

  private valueOf(line: Line, text: string): number {
    const register = /^a(\d+)$/.exec(text);
    if (register) return Number(register[1]);
    if (text === 'sp') return 1;
    const plus = NAME_PLUS.exec(text);
    const base = plus?.[1] === '.' ? line.addr : plus ? this.labels.get(plus[1]!) : undefined;
    if (plus && base !== undefined) {
      const offset = plus[3] === undefined ? 0 : Number(plus[3]);
      return base + (plus[2] === '-' ? -offset : offset);
    }
    const value = Number(text);
    return Number.isNaN(value)
      ? this.refuse(line.number, line.text, `${text} is neither a number nor a label`)
      : value;
  }

  private refuse(number: number, text: string, why: string): never {
    throw new EmulatorFault('ESPRIG_EMU_BAD_CONFIG', `assembler, line ${number} "${text.trim()}": ${why}`);
  }
}

function splitStatement(statement: string): Pick<Line, 'mnemonic' | 'operands'> {
  const mnemonic = /^\S+/.exec(statement)![0];
  const tail = statement.slice(mnemonic.length).trim();
  // A text may have commas of its own.
  if (mnemonic === '.asciz') return { mnemonic, operands: [tail] };
  return { mnemonic, operands: tail === '' ? [] : tail.split(',').map((part) => part.trim()) };
}

/** The characters of a quoted text with its terminating NUL. */
function asciz(quoted: string): string {
  return (JSON.parse(quoted) as string) + '\0';
}

function rowOf(mnemonic: string): Instruction | undefined {
  if (mnemonic === 'mov') return byName.get('mov.n');
  return (
    byName.get(mnemonic) ?? (specialOf(mnemonic) === undefined ? undefined : byName.get(mnemonic.slice(0, 3)))
  );
}

function specialOf(mnemonic: string): number | undefined {
  const form = /^[rwx]sr\.(\w+)$/.exec(mnemonic);
  return form ? specialByName.get(form[1]!) : undefined;
}
