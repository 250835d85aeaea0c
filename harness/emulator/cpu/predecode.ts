import type { Cpu } from './cpu';
import { findInstruction } from './decode';
import { operandsOf } from './operands';
import { REG } from './registers';
import { EXEC_ILLEGAL, EXEC_L32R_SLOW, EXEC_SYSTEM, type Form } from './table';

/** Predecoded code covers 0x40000000-0x407FFFFF, one entry of two words for each byte address. */
export const CODE_BASE = 0x40000000;
export const CODE_SIZE = 0x800000;

/**
 * The predecoded form, two words an instruction:
 * - word 0: bits 0-7 case of the hot loop, 8-11 destination, 12-15 first source, 16-19 second source,
 *   20-24 small number (bit number, shift, index of a constant), 28-31 length in bytes;
 * - word 1: immediate, absolute jump target, or place of a literal in the guest's memory (word index).
 */
function pack(exec: number, length: number, d: number, s: number, t: number, small: number): number {
  return exec | (d << 8) | (s << 12) | (t << 16) | (small << 20) | (length << 28);
}

/** Forms whose destination is the t field. */
const DESTINATION_IN_T: ReadonlySet<Form> = new Set<Form>([
  't,s',
  't,l32r',
  't,s,i8',
  't,s,i8x2',
  't,s,i8x4',
  't,s,i4x4',
  't,s,simm8',
  't,s,simm8x256',
  't,imm12',
]);

/** Decodes `word` at `pc` into `code[slot]` and `code[slot + 1]`. */
export function encodeDecoded(cpu: Cpu, pc: number, word: number, code: Int32Array, slot: number): void {
  const instruction = findInstruction(word);
  const length = (word & 8) !== 0 ? 2 : 3;
  if (!instruction || instruction.exec === EXEC_ILLEGAL) {
    code[slot] = pack(EXEC_ILLEGAL, length, 0, 0, 0, 0);
    return;
  }
  const { form } = instruction;
  let exec = instruction.exec;
  if (exec === EXEC_SYSTEM) {
    code[slot] = pack(EXEC_SYSTEM, length, 0, 0, 0, 0);
    code[slot + 1] = word;
    return;
  }
  const r = (word >>> 12) & 15;
  const s = (word >>> 8) & 15;
  const t = (word >>> 4) & 15;
  const operands = operandsOf(form);
  const last = operands.length > 0 ? operands[operands.length - 1]!.decode(word, pc) : 0;
  let d = DESTINATION_IN_T.has(form) ? t : form === 's,i7' ? s : r;
  let small = 0;
  let immediate = last;
  switch (form) {
    case 's,b4,l8':
    case 's,b4u,l8':
      small = r;
      break;
    case 's,bit,l8':
      small = operands[1]!.decode(word, pc);
      break;
    case 'r,t,sae,mask':
      small = operands[2]!.decode(word, pc);
      immediate = (1 << last) - 1;
      break;
    case 'sa':
      d = 0;
      break;
    case 't,l32r': {
      const at = (cpu.regs[REG.LITBASE]! & 1) === 0 ? cpu.bus.locate(last) : -1;
      if (at >= 0) immediate = at >> 2;
      else exec = EXEC_L32R_SLOW;
      break;
    }
    default:
  }
  code[slot] = pack(exec, length, d, s, t, small);
  code[slot + 1] = immediate;
}
