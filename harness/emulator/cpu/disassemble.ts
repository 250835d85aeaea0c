import { hex32 } from '../fault';
import { findInstruction, lengthOf } from './decode';
import { operandsOf } from './operands';
import { SPECIAL_REGISTERS } from './special-registers';

/** One instruction as the assembler writes it; reserved words as `.byte`. `nameOf` makes targets readable. */
export function disassemble(
  word: number,
  pc: number,
  nameOf: (addr: number) => string | undefined = () => undefined,
): string {
  const instruction = findInstruction(word);
  if (!instruction)
    return `.word${lengthOf(word) * 8} 0x${(word & (2 ** (lengthOf(word) * 8) - 1)).toString(16)}`;
  if (instruction.absent) return `${instruction.name} (absent)`;
  if (instruction.form === 't,sr') {
    const number = (word >>> 8) & 0xff;
    const name = SPECIAL_REGISTERS.get(number)?.name ?? String(number);
    return `${instruction.name}.${name} a${(word >>> 4) & 15}`;
  }
  const operands = operandsOf(instruction.form).map((operand) => {
    const value = operand.decode(word, pc);
    if (operand.kind === 'register') return `a${value}`;
    if (operand.kind === 'target') {
      const name = nameOf(value);
      return name === undefined ? hex32(value) : `${hex32(value)} <${name}>`;
    }
    return String(value);
  });
  return operands.length === 0 ? instruction.name : `${instruction.name} ${operands.join(', ')}`;
}
