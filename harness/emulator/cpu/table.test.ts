import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { randomFrom, type Random } from '../testkit/vectors/state';
import { assemble } from './assemble';
import { findInstruction, lengthOf } from './decode';
import { disassemble } from './disassemble';
import { operandsOf } from './operands';
import { SPECIAL_REGISTERS } from './special-registers';
import { INSTRUCTIONS, type Instruction } from './table';

const OBJDUMP = 'xtensa-lx106-elf-objdump';
const PC = 0x40108000;
const PRESENT = INSTRUCTIONS.filter((row) => !row.absent);
const words = (row: Instruction): number => (row.lengthBytes === 2 ? 0xffff : 0xffffff);

/** A word of this row; special registers are ones that exist. */
function wordOf(row: Instruction, random: Random): number {
  const word = (row.match | (random.word() & ~row.mask)) & words(row);
  if (row.form !== 't,sr') return word;
  const readable = [...SPECIAL_REGISTERS].filter(([, { access }]) => access.includes(row.name[0]!));
  return (word & ~0xff00) | (random.pick(readable)[0] << 8);
}

function bytesOf(word: number, lengthBytes: number): number[] {
  return [0, 8, 16].slice(0, lengthBytes).map((shift) => (word >>> shift) & 0xff);
}

describe('the instruction table', () => {
  it('has no word that two rows claim', () => {
    const clashes: string[] = [];
    INSTRUCTIONS.forEach((one, index) => {
      for (const other of INSTRUCTIONS.slice(index + 1)) {
        if (one.lengthBytes !== other.lengthBytes) continue;
        if (((one.match ^ other.match) & one.mask & other.mask) === 0)
          clashes.push(`${one.name} ${other.name}`);
      }
    });
    expect(clashes).toEqual([]);
  });

  it('has rows whose fixed bits lie inside their mask and whose length follows from op0', () => {
    const wrong = INSTRUCTIONS.filter(
      (row) =>
        (row.match & ~row.mask) !== 0 ||
        (row.mask & 8) === 0 ||
        lengthOf(row.match & 0xff) !== row.lengthBytes ||
        row.mask > words(row),
    );
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  it('has no name twice', () => {
    const names = INSTRUCTIONS.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('is found by the decoder for every word of every row', () => {
    const random = randomFrom(1);
    const wrong: string[] = [];
    for (const row of INSTRUCTIONS) {
      for (let i = 0; i < 200; i++) {
        const word = (row.match | (random.word() & ~row.mask)) & words(row);
        if (findInstruction(word) !== row) wrong.push(`${word.toString(16)} is ${row.name}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('gives the decoder an answer that agrees with a plain search, for any word', () => {
    const random = randomFrom(2);
    const wrong: string[] = [];
    for (let i = 0; i < 50_000; i++) {
      const word = random.word() & 0xffffff;
      const bits = (word & 8) !== 0 ? word & 0xffff : word;
      const lengthBytes = lengthOf(word & 0xff);
      const searched = INSTRUCTIONS.find(
        (row) => row.lengthBytes === lengthBytes && (bits & row.mask) === row.match,
      );
      if (findInstruction(word) !== searched) wrong.push(word.toString(16));
    }
    expect(wrong).toEqual([]);
  });
});

describe('assembler and disassembler', () => {
  it.each(PRESENT.map((row) => [row.name, row] as const))(
    '%s survives the way there and back',
    (_name, row) => {
      const random = randomFrom(row.match);
      for (let i = 0; i < 40; i++) {
        const word = wordOf(row, random);
        const text = disassemble(word, PC);
        const again = assemble(text, PC).bytes;
        // Bits that no operand holds come back as the row has them.
        const held = operandsOf(row.form).reduce((bits, operand) => {
          const encoded = operand.encode(operand.decode(word, PC), PC);
          return encoded === undefined ? bits : bits | encoded;
        }, row.match);
        expect([text, ...again]).toEqual([text, ...bytesOf(held, row.lengthBytes)]);
        expect(disassemble(held, PC)).toBe(text);
      }
    },
  );

  it('refuse values that do not fit, with the line', () => {
    expect(() => assemble('addi a1, a2, 200', PC)).toThrow(/line 1 "addi a1, a2, 200".*does not fit/);
    expect(() => assemble('nop\nl32i a1, a2, 3', PC)).toThrow(/line 2/);
    expect(() => assemble('beqi a1, 9, 0x40108010', PC)).toThrow(/does not fit/);
    expect(() => assemble('loop a1, 0x40108010', PC)).toThrow(/unknown instruction/);
  });

  it('a pseudo-instruction gives the bytes of the instructions it stands for', () => {
    const short = 'begin: prologue 32, a12, a13\nwait_zero a4, a8, 0x10\nepilogue 32, a12, a13\nj begin';
    const long = [
      'begin: addi a1, a1, -32',
      's32i a0, a1, 0',
      's32i a12, a1, 4',
      's32i a13, a1, 8',
      'wait: l32i a4, a8, 0x10',
      'bnez a4, wait',
      'l32i a0, a1, 0',
      'l32i a12, a1, 4',
      'l32i a13, a1, 8',
      'addi a1, a1, 32',
      'ret',
      'j begin',
    ].join('\n');
    expect(assemble(short, PC).bytes).toEqual(assemble(long, PC).bytes);
  });

  it.each([
    ['prologue 20', 'a stack pointer that is no multiple of 16'],
    ['prologue 16, a12, a13, a14, a15', 'more registers than the frame holds'],
    ['epilogue 16, 4', 'what is no register'],
    ['prologue', 'a missing size'],
    ['wait_zero a4, a8', 'a missing offset'],
  ])('refuses `%s`: %s', (text) => {
    expect(() => assemble(`nop\n${text}`, PC)).toThrow(/line 2 .* does not take these operands/);
  });
});

const hasObjdump = !spawnSync(OBJDUMP, ['--version']).error;

/** What binutils makes of these words, one text each; numbers in decimal. */
function objdump(list: readonly number[]): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'esprig-objdump-'));
  try {
    const path = join(directory, 'words.bin');
    const starts: number[] = [];
    const bytes: number[] = [];
    for (const word of list) {
      starts.push(PC + bytes.length);
      bytes.push(...bytesOf(word, lengthOf(word & 0xff)));
    }
    writeFileSync(path, Uint8Array.from(bytes));
    // -z: runs of zeros are ILL here, not padding.
    const args = ['-D', '-z', '-b', 'binary', '-m', 'xtensa', `--adjust-vma=${PC}`, path];
    const listing = execFileSync(OBJDUMP, args, { encoding: 'utf8', maxBuffer: 64e6 });
    const textAt = new Map<number, string>();
    for (const line of listing.split('\n')) {
      const parts = /^\s*([0-9a-f]+):\t\S+\s*\t(.*)$/.exec(line);
      if (parts) textAt.set(parseInt(parts[1]!, 16), normal(parts[2]!));
    }
    return starts.map((start) => textAt.get(start) ?? 'nothing');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** One spelling of numbers and spaces; comments and symbols in brackets are dropped. */
function normal(text: string): string {
  return text
    .replace(/ [(<].*/, '')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/-?0x[0-9a-f]+|-?\b\d+\b/g, (digits) => String(Number(digits) | 0));
}

/** binutils shows a word that this configuration does not have as `excw`. */
const NOT_THERE = 'excw';
/** The configuration decodes external registers, its assembler knows none, no program uses them. */
const UNDECIDED = new Set(['rer', 'wer']);
/** Returns of the on-chip debugger's mode, which a running program is never in. */
const DEBUG_MODE = /^f1e\S* rfd[do]/;
/** binutils has numbers or other names for these. */
const spelled = (text: string): string =>
  text.replace('.176 ', '.configid0 ').replace('.208 ', '.configid1 ').replace('wsr.intset', 'wsr.interrupt');

(hasObjdump ? describe : describe.skip)(`the disassembler beside ${OBJDUMP}`, () => {
  it('writes every instruction as binutils does', () => {
    const random = randomFrom(3);
    const list: number[] = [];
    for (const row of PRESENT) for (let i = 0; i < 30; i++) list.push(wordOf(row, random));
    const theirs = objdump(list);
    let addr = PC;
    const wrong: string[] = [];
    list.forEach((word, index) => {
      const ours = normal(disassemble(word, addr));
      const reference = spelled(theirs[index]!);
      if (ours !== reference && !ours.startsWith('wsr.configid0'))
        wrong.push(`${word.toString(16)}: ${ours} / ${reference}`);
      addr += lengthOf(word & 0xff);
    });
    expect(wrong).toEqual([]);
  });

  it('calls absent what binutils does not decode', () => {
    const random = randomFrom(4);
    const rows = INSTRUCTIONS.filter(
      (row) => row.absent && row.lengthBytes === 3 && !UNDECIDED.has(row.name),
    );
    const list = rows.flatMap((row) => [wordOf(row, random), wordOf(row, random), row.match]);
    const decoded = objdump(list).map((text, index) => [rows[Math.floor(index / 3)]!.name, text]);
    expect(decoded.filter(([, text]) => text !== NOT_THERE)).toEqual([]);
  });

  it('knows no word that binutils decodes and the table does not', () => {
    const random = randomFrom(5);
    const list: number[] = [];
    while (list.length < 20_000) {
      const word = random.word() & 0xffffff;
      if ((word & 8) === 0 && findInstruction(word) === undefined) list.push(word);
    }
    // All 16-bit forms there are.
    for (let word = 0; word < 0x10000; word++) {
      if ((word & 8) !== 0 && (word & 15) < 14 && findInstruction(word) === undefined) list.push(word);
    }
    // Near misses of what exists: one fixed bit turned.
    for (const row of PRESENT) {
      for (let bit = 0; bit < 24 && row.lengthBytes === 3; bit++) {
        const word = wordOf(row, random) ^ (1 << bit);
        if ((word & 8) === 0 && findInstruction(word) === undefined) list.push(word);
      }
    }
    const decoded = objdump(list).map((text, index) => `${list[index]!.toString(16)} ${text}`);
    expect(decoded.filter((text) => !text.endsWith(` ${NOT_THERE}`) && !DEBUG_MODE.test(text))).toEqual([]);
  });
});
