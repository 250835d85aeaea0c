import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { ProgramBoard } from '../testkit/run-program';
import { RandomWords } from '../testkit/random-words';
import { microsToTicks } from '../time';
import { REG, REGISTER_WORDS } from './registers';

/** Two boards side by side: one executes every turn of every loop. */
const skipping = new ProgramBoard();
const plain = new ProgramBoard();
plain.cpu.skipsSteadyLoops = false;

/*
 * Registers of the random programs: a12 UART0, a13 place for results in RAM, a14 flag that the interrupt handler counts
 * up, a15 turns done; a4-a9 scratch.
 */
const PROLOGUE = `
  .literals
begin:
  movi a2, 6
  l32r a3, =tick
  movi a4, 0
  l32r a8, =0x40000f88
  callx0 a8
  movi a2, 5
  l32r a3, =received
  movi a4, 0
  l32r a8, =0x40000f88
  callx0 a8
  movi a2, 0x40
  l32r a8, =0x40000fa8
  callx0 a8
  l32r a12, =0x60000000
  l32r a13, =0x3fff0000
  l32r a14, =0x3ffe8100
  movi a15, 0
  s32i a15, a14, 0
  s32i a15, a14, 4
  rsr.ccount a4
  addmi a4, a4, 0x1000
  wsr.ccompare0 a4
`;

/** FRC-like tick by CCOMPARE0, and a receive interrupt that takes bytes out. */
const HANDLERS = `
end: j end
tick:
  l32r a2, =0x3ffe8100
  l32i a3, a2, 0
  addi a3, a3, 1
  s32i a3, a2, 0
  rsr.ccompare0 a4
  addmi a4, a4, 0x2300
  addi a4, a4, 77
  wsr.ccompare0 a4
  ret
received:
  l32r a2, =0x60000000
  l32r a3, =0x3ffe8100
  l32i a5, a3, 4
received_next:
  l32i a4, a2, 0x1c
  extui a4, a4, 0, 8
  beqz a4, received_done
  l32i a4, a2, 0
  addx8 a5, a5, a4
  j received_next
received_done:
  s32i a5, a3, 4
  movi a4, 0x1ff
  s32i a4, a2, 0x10
  ret
`;

/** Polling loops as firmware writes them, and some that are traps for a skipper. */
const LOOPS: readonly ((label: string, random: RandomWords) => string)[] = [
  // Until the transmit FIFO is empty.
  (label) => `${label}: l32i a5, a12, 0x1c\nextui a5, a5, 16, 8\nbnez a5, ${label}`,
  // Until it holds less than a few bytes, the raw status left in a register.
  (label, random) =>
    `movi a6, ${1 + random.below(20)}\n${label}: l32i a5, a12, 0x1c\nextui a4, a5, 16, 8\nbgeu a4, a6, ${label}`,
  // Through INT_RAW: transmit FIFO below its threshold.
  (label) => `movi a4, 2\ns32i a4, a12, 0x10\n${label}: l32i a5, a12, 4\nmemw\nbbci a5, 1, ${label}`,
  // A flag in RAM that an interrupt handler moves on.
  (label) => `l32i a6, a14, 0\n${label}: l32i a5, a14, 0\nbeq a5, a6, ${label}`,
  // The same as a function called each time.
  (label) =>
    `l32i a6, a14, 0\n${label}: call0 ${label}_look\nbeq a5, a6, ${label}\nj ${label}_done\n${label}_look: l32i a5, a14, 0\nret\n${label}_done: nop`,
  // With a time-out that counts: never steady.
  (label, random) =>
    `movi a7, ${100 + random.below(900)}\n${label}: addi a7, a7, -1\nbeqz a7, ${label}_done\nl32i a5, a12, 0x1c\nextui a5, a5, 16, 8\nbnez a5, ${label}\n${label}_done: s32i a7, a13, 4`,
  // CCOUNT: steady but for the time itself.
  (label, random) =>
    `rsr.ccount a6\nmovi a7, ${200 + random.below(1800)}\n${label}: rsr.ccount a5\nsub a5, a5, a6\nbltu a5, a7, ${label}`,
  // A store in the loop that changes nothing.
  (label) => `l32i a6, a14, 0\n${label}: s32i a6, a13, 8\nl32i a5, a14, 0\nbeq a5, a6, ${label}`,
  // The level of RXD, which moves in the middle of a frame. With a time-out, for nobody may be sending.
  (label) =>
    `l32i a6, a14, 0\n${label}: l32i a5, a12, 0x1c\nbbci a5, 15, ${label}_done\nl32i a7, a14, 0\nbeq a6, a7, ${label}\n${label}_done: s32i a5, a13, 12\nrsr.ccount a4\ns32i a4, a13, 16`,
  // Edges that the speed measurement has counted.
  (label) =>
    `l32i a6, a14, 0\nl32i a9, a12, 0x30\n${label}: l32i a5, a12, 0x30\nbne a5, a9, ${label}_done\nl32i a7, a14, 0\nbeq a6, a7, ${label}\n${label}_done: s32i a5, a13, 20\nrsr.ccount a4\ns32i a4, a13, 24`,
  // A very long turn, and one that is longer than what is looked at.
  (label, random) =>
    `l32i a6, a14, 0\n${label}: ${'nop\n'.repeat(30 + random.below(20))}l32i a5, a14, 0\nbne a5, a6, ${label}_done\nj ${label}\n${label}_done: nop`,
  // The slow counter of the RTC and the µs counter of WDEV: they move without an alarm.
  (label) => `l32r a4, =0x6000071c\nl32i a6, a4, 0\n${label}: l32i a5, a4, 0\nbeq a5, a6, ${label}`,
  (label) => `l32r a4, =0x3ff20c00\nl32i a6, a4, 0\n${label}: l32i a5, a4, 0\nbeq a5, a6, ${label}`,
  // Waiting for FRC1, which counts down without an alarm.
  (label) =>
    `l32r a4, =0x60000600\nmovi a5, 2000\ns32i a5, a4, 0\nmovi a5, 0x84\ns32i a5, a4, 8\nmovi a6, 1000\n${label}: l32i a5, a4, 4\nbgeu a5, a6, ${label}`,
];

function randomProgram(random: RandomWords): string {
  const parts: string[] = [];
  const turns = 3 + random.below(4);
  for (let turn = 0; turn < turns; turn++) {
    const bytes = random.below(30);
    if (bytes > 0) {
      parts.push(`movi a4, ${bytes}\nfill${turn}: s32i a4, a12, 0\naddi a4, a4, -1\nbnez a4, fill${turn}`);
    }
    parts.push(random.pick(LOOPS)(`wait${turn}`, random));
    parts.push(
      `addi a15, a15, 1\ns32i a15, a13, 0\nadd a13, a13, a15\naddi a13, a13, 3\nsrli a13, a13, 2\nslli a13, a13, 2`,
    );
    parts.push(`s32i a5, a13, 28\nrsr.ccount a4\ns32i a4, a13, 32`);
  }
  return `${PROLOGUE}\nagain:\n${parts.join('\n')}\nl32r a13, =0x3fff0000\nmovi a4, 7\nbgeu a15, a4, end\nj again\n${HANDLERS}`;
}

/** Everything that a program could have changed. */
function picture(guest: ProgramBoard): unknown {
  const { board, cpu, serial } = guest;
  const registers = [...cpu.regs.subarray(0, REGISTER_WORDS)].filter((_, index) => index !== REG.LEFT);
  const hash = createHash('sha1').update(board.memory.region('dram')).digest('hex');
  return {
    registers,
    hash,
    ticks: board.nowTicks,
    cycles: cpu.nowCycles,
    ccount: cpu.time.ccount,
    sent: serial.sent.map(({ byte, atTicks }) => `${byte}@${atTicks}`).join(' '),
  };
}

/** Runs both for the same pieces of time with the same bytes coming in; answers the cycles that were skipped. */
function compare(source: string, random: RandomWords, pieces: number): number {
  for (const guest of [skipping, plain]) {
    guest.rewind();
    guest.load(source);
    guest.board.takeIdledNanos();
  }
  for (let piece = 0; piece < pieces; piece++) {
    const microsToGo = random.below(3) === 0 ? random.below(5000) / 7 : random.below(300) / 3;
    const incoming = random.below(3) === 0 ? [...random.bytes(1 + random.below(3))] : [];
    for (const guest of [skipping, plain]) {
      for (const byte of incoming) guest.board.receiveByte(byte, 115200);
      guest.board.runUntil(guest.board.nowTicks + microsToTicks(microsToGo));
    }
    expect(picture(skipping)).toEqual(picture(plain));
  }
  return skipping.cpu.time.idledCycles - plain.cpu.time.idledCycles;
}

describe('skipping loops that only wait', () => {
  it('leaves registers, memory, time and the serial line of random programs as executing them does', () => {
    const seed = 20260723;
    let skipped = 0;
    for (let program = 0; program < 60; program++) {
      const random = new RandomWords(seed + program * 7919);
      const source = randomProgram(random);
      try {
        skipped += compare(source, random, 12);
      } catch (error) {
        throw new Error(`program ${program} of seed ${seed}:\n${source}\n${String(error)}`, { cause: error });
      }
    }
    // A skipper that skips nothing would pass too.
    expect(skipped).toBeGreaterThan(500_000);
  });

  it.each(LOOPS.map((loop, index) => [index, loop] as const))(
    'is exact for loop %i alone',
    (_index, loop) => {
      const random = new RandomWords(99);
      const fill = 'movi a4, 60\nfill: s32i a4, a12, 0\naddi a4, a4, -1\nbnez a4, fill';
      compare(
        `${PROLOGUE}\nagain: ${fill}\n${loop('wait', random)}\naddi a15, a15, 1\nmovi a4, 5\nbgeu a15, a4, end\nj again\n${HANDLERS}`,
        random,
        60,
      );
    },
  );

  it('stops for a breakpoint inside the loop', () => {
    skipping.rewind();
    skipping.load(
      `${PROLOGUE}\nmovi a4, 100\nfill: s32i a4, a12, 0\naddi a4, a4, -1\nbnez a4, fill\n${LOOPS[0]!('wait', new RandomWords(1))}\nj end\n${HANDLERS}`,
    );
    skipping.run(1_500);
    expect(skipping.cpu.time.idledCycles).toBeGreaterThan(1000);
    skipping.runTo('wait', 100);
  });

  it('executes a waiting second in a fraction of one', () => {
    skipping.rewind();
    skipping.load(`${PROLOGUE}\nrsil a2, 15\n${LOOPS[3]!('wait', new RandomWords(1))}\nj end\n${HANDLERS}`);
    const before = skipping.cpu.nowCycles - skipping.cpu.time.idledCycles;
    skipping.run(1_000_000);
    expect(skipping.cpu.nowCycles - skipping.cpu.time.idledCycles - before).toBeLessThan(100_000);
  });
});
