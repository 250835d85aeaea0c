import * as chip from '../../chip/esp8266';
import * as place from '../memory/guest-memory';
import type { Cpu } from './cpu';
import * as predecode from './predecode';
import { B4CONST, B4CONSTU } from './operands';
import { raiseException } from './exceptions';
import { REG } from './registers';
import { executeSystem } from './system';

/*
 * The hot loop: one function, one switch over the `exec` numbers of table.ts (execute.test.ts compares the names in
 * the comments with the table). Rules: nothing is allocated here; PC and LEFT live in locals and are stored before
 * every call that can look at time or raise an exception, and read back after it. A PC that did not come out of
 * decoded code is compared with codeLimit, or its low bits would find the code of another address. The numbers are literals because a
 * switch over literals becomes a jump table. Longer than other files on purpose.
 */
const PC = REG.PC;
const LEFT = REG.LEFT;
const TRAP = REG.TRAP;
const SAR = REG.SAR;
// Copies: an imported binding is looked up anew at each use once the module is CommonJS.
const CODE_BASE = predecode.CODE_BASE;
const CODE_MASK = predecode.CODE_SIZE - 1;
const DRAM_BASE = chip.DRAM_BASE;
const DRAM_SIZE = chip.DRAM_SIZE;
const DRAM_AT = place.DRAM_AT;
const ILLEGAL = chip.EXCCAUSE.ILLEGAL;
const b4const = Int32Array.from(B4CONST);
const b4constu = Uint32Array.from(B4CONSTU);

/** Executes instructions until LEFT cycles have passed; PC, LEFT and all state are stored on return and on a throw. */
export function execute(cpu: Cpu): void {
  const { regs, ar, data } = cpu;
  const table = cpu.codeTable;
  const code = table.words;
  const { words, halves, bytes } = cpu.memory;
  let pc = regs[PC]!;
  let left = regs[LEFT]!;
  if ((pc - CODE_BASE) >>> 0 >= table.limit) {
    table.decodeAt(pc);
    pc = regs[PC]!;
  }

  while (left > 0) {
    const slot = (pc & CODE_MASK) << 1;
    const w = code[slot]!;
    left--;
    switch (w & 0xff) {
      case 0 /* undecoded */:
        regs[PC] = pc;
        regs[LEFT] = left;
        // Nothing to decode: an exception was raised, which takes its cycle, so that a bad vector cannot hang us.
        if (table.decodeAt(pc)) left++;
        pc = regs[PC]!;
        continue;
      case 1 /* illegal */:
        raiseException(cpu, ILLEGAL, pc);
        pc = regs[PC]!;
        continue;
      case 2 /* ROM call */:
        regs[PC] = pc;
        regs[LEFT] = left;
        cpu.runRomCall(code[slot + 1]!);
        pc = regs[PC]!;
        if ((pc - CODE_BASE) >>> 0 >= table.limit) {
          table.decodeAt(pc);
          pc = regs[PC]!;
        }
        left = regs[LEFT]!;
        continue;
      case 3 /* system */:
        regs[PC] = pc;
        regs[LEFT] = left;
        executeSystem(cpu, code[slot + 1]!);
        pc = regs[PC]!;
        if ((pc - CODE_BASE) >>> 0 >= table.limit) {
          table.decodeAt(pc);
          pc = regs[PC]!;
        }
        left = regs[LEFT]!;
        continue;
      case 4 /* l32r, not resolved */: {
        regs[PC] = pc;
        regs[LEFT] = left;
        const value = data.load32(cpu.literalAddr(pc, code[slot + 1]!));
        left = regs[LEFT]!;
        if (regs[TRAP] !== 0) {
          regs[TRAP] = 0;
          pc = regs[PC]!;
          continue;
        }
        ar[(w >>> 8) & 15] = value;
        pc += w >>> 28;
        continue;
      }
      case 5 /* breakpoint */:
        left++;
        regs[PC] = pc;
        regs[LEFT] = left;
        cpu.stopRequested = true;
        cpu.time.cutSlice(0);
        return;
      case 10 /* add */:
        ar[(w >>> 8) & 15] = ar[(w >>> 12) & 15]! + ar[(w >>> 16) & 15]!;
        pc += w >>> 28;
        continue;
      case 11 /* addx2 */:
        ar[(w >>> 8) & 15] = (ar[(w >>> 12) & 15]! << 1) + ar[(w >>> 16) & 15]!;
        pc += w >>> 28;
        continue;
      case 12 /* addx4 */:
        ar[(w >>> 8) & 15] = (ar[(w >>> 12) & 15]! << 2) + ar[(w >>> 16) & 15]!;
        pc += w >>> 28;
        continue;
      case 13 /* addx8 */:
        ar[(w >>> 8) & 15] = (ar[(w >>> 12) & 15]! << 3) + ar[(w >>> 16) & 15]!;
        pc += w >>> 28;
        continue;
      case 14 /* sub */:
        ar[(w >>> 8) & 15] = ar[(w >>> 12) & 15]! - ar[(w >>> 16) & 15]!;
        pc += w >>> 28;
        continue;
      case 15 /* subx2 */:
        ar[(w >>> 8) & 15] = (ar[(w >>> 12) & 15]! << 1) - ar[(w >>> 16) & 15]!;
        pc += w >>> 28;
        continue;
      case 16 /* subx4 */:
        ar[(w >>> 8) & 15] = (ar[(w >>> 12) & 15]! << 2) - ar[(w >>> 16) & 15]!;
        pc += w >>> 28;
        continue;
      case 17 /* subx8 */:
        ar[(w >>> 8) & 15] = (ar[(w >>> 12) & 15]! << 3) - ar[(w >>> 16) & 15]!;
        pc += w >>> 28;
        continue;
      case 18 /* and */:
        ar[(w >>> 8) & 15] = ar[(w >>> 12) & 15]! & ar[(w >>> 16) & 15]!;
        pc += w >>> 28;
        continue;
      case 19 /* or */:
        ar[(w >>> 8) & 15] = ar[(w >>> 12) & 15]! | ar[(w >>> 16) & 15]!;
        pc += w >>> 28;
        continue;
      case 20 /* xor */:
        ar[(w >>> 8) & 15] = ar[(w >>> 12) & 15]! ^ ar[(w >>> 16) & 15]!;
        pc += w >>> 28;
        continue;
      case 21 /* neg */:
        ar[(w >>> 8) & 15] = -ar[(w >>> 16) & 15]!;
        pc += w >>> 28;
        continue;
      case 22 /* abs */:
        ar[(w >>> 8) & 15] = Math.abs(ar[(w >>> 16) & 15]!);
        pc += w >>> 28;
        continue;
      case 23 /* mull */:
        ar[(w >>> 8) & 15] = Math.imul(ar[(w >>> 12) & 15]!, ar[(w >>> 16) & 15]!);
        pc += w >>> 28;
        continue;
      case 24 /* mul16u */:
        ar[(w >>> 8) & 15] = Math.imul(ar[(w >>> 12) & 15]! & 0xffff, ar[(w >>> 16) & 15]! & 0xffff);
        pc += w >>> 28;
        continue;
      case 25 /* mul16s */:
        ar[(w >>> 8) & 15] = Math.imul(
          (ar[(w >>> 12) & 15]! << 16) >> 16,
          (ar[(w >>> 16) & 15]! << 16) >> 16,
        );
        pc += w >>> 28;
        continue;
      case 26 /* moveqz */:
        if (ar[(w >>> 16) & 15]! === 0) ar[(w >>> 8) & 15] = ar[(w >>> 12) & 15]!;
        pc += w >>> 28;
        continue;
      case 27 /* movnez */:
        if (ar[(w >>> 16) & 15]! !== 0) ar[(w >>> 8) & 15] = ar[(w >>> 12) & 15]!;
        pc += w >>> 28;
        continue;
      case 28 /* movltz */:
        if (ar[(w >>> 16) & 15]! < 0) ar[(w >>> 8) & 15] = ar[(w >>> 12) & 15]!;
        pc += w >>> 28;
        continue;
      case 29 /* movgez */:
        if (ar[(w >>> 16) & 15]! >= 0) ar[(w >>> 8) & 15] = ar[(w >>> 12) & 15]!;
        pc += w >>> 28;
        continue;
      case 30 /* nsa */: {
        const value = ar[(w >>> 12) & 15]!;
        ar[(w >>> 8) & 15] = Math.clz32(value < 0 ? ~value : value) - 1;
        pc += w >>> 28;
        continue;
      }
      case 31 /* nsau */:
        ar[(w >>> 8) & 15] = Math.clz32(ar[(w >>> 12) & 15]!);
        pc += w >>> 28;
        continue;
      case 32 /* slli */:
        ar[(w >>> 8) & 15] = ar[(w >>> 12) & 15]! << code[slot + 1]!;
        pc += w >>> 28;
        continue;
      case 33 /* srai */:
        ar[(w >>> 8) & 15] = ar[(w >>> 16) & 15]! >> code[slot + 1]!;
        pc += w >>> 28;
        continue;
      case 34 /* srli */:
        ar[(w >>> 8) & 15] = ar[(w >>> 16) & 15]! >>> code[slot + 1]!;
        pc += w >>> 28;
        continue;
      case 35 /* src */: {
        const sar = regs[SAR]!;
        const high = ar[(w >>> 12) & 15]!;
        if (sar < 32)
          ar[(w >>> 8) & 15] =
            sar === 0 ? ar[(w >>> 16) & 15]! : (ar[(w >>> 16) & 15]! >>> sar) | (high << (32 - sar));
        else ar[(w >>> 8) & 15] = high >>> (sar - 32);
        pc += w >>> 28;
        continue;
      }
      case 36 /* srl */: {
        const sar = regs[SAR]!;
        ar[(w >>> 8) & 15] = sar < 32 ? ar[(w >>> 16) & 15]! >>> sar : 0;
        pc += w >>> 28;
        continue;
      }
      case 37 /* sll */: {
        const left = 32 - regs[SAR]!;
        ar[(w >>> 8) & 15] = left < 32 && left >= 0 ? ar[(w >>> 12) & 15]! << left : 0;
        pc += w >>> 28;
        continue;
      }
      case 38 /* sra */: {
        const sar = regs[SAR]!;
        ar[(w >>> 8) & 15] = ar[(w >>> 16) & 15]! >> (sar < 32 ? sar : 31);
        pc += w >>> 28;
        continue;
      }
      case 39 /* extui */:
        ar[(w >>> 8) & 15] = (ar[(w >>> 16) & 15]! >>> ((w >>> 20) & 31)) & code[slot + 1]!;
        pc += w >>> 28;
        continue;
      case 40 /* ssr */:
        regs[SAR] = ar[(w >>> 12) & 15]! & 31;
        pc += w >>> 28;
        continue;
      case 41 /* ssl */:
        regs[SAR] = 32 - (ar[(w >>> 12) & 15]! & 31);
        pc += w >>> 28;
        continue;
      case 42 /* ssa8l */:
        regs[SAR] = (ar[(w >>> 12) & 15]! & 3) << 3;
        pc += w >>> 28;
        continue;
      case 43 /* ssa8b */:
        regs[SAR] = 32 - ((ar[(w >>> 12) & 15]! & 3) << 3);
        pc += w >>> 28;
        continue;
      case 44 /* ssai */:
        regs[SAR] = code[slot + 1]!;
        pc += w >>> 28;
        continue;
      case 45 /* l32r */:
        ar[(w >>> 8) & 15] = words[code[slot + 1]!]!;
        pc += w >>> 28;
        continue;
      case 46 /* l8ui */: {
        const addr = (ar[(w >>> 12) & 15]! + code[slot + 1]!) | 0;
        const at = (addr - DRAM_BASE) | 0;
        if (at >>> 0 < DRAM_SIZE) {
          ar[(w >>> 8) & 15] = bytes[at + DRAM_AT]!;
        } else {
          regs[PC] = pc;
          regs[LEFT] = left;
          const value = data.load8(addr);
          left = regs[LEFT]!;
          if (regs[TRAP] !== 0) {
            regs[TRAP] = 0;
            pc = regs[PC]!;
            continue;
          }
          ar[(w >>> 8) & 15] = value;
        }
        pc += w >>> 28;
        continue;
      }
      case 47 /* l16ui */: {
        const addr = (ar[(w >>> 12) & 15]! + code[slot + 1]!) | 0;
        const at = (addr - DRAM_BASE) | 0;
        if (at >>> 0 < DRAM_SIZE && (addr & 1) === 0) {
          ar[(w >>> 8) & 15] = halves[(at + DRAM_AT) >> 1]!;
        } else {
          regs[PC] = pc;
          regs[LEFT] = left;
          const value = data.load16(addr);
          left = regs[LEFT]!;
          if (regs[TRAP] !== 0) {
            regs[TRAP] = 0;
            pc = regs[PC]!;
            continue;
          }
          ar[(w >>> 8) & 15] = value;
        }
        pc += w >>> 28;
        continue;
      }
      case 48 /* l16si */: {
        const addr = (ar[(w >>> 12) & 15]! + code[slot + 1]!) | 0;
        const at = (addr - DRAM_BASE) | 0;
        if (at >>> 0 < DRAM_SIZE && (addr & 1) === 0) {
          ar[(w >>> 8) & 15] = (halves[(at + DRAM_AT) >> 1]! << 16) >> 16;
        } else {
          regs[PC] = pc;
          regs[LEFT] = left;
          const value = (data.load16(addr) << 16) >> 16;
          left = regs[LEFT]!;
          if (regs[TRAP] !== 0) {
            regs[TRAP] = 0;
            pc = regs[PC]!;
            continue;
          }
          ar[(w >>> 8) & 15] = value;
        }
        pc += w >>> 28;
        continue;
      }
      case 49 /* l32i */: {
        const addr = (ar[(w >>> 12) & 15]! + code[slot + 1]!) | 0;
        const at = (addr - DRAM_BASE) | 0;
        if (at >>> 0 < DRAM_SIZE && (addr & 3) === 0) {
          ar[(w >>> 8) & 15] = words[(at + DRAM_AT) >> 2]!;
        } else {
          regs[PC] = pc;
          regs[LEFT] = left;
          const value = data.load32(addr);
          left = regs[LEFT]!;
          if (regs[TRAP] !== 0) {
            regs[TRAP] = 0;
            pc = regs[PC]!;
            continue;
          }
          ar[(w >>> 8) & 15] = value;
        }
        pc += w >>> 28;
        continue;
      }
      case 50 /* s8i */: {
        const addr = (ar[(w >>> 12) & 15]! + code[slot + 1]!) | 0;
        const at = (addr - DRAM_BASE) | 0;
        if (at >>> 0 < DRAM_SIZE) {
          bytes[at + DRAM_AT] = ar[(w >>> 16) & 15]!;
        } else {
          regs[PC] = pc;
          regs[LEFT] = left;
          data.store8(addr, ar[(w >>> 16) & 15]!);
          left = regs[LEFT]!;
          if (regs[TRAP] !== 0) {
            regs[TRAP] = 0;
            pc = regs[PC]!;
            continue;
          }
        }
        pc += w >>> 28;
        continue;
      }
      case 51 /* s16i */: {
        const addr = (ar[(w >>> 12) & 15]! + code[slot + 1]!) | 0;
        const at = (addr - DRAM_BASE) | 0;
        if (at >>> 0 < DRAM_SIZE && (addr & 1) === 0) {
          halves[(at + DRAM_AT) >> 1] = ar[(w >>> 16) & 15]!;
        } else {
          regs[PC] = pc;
          regs[LEFT] = left;
          data.store16(addr, ar[(w >>> 16) & 15]!);
          left = regs[LEFT]!;
          if (regs[TRAP] !== 0) {
            regs[TRAP] = 0;
            pc = regs[PC]!;
            continue;
          }
        }
        pc += w >>> 28;
        continue;
      }
      case 52 /* s32i */: {
        const addr = (ar[(w >>> 12) & 15]! + code[slot + 1]!) | 0;
        const at = (addr - DRAM_BASE) | 0;
        if (at >>> 0 < DRAM_SIZE && (addr & 3) === 0) {
          words[(at + DRAM_AT) >> 2] = ar[(w >>> 16) & 15]!;
        } else {
          regs[PC] = pc;
          regs[LEFT] = left;
          data.store32(addr, ar[(w >>> 16) & 15]!);
          left = regs[LEFT]!;
          if (regs[TRAP] !== 0) {
            regs[TRAP] = 0;
            pc = regs[PC]!;
            continue;
          }
        }
        pc += w >>> 28;
        continue;
      }
      case 53 /* movi */:
        ar[(w >>> 8) & 15] = code[slot + 1]!;
        pc += w >>> 28;
        continue;
      case 54 /* addi */:
        ar[(w >>> 8) & 15] = ar[(w >>> 12) & 15]! + code[slot + 1]!;
        pc += w >>> 28;
        continue;
      case 55 /* mov.n */:
        ar[(w >>> 8) & 15] = ar[(w >>> 12) & 15]!;
        pc += w >>> 28;
        continue;
      case 56 /* nop */:
        pc += w >>> 28;
        continue;
      case 57 /* call0 */:
        ar[0] = pc + 3;
        pc = code[slot + 1]!;
        continue;
      case 58 /* callx0 */: {
        const target = ar[(w >>> 12) & 15]!;
        ar[0] = pc + 3;
        pc = target;
        if ((pc - CODE_BASE) >>> 0 >= table.limit) {
          regs[PC] = pc;
          regs[LEFT] = left;
          table.decodeAt(pc);
          pc = regs[PC]!;
        }
        continue;
      }
      case 59 /* j */:
        pc = code[slot + 1]!;
        continue;
      case 60 /* jx */:
        pc = ar[(w >>> 12) & 15]!;
        if ((pc - CODE_BASE) >>> 0 >= table.limit) {
          regs[PC] = pc;
          regs[LEFT] = left;
          table.decodeAt(pc);
          pc = regs[PC]!;
        }
        continue;
      case 61 /* ret */:
        pc = ar[0]!;
        if ((pc - CODE_BASE) >>> 0 >= table.limit) {
          regs[PC] = pc;
          regs[LEFT] = left;
          table.decodeAt(pc);
          pc = regs[PC]!;
        }
        continue;
      case 62 /* beqz */:
        if (ar[(w >>> 12) & 15]! === 0) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 63 /* bnez */:
        if (ar[(w >>> 12) & 15]! !== 0) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 64 /* bltz */:
        if (ar[(w >>> 12) & 15]! < 0) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 65 /* bgez */:
        if (ar[(w >>> 12) & 15]! >= 0) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 66 /* beqi */:
        if (ar[(w >>> 12) & 15]! === b4const[(w >>> 20) & 15]!) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 67 /* bnei */:
        if (ar[(w >>> 12) & 15]! !== b4const[(w >>> 20) & 15]!) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 68 /* blti */:
        if (ar[(w >>> 12) & 15]! < b4const[(w >>> 20) & 15]!) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 69 /* bgei */:
        if (ar[(w >>> 12) & 15]! >= b4const[(w >>> 20) & 15]!) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 70 /* bltui */:
        if (ar[(w >>> 12) & 15]! >>> 0 < b4constu[(w >>> 20) & 15]!) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 71 /* bgeui */:
        if (ar[(w >>> 12) & 15]! >>> 0 >= b4constu[(w >>> 20) & 15]!) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 72 /* bnone */:
        if ((ar[(w >>> 12) & 15]! & ar[(w >>> 16) & 15]!) === 0) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 73 /* beq */:
        if (ar[(w >>> 12) & 15]! === ar[(w >>> 16) & 15]!) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 74 /* blt */:
        if (ar[(w >>> 12) & 15]! < ar[(w >>> 16) & 15]!) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 75 /* bltu */:
        if (ar[(w >>> 12) & 15]! >>> 0 < ar[(w >>> 16) & 15]! >>> 0) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 76 /* ball */:
        if ((~ar[(w >>> 12) & 15]! & ar[(w >>> 16) & 15]!) === 0) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 77 /* bbc */:
        if (((ar[(w >>> 12) & 15]! >>> (ar[(w >>> 16) & 15]! & 31)) & 1) === 0) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 78 /* bbci */:
        if (((ar[(w >>> 12) & 15]! >>> ((w >>> 20) & 31)) & 1) === 0) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 79 /* bany */:
        if ((ar[(w >>> 12) & 15]! & ar[(w >>> 16) & 15]!) !== 0) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 80 /* bne */:
        if (ar[(w >>> 12) & 15]! !== ar[(w >>> 16) & 15]!) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 81 /* bge */:
        if (ar[(w >>> 12) & 15]! >= ar[(w >>> 16) & 15]!) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 82 /* bgeu */:
        if (ar[(w >>> 12) & 15]! >>> 0 >= ar[(w >>> 16) & 15]! >>> 0) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 83 /* bnall */:
        if ((~ar[(w >>> 12) & 15]! & ar[(w >>> 16) & 15]!) !== 0) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 84 /* bbs */:
        if (((ar[(w >>> 12) & 15]! >>> (ar[(w >>> 16) & 15]! & 31)) & 1) !== 0) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      case 85 /* bbsi */:
        if (((ar[(w >>> 12) & 15]! >>> ((w >>> 20) & 31)) & 1) !== 0) pc = code[slot + 1]!;
        else pc += w >>> 28;
        continue;
      default:
        throw new Error(`exec ${w & 0xff} is in no case`);
    }
  }
  regs[PC] = pc;
  regs[LEFT] = left;
}
