import { DRAM_BASE, IRAM_BASE } from '../../chip/esp8266';
import { EventQueue } from '../event-queue';
import { Bus } from '../memory/bus';
import { GuestMemory } from '../memory/guest-memory';
import { assemble } from './assemble';
import { Cpu } from './cpu';
import { INSTRUCTIONS, type Form } from './table';

/** Operands of one instance of each form; `next` is the instruction behind it. */
const OPERANDS: Readonly<Partial<Record<Form, string>>> = {
  'r,s,t': 'a2, a3, a4',
  'r,t': 'a2, a4',
  'r,s': 'a2, a3',
  't,s': 'a2, a3',
  s: 'a3',
  sa: '5',
  'r,s,sal': 'a2, a3, 3',
  'r,t,sar': 'a2, a3, 3',
  'r,t,sa4': 'a2, a3, 3',
  'r,t,sae,mask': 'a2, a3, 3, 5',
  't,s,i8': 'a2, a5, 1',
  't,s,i8x2': 'a2, a5, 2',
  't,s,i8x4': 'a2, a5, 4',
  't,s,i4x4': 'a2, a5, 4',
  't,s,simm8': 'a2, a3, 1',
  't,s,simm8x256': 'a2, a3, 256',
  't,imm12': 'a2, -1',
  's,l12': 'a3, next',
  's,b4,l8': 'a3, 1, next',
  's,b4u,l8': 'a3, 2, next',
  's,t,l8': 'a3, a4, next',
  's,bit,l8': 'a3, 1, next',
  'r,s,ai4': 'a2, a3, 1',
  's,i7': 'a2, -1',
  's,l6': 'a3, next',
  j: 'next',
};

const CODE_ADDR = IRAM_BASE + 0x1000;
const PASSES = 40;
const CYCLES_PER_PASS = 800;

let done = false;

/**
 * Runs every case of the hot loop once on a throw-away core, before the first board does. The engine compiles the loop
 * for what it has seen: a case it has not seen yet throws the compiled code away, and a boot would spend its first
 * seconds in that (measured: 40 times in the first 300 ms of an SDK image).
 */
export function warmUpHotLoop(): void {
  if (done) return;
  done = true;
  const memory = new GuestMemory(0x80000);
  const queue = new EventQueue();
  const cpu = new Cpu(memory, new Bus(), queue);
  const lines: string[] = ['.literals', 'begin:', 'l32r a5, =0x3ffe8100'];
  let label = 0;
  for (const { name, form, exec, flow } of INSTRUCTIONS) {
    const operands = OPERANDS[form];
    if (exec < 10 || operands === undefined || name === 'jx' || name === 'callx0') continue;
    lines.push(`${name} ${flow === 'next' ? operands : operands.replace('next', `after${label}`)}`);
    // beqz.n reaches no nearer than four bytes ahead.
    lines.push('nop', `after${label++}: nop`);
  }
  // The same accesses where they are not plain RAM, and the jumps through registers.
  lines.push(
    `l32r a5, =${String(IRAM_BASE)}`,
    'l32i a2, a5, 0',
    's32i a2, a5, 0',
    'call0 routine',
    'l32r a7, =routine',
    'callx0 a7',
  );
  lines.push('nop', 'memw', 'rsil a9, 1', 'wsr.ps a9', 'l32r a7, =begin', 'jx a7', 'routine: ret');
  const program = assemble(lines.join('\n'), CODE_ADDR);
  memory.region('iram').set(program.bytes, CODE_ADDR - IRAM_BASE);

  const values = [0, 1, -1, 0x7fffffff, -0x80000000, 0x1234567, 2, DRAM_BASE];
  for (let pass = 0; pass < PASSES; pass++) {
    cpu.reset();
    cpu.data.trapNarrowAccess = false;
    cpu.pc = program.labels.get('begin')!;
    cpu.ar[3] = values[pass % values.length]!;
    cpu.ar[4] = values[(pass * 3 + 1) % values.length]!;
    cpu.runCycles(CYCLES_PER_PASS);
  }
}
