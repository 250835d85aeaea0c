/**
 * The instruction set of the LX106 core: one table that feeds the decoder, the disassembler, the assembler of the
 * boot ROM and the tests. Typed from the Xtensa ISA Reference Manual's opcode maps; which instructions the core has
 * is from ESP8266_RTOS_SDK `components/esp8266/include/xtensa/config/core-isa.h`.
 *
 * Key
 * - `name`     as the assembler writes it.
 * - `match`    the bits that must be set as given, of those in `mask`. 24-bit words; 16-bit for `.n` forms.
 * - `form`     which operands stand where, in assembler order (operands.ts has one entry per form).
 * - `exec`     number of the case of the hot loop (execute.ts), 0 for those that leave it and run in system.ts.
 * - `flow`     `next` goes on behind it, `branch` may jump, `jump` always does, `system` may change interrupt state,
 *              `trap` raises an exception.
 * - `absent`   the core does not have it: IllegalInstruction (cause 0). It stands here so that the disassembler can
 *              name it and the tests can prove that it traps.
 * Fields: op0 = bits 0-3, t = 4-7, s = 8-11, r = 12-15, op1 = 16-19, op2 = 20-23.
 */
export type Flow = 'next' | 'branch' | 'jump' | 'system' | 'trap';

export type Form =
  | '' // no operands
  | 'r,s,t'
  | 'r,t' // neg, abs, srl, sra
  | 'r,s' // sll
  | 't,s' // nsa, mov.n, TLB reads
  | 's' // jx, callx0, ssr…, iitlb
  | 's4' // waiti, rfi, break.n: level or number in s
  | 's4,t4' // break
  | 't,s4' // rsil
  | 'sa' // ssai: 5 bits, t.0 and s
  | 'r,s,sal' // slli: 32 - (op2.0, t)
  | 'r,t,sar' // srai: op2.0 and s
  | 'r,t,sa4' // srli
  | 'r,t,sae,mask' // extui
  | 't,sr' // rsr, wsr, xsr
  | 't,l32r'
  | 't,s,i8' // l8ui, s8i
  | 't,s,i8x2'
  | 't,s,i8x4'
  | 't,s,simm8' // addi
  | 't,s,simm8x256' // addmi
  | 't,imm12' // movi
  | 'call'
  | 'j'
  | 's,l12' // beqz…
  | 's,b4,l8' // beqi…
  | 's,b4u,l8' // bltui, bgeui
  | 's,t,l8' // beq…
  | 's,bit,l8' // bbci, bbsi
  | 't,s,i4x4' // l32i.n
  | 'r,s,ai4' // addi.n
  | 's,i7' // movi.n
  | 's,l6'; // beqz.n

export interface Instruction {
  readonly name: string;
  readonly lengthBytes: 2 | 3;
  readonly mask: number;
  readonly match: number;
  readonly form: Form;
  readonly exec: number;
  readonly flow: Flow;
  readonly absent: boolean;
}

function row(
  name: string,
  mask: number,
  match: number,
  form: Form,
  exec: number,
  flow: Flow = 'next',
): Instruction {
  return { name, lengthBytes: (match & 8) !== 0 ? 2 : 3, mask, match, form, exec, flow, absent: false };
}

function absent(name: string, mask: number, match: number): Instruction {
  return {
    name,
    lengthBytes: (match & 8) !== 0 ? 2 : 3,
    mask,
    match,
    form: '',
    exec: 1,
    flow: 'trap',
    absent: true,
  };
}

/** Cases of the hot loop that are no instruction: not decoded yet, illegal, ROM call, leave the loop. */
export const EXEC_UNDECODED = 0;
export const EXEC_ILLEGAL = 1;
export const EXEC_ROM_CALL = 2;
export const EXEC_SYSTEM = 3;
/** L32R whose literal cannot be resolved when it is decoded (unmapped, or LITBASE in use). */
export const EXEC_L32R_SLOW = 4;
export const EXEC_BREAKPOINT = 5;

// prettier-ignore
export const INSTRUCTIONS: readonly Instruction[] = [
  // Arithmetic and logic, RRR
  row('add',    0xff000f, 0x800000, 'r,s,t', 10),
  row('addx2',  0xff000f, 0x900000, 'r,s,t', 11),
  row('addx4',  0xff000f, 0xa00000, 'r,s,t', 12),
  row('addx8',  0xff000f, 0xb00000, 'r,s,t', 13),
  row('sub',    0xff000f, 0xc00000, 'r,s,t', 14),
  row('subx2',  0xff000f, 0xd00000, 'r,s,t', 15),
  row('subx4',  0xff000f, 0xe00000, 'r,s,t', 16),
  row('subx8',  0xff000f, 0xf00000, 'r,s,t', 17),
  row('and',    0xff000f, 0x100000, 'r,s,t', 18),
  row('or',     0xff000f, 0x200000, 'r,s,t', 19),
  row('xor',    0xff000f, 0x300000, 'r,s,t', 20),
  row('neg',    0xff0f0f, 0x600000, 'r,t',   21),
  row('abs',    0xff0f0f, 0x600100, 'r,t',   22),
  row('mull',   0xff000f, 0x820000, 'r,s,t', 23),
  row('mul16u', 0xff000f, 0xc10000, 'r,s,t', 24),
  row('mul16s', 0xff000f, 0xd10000, 'r,s,t', 25),
  row('moveqz', 0xff000f, 0x830000, 'r,s,t', 26),
  row('movnez', 0xff000f, 0x930000, 'r,s,t', 27),
  row('movltz', 0xff000f, 0xa30000, 'r,s,t', 28),
  row('movgez', 0xff000f, 0xb30000, 'r,s,t', 29),
  row('nsa',    0xfff00f, 0x40e000, 't,s',   30),
  row('nsau',   0xfff00f, 0x40f000, 't,s',   31),
  // Shifts
  row('slli',   0xef000f, 0x010000, 'r,s,sal', 32),
  row('srai',   0xef000f, 0x210000, 'r,t,sar', 33),
  row('srli',   0xff000f, 0x410000, 'r,t,sa4', 34),
  row('src',    0xff000f, 0x810000, 'r,s,t', 35),
  row('srl',    0xff0f0f, 0x910000, 'r,t',   36),
  row('sll',    0xff00ff, 0xa10000, 'r,s',   37),
  row('sra',    0xff0f0f, 0xb10000, 'r,t',   38),
  row('extui',  0x0e000f, 0x040000, 'r,t,sae,mask', 39),
  row('ssr',    0xfff0ff, 0x400000, 's', 40),
  row('ssl',    0xfff0ff, 0x401000, 's', 41),
  row('ssa8l',  0xfff0ff, 0x402000, 's', 42),
  row('ssa8b',  0xfff0ff, 0x403000, 's', 43),
  row('ssai',   0xfff0ef, 0x404000, 'sa', 44),
  // Loads, stores, immediates
  row('l32r',   0x00000f, 0x000001, 't,l32r', 45),
  row('l8ui',   0x00f00f, 0x000002, 't,s,i8',   46),
  row('l16ui',  0x00f00f, 0x001002, 't,s,i8x2', 47),
  row('l16si',  0x00f00f, 0x009002, 't,s,i8x2', 48),
  row('l32i',   0x00f00f, 0x002002, 't,s,i8x4', 49),
  row('s8i',    0x00f00f, 0x004002, 't,s,i8',   50),
  row('s16i',   0x00f00f, 0x005002, 't,s,i8x2', 51),
  row('s32i',   0x00f00f, 0x006002, 't,s,i8x4', 52),
  row('movi',   0x00f00f, 0x00a002, 't,imm12', 53),
  row('addi',   0x00f00f, 0x00c002, 't,s,simm8', 54),
  row('addmi',  0x00f00f, 0x00d002, 't,s,simm8x256', 54),
  row('l32i.n', 0x000f, 0x0008, 't,s,i4x4', 49),
  row('s32i.n', 0x000f, 0x0009, 't,s,i4x4', 52),
  row('add.n',  0x000f, 0x000a, 'r,s,t', 10),
  row('addi.n', 0x000f, 0x000b, 'r,s,ai4', 54),
  row('movi.n', 0x008f, 0x000c, 's,i7', 53),
  row('mov.n',  0xf00f, 0x000d, 't,s', 55),
  row('nop',    0xffffff, 0x0020f0, '', 56),
  row('nop.n',  0xffff, 0xf03d, '', 56),
  // Jumps and branches
  row('call0',  0x00003f, 0x000005, 'call', 57, 'jump'),
  row('callx0', 0xfff0ff, 0x0000c0, 's', 58, 'jump'),
  row('j',      0x00003f, 0x000006, 'j', 59, 'jump'),
  row('jx',     0xfff0ff, 0x0000a0, 's', 60, 'jump'),
  row('ret',    0xfff0ff, 0x000080, '', 61, 'jump'), // s is ignored, as binutils and QEMU do
  row('ret.n',  0xf0ff, 0xf00d, '', 61, 'jump'),
  row('beqz',   0x0000ff, 0x000016, 's,l12', 62, 'branch'),
  row('bnez',   0x0000ff, 0x000056, 's,l12', 63, 'branch'),
  row('bltz',   0x0000ff, 0x000096, 's,l12', 64, 'branch'),
  row('bgez',   0x0000ff, 0x0000d6, 's,l12', 65, 'branch'),
  row('beqz.n', 0x00cf, 0x008c, 's,l6', 62, 'branch'),
  row('bnez.n', 0x00cf, 0x00cc, 's,l6', 63, 'branch'),
  row('beqi',   0x0000ff, 0x000026, 's,b4,l8', 66, 'branch'),
  row('bnei',   0x0000ff, 0x000066, 's,b4,l8', 67, 'branch'),
  row('blti',   0x0000ff, 0x0000a6, 's,b4,l8', 68, 'branch'),
  row('bgei',   0x0000ff, 0x0000e6, 's,b4,l8', 69, 'branch'),
  row('bltui',  0x0000ff, 0x0000b6, 's,b4u,l8', 70, 'branch'),
  row('bgeui',  0x0000ff, 0x0000f6, 's,b4u,l8', 71, 'branch'),
  row('bnone',  0x00f00f, 0x000007, 's,t,l8', 72, 'branch'),
  row('beq',    0x00f00f, 0x001007, 's,t,l8', 73, 'branch'),
  row('blt',    0x00f00f, 0x002007, 's,t,l8', 74, 'branch'),
  row('bltu',   0x00f00f, 0x003007, 's,t,l8', 75, 'branch'),
  row('ball',   0x00f00f, 0x004007, 's,t,l8', 76, 'branch'),
  row('bbc',    0x00f00f, 0x005007, 's,t,l8', 77, 'branch'),
  row('bbci',   0x00e00f, 0x006007, 's,bit,l8', 78, 'branch'),
  row('bany',   0x00f00f, 0x008007, 's,t,l8', 79, 'branch'),
  row('bne',    0x00f00f, 0x009007, 's,t,l8', 80, 'branch'),
  row('bge',    0x00f00f, 0x00a007, 's,t,l8', 81, 'branch'),
  row('bgeu',   0x00f00f, 0x00b007, 's,t,l8', 82, 'branch'),
  row('bnall',  0x00f00f, 0x00c007, 's,t,l8', 83, 'branch'),
  row('bbs',    0x00f00f, 0x00d007, 's,t,l8', 84, 'branch'),
  row('bbsi',   0x00e00f, 0x00e007, 's,bit,l8', 85, 'branch'),
  // Synchronization: nothing to wait for in this model
  row('isync',  0xffffff, 0x002000, '', 56),
  row('rsync',  0xffffff, 0x002010, '', 56),
  row('esync',  0xffffff, 0x002020, '', 56),
  row('dsync',  0xffffff, 0x002030, '', 56),
  row('excw',   0xffffff, 0x002080, '', 56),
  row('memw',   0xffffff, 0x0020c0, '', 56),
  row('extw',   0xffffff, 0x0020d0, '', 56),
  // System (system.ts)
  row('rfe',    0xffffff, 0x003000, '', 3, 'system'),
  row('rfde',   0xffffff, 0x003200, '', 3, 'system'),
  row('rfi',    0xfff0ff, 0x003010, 's4', 3, 'system'),
  row('break',  0xfff00f, 0x004000, 's4,t4', 3, 'system'),
  row('break.n', 0xf0ff, 0xf02d, 's4', 3, 'system'),
  row('syscall', 0xffffff, 0x005000, '', 3, 'trap'),
  row('simcall', 0xffffff, 0x005100, '', 3, 'trap'),
  row('rsil',   0xfff00f, 0x006000, 't,s4', 3, 'system'),
  row('waiti',  0xfff0ff, 0x007000, 's4', 3, 'system'),
  row('rsr',    0xff000f, 0x030000, 't,sr', 3, 'system'),
  row('wsr',    0xff000f, 0x130000, 't,sr', 3, 'system'),
  row('xsr',    0xff000f, 0x610000, 't,sr', 3, 'system'),
  row('ill',    0xffffff, 0x000000, '', 1, 'trap'),
  row('ill.n',  0xffff, 0xf06d, '', 1, 'trap'),
  row('ritlb0', 0xfff00f, 0x503000, 't,s', 3, 'system'),
  row('iitlb',  0xfff0ff, 0x504000, 's', 3, 'system'),
  row('pitlb',  0xfff00f, 0x505000, 't,s', 3, 'system'),
  row('witlb',  0xfff00f, 0x506000, 't,s', 3, 'system'),
  row('ritlb1', 0xfff00f, 0x507000, 't,s', 3, 'system'),
  row('rdtlb0', 0xfff00f, 0x50b000, 't,s', 3, 'system'),
  row('idtlb',  0xfff0ff, 0x50c000, 's', 3, 'system'),
  row('pdtlb',  0xfff00f, 0x50d000, 't,s', 3, 'system'),
  row('wdtlb',  0xfff00f, 0x50e000, 't,s', 3, 'system'),
  row('rdtlb1', 0xfff00f, 0x50f000, 't,s', 3, 'system'),
  // Absent: windows
  absent('retw',   0xffffff, 0x000090),
  absent('callx4', 0xfff0ff, 0x0000d0),
  absent('callx8', 0xfff0ff, 0x0000e0),
  absent('callx12', 0xfff0ff, 0x0000f0),
  absent('movsp',  0xfff00f, 0x001000),
  absent('rfwo',   0xffffff, 0x003400),
  absent('rfwu',   0xffffff, 0x003500),
  absent('rotw',   0xffff0f, 0x408000),
  absent('l32e',   0xff000f, 0x090000),
  absent('s32e',   0xff000f, 0x490000),
  absent('call4',  0x00003f, 0x000015),
  absent('call8',  0x00003f, 0x000025),
  absent('call12', 0x00003f, 0x000035),
  absent('entry',  0x0000ff, 0x000036),
  absent('retw.n', 0xffff, 0xf01d),
  // Absent: loops, booleans
  absent('bf',      0x00f0ff, 0x000076),
  absent('bt',      0x00f0ff, 0x001076),
  absent('loop',    0x00f0ff, 0x008076),
  absent('loopnez', 0x00f0ff, 0x009076),
  absent('loopgtz', 0x00f0ff, 0x00a076),
  absent('any4',    0xfff00f, 0x008000),
  absent('all4',    0xfff00f, 0x009000),
  absent('any8',    0xfff00f, 0x00a000),
  absent('all8',    0xfff00f, 0x00b000),
  absent('andb',    0xff000f, 0x020000),
  absent('andbc',   0xff000f, 0x120000),
  absent('orb',     0xff000f, 0x220000),
  absent('orbc',    0xff000f, 0x320000),
  absent('xorb',    0xff000f, 0x420000),
  absent('movf',    0xff000f, 0xc30000),
  absent('movt',    0xff000f, 0xd30000),
  // Absent: arithmetic options
  absent('salt',   0xff000f, 0x720000),
  absent('saltu',  0xff000f, 0x620000),
  absent('muluh',  0xff000f, 0xa20000),
  absent('mulsh',  0xff000f, 0xb20000),
  absent('quou',   0xff000f, 0xc20000),
  absent('quos',   0xff000f, 0xd20000),
  absent('remu',   0xff000f, 0xe20000),
  absent('rems',   0xff000f, 0xf20000),
  absent('sext',   0xff000f, 0x230000),
  absent('clamps', 0xff000f, 0x330000),
  absent('min',    0xff000f, 0x430000),
  absent('max',    0xff000f, 0x530000),
  absent('minu',   0xff000f, 0x630000),
  absent('maxu',   0xff000f, 0x730000),
  absent('mac16',  0x00000f, 0x000004),
  // Absent: synchronization, external and user registers, caches, floating point, the rest of the map
  absent('l32ai',  0x00f00f, 0x00b002),
  absent('s32c1i', 0x00f00f, 0x00e002),
  absent('s32ri',  0x00f00f, 0x00f002),
  absent('cache',  0x00f00f, 0x007002),
  absent('rer',    0xfff00f, 0x406000),
  absent('wer',    0xfff00f, 0x407000),
  absent('rur',    0xff000f, 0xe30000),
  absent('wur',    0xff000f, 0xf30000),
  absent('rfue',   0xffffff, 0x003100),
  absent('rfme',   0xffffff, 0x003020),
  absent('lsci',   0x00000f, 0x000003),
  absent('lscx',   0x0f000f, 0x080000),
  absent('fp0',    0x0f000f, 0x0a0000),
  absent('fp1',    0x0f000f, 0x0b0000),
  absent('cust0',  0x0f000f, 0x060000),
  absent('cust1',  0x0f000f, 0x070000),
];
