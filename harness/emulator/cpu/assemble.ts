import { EmulatorFault, hex32 } from '../fault';
import { operandsOf } from './operands';
import { SPECIAL_REGISTERS } from './special-registers';
import { INSTRUCTIONS, type Instruction } from './table';

export interface Assembled {
  readonly baseAddr: number;
  readonly bytes: Uint8Array;
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

/**
 * Assembles a little Xtensa text: one instruction a line, `label:`, `.org ADDR`, `.align N`, `.word VALUE`,
 * `.space N`, comments behind `#` or `//`, `rsr.ps a2` forms, `mov` for `mov.n`. Enough for the boot ROM and for
 * tests; not a general assembler (no expressions beyond `label+N`).
 *
 * @throws EmulatorFault `ESPRIG_EMU_BAD_CONFIG` naming the line
 */
export function assemble(
  source: string,
  baseAddr: number,
  symbols: Readonly<Record<string, number>> = {},
): Assembled {
  const labels = new Map<string, number>(Object.entries(symbols));
  const lines: Line[] = [];
  let addr = baseAddr;
  let endAddr = baseAddr;
  const refuse = (number: number, text: string, why: string): never => {
    throw new EmulatorFault('ESPRIG_EMU_BAD_CONFIG', `assembler, line ${number} "${text.trim()}": ${why}`);
  };

  source.split('\n').forEach((text, index) => {
    const number = index + 1;
    let rest = text.replace(/(#|\/\/).*$/, '').trim();
    for (
      let label = /^([A-Za-z_.$][\w.$]*):/.exec(rest);
      label;
      label = /^([A-Za-z_.$][\w.$]*):/.exec(rest)
    ) {
      if (labels.has(label[1]!)) refuse(number, text, `label ${label[1]!} exists already`);
      labels.set(label[1]!, addr);
      rest = rest.slice(label[0].length).trim();
    }
    if (rest === '') return;
    const [mnemonic = '', ...operandText] = rest.split(/\s+/);
    const operands = operandText
      .join(' ')
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
    if (mnemonic === '.org') addr = Number(operands[0]);
    else if (mnemonic === '.align') addr = Math.ceil(addr / Number(operands[0])) * Number(operands[0]);
    else if (mnemonic === '.space') addr += Number(operands[0]);
    else {
      lines.push({ number, text, addr, mnemonic, operands });
      addr +=
        mnemonic === '.word'
          ? 4 * operands.length
          : (rowOf(mnemonic)?.lengthBytes ?? refuse(number, text, 'unknown instruction'));
    }
    endAddr = Math.max(endAddr, addr);
  });

  const bytes = new Uint8Array(endAddr - baseAddr);
  const valueOf = (line: Line, text: string): number => {
    const register = /^a(\d+)$/.exec(text);
    if (register) return Number(register[1]);
    if (text === 'sp') return 1;
    const plus = /^([A-Za-z_.$][\w.$]*)(?:([+-])(\w+))?$/.exec(text);
    if (plus && labels.has(plus[1]!)) {
      const offset = plus[3] === undefined ? 0 : Number(plus[3]);
      return labels.get(plus[1]!)! + (plus[2] === '-' ? -offset : offset);
    }
    const value = Number(text);
    return Number.isNaN(value)
      ? refuse(line.number, line.text, `${text} is neither a number nor a label`)
      : value;
  };

  for (const line of lines) {
    const place = line.addr - baseAddr;
    if (line.mnemonic === '.word') {
      line.operands.forEach((operand, index) => {
        const value = valueOf(line, operand);
        for (let i = 0; i < 4; i++) bytes[place + index * 4 + i] = (value >>> (8 * i)) & 0xff;
      });
      continue;
    }
    const instruction = rowOf(line.mnemonic)!;
    let word = instruction.match;
    const special = specialOf(line.mnemonic);
    if (special !== undefined) word |= special << 8;
    const operands =
      special === undefined ? operandsOf(instruction.form) : operandsOf(instruction.form).slice(0, 1);
    if (operands.length !== line.operands.length) {
      refuse(line.number, line.text, `${line.mnemonic} takes ${operands.length} operands`);
    }
    operands.forEach((operand, index) => {
      const value = valueOf(line, line.operands[index]!);
      const bits = operand.encode(value, line.addr);
      if (bits === undefined) {
        refuse(
          line.number,
          line.text,
          `${line.operands[index]!} (${hex32(value)}) does not fit at ${hex32(line.addr)}`,
        );
      } else word |= bits;
    });
    for (let i = 0; i < instruction.lengthBytes; i++) bytes[place + i] = (word >>> (8 * i)) & 0xff;
  }
  return { baseAddr, bytes, labels };
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
