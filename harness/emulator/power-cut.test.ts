import { beforeAll, describe, expect, it } from '@jest/globals';
import { IRAM_BASE } from '../chip/esp8266';
import { Board, type BoardSnapshot } from './board';
import { assemble } from './cpu/assemble';
import {
  applyOperation,
  operationTicks,
  type FlashOperation,
  type FlashPowerCut,
} from './peripherals/flash-operation';
import { momentInside } from './peripherals/flash-power-cut';
import { FLASH_TIMINGS } from './peripherals/flash-timing';
import { buildImage } from './testkit/image-builder';
import { RandomWords } from './testkit/random-words';
import { ticksToNanos } from './time';

const FLASH_BYTES = 0x80000;
const AREA_OFFSET = 0x20000;
const AREA_BYTES = 0x10000;
const PAGE_BYTES = 0x100;
const OPERATIONS_PER_SNAPSHOT = 16;

/** Erases 64 KB sector by sector and writes them, 4 KB at a time, with the functions of the ROM. */
const PROGRAM = `
  .literals
begin:
  l32r a2, =0x3ffe8000       // a buffer full of something
  l32r a3, =0x12345
  l32r a5, =0x41c64e6d
  movi a4, 1024
fill:
  mull a3, a3, a5
  addi a3, a3, 57
  s32i a3, a2, 0
  addi a2, a2, 4
  addi a4, a4, -1
  bnez a4, fill
  movi a12, 32
erase:
  mov a2, a12
  l32r a8, =0x40004a00
  callx0 a8
  bnez a2, failed
  addi a12, a12, 1
  movi a3, 48
  bne a12, a3, erase
  movi a12, 32
write:
  l32r a3, =0x3ffe8000
  s32i a12, a3, 0            // another content for each sector
  slli a2, a12, 12
  movi a4, 1
  slli a4, a4, 12
  l32r a8, =0x40004a4c
  callx0 a8
  bnez a2, failed
  addi a12, a12, 1
  movi a3, 48
  bne a12, a3, write
done: j done
failed: j failed
`;

const program = assemble(PROGRAM, IRAM_BASE);
const entryAddr = program.labels.get('begin')!;

/** What the board did without any cut. */
interface Reference {
  readonly operations: readonly FlashOperation[];
  readonly snapshots: readonly BoardSnapshot[];
  /** The flash before the first operation. */
  readonly before: Buffer;
  /** The flash after the last. */
  readonly after: Buffer;
}

const board = new Board({ flashSizeBytes: FLASH_BYTES, instantTx: true });
let reference: Reference;
let cuts: FlashPowerCut[] = [];
let said = '';

function runReference(): Reference {
  const code = new Uint8Array((program.bytes.length + 3) & ~3);
  code.set(program.bytes);
  board.programFlash(0, buildImage([{ loadAddr: IRAM_BASE, data: code }], { entryAddr }));
  // What is erased should not be blank already.
  board.programFlash(AREA_OFFSET, new RandomWords(64).bytes(AREA_BYTES));
  const before = Buffer.from(board.memory.flash);
  const operations: FlashOperation[] = [];
  const snapshots: BoardSnapshot[] = [];
  board.parts.flash.onOperation = (operation) => {
    operations.push({ ...operation });
    // Before the first operation of each group, so as to be restored for any cut in it.
    if (operation.number % OPERATIONS_PER_SNAPSHOT === 0) board.stop();
  };
  board.powerOn();
  board.cpu.codeTable.setBreakpoint(entryAddr);
  board.runFor(1e9);
  board.cpu.codeTable.clearBreakpoint(entryAddr);
  snapshots.push(board.save());
  board.cpu.codeTable.setBreakpoint(program.labels.get('done')!);
  board.cpu.codeTable.setBreakpoint(program.labels.get('failed')!);
  while (board.runFor(1e9) === 'stopped' && board.cpu.pc !== program.labels.get('done')) {
    snapshots.push(board.save());
  }
  board.cpu.codeTable.clearBreakpoint(program.labels.get('done')!);
  board.cpu.codeTable.clearBreakpoint(program.labels.get('failed')!);
  board.parts.flash.onOperation = undefined;
  return { operations, snapshots, before, after: Buffer.from(board.memory.flash) };
}

/** The page latch of a program operation: its data are what the whole run leaves there. */
function latchOf({ kind, addr, length }: FlashOperation): Uint8Array {
  const latch = new Uint8Array(PAGE_BYTES).fill(0xff);
  if (kind === 'program') latch.set(reference.after.subarray(addr, addr + length), addr % PAGE_BYTES);
  return latch;
}

/** The operations as the chip's data sheet has them, without a look at the model. */
function complete(flash: Buffer, operation: FlashOperation): void {
  const { kind, addr, length } = operation;
  if (kind === 'erase-sector') flash.fill(0xff, addr, addr + 0x1000);
  else for (let at = addr; at < addr + length; at++) flash[at]! &= reference.after[at]!;
}

/** `expect`, but only once it would fail: thousands of them take longer than the board. */
function same(number: number, actual: readonly unknown[], expected: readonly unknown[]): void {
  if (actual.length === expected.length && actual.every((value, index) => value === expected[index])) return;
  expect({ number, values: actual }).toEqual({ number, values: expected });
}

/** Runs from the snapshot before operation `number` to the cut in it. */
function cut(number: number, afterNanos: number | undefined): FlashPowerCut {
  cuts = [];
  board.restore(reference.snapshots[Math.floor((number - 1) / OPERATIONS_PER_SNAPSHOT)]!);
  board.armPowerCut({ operation: number, seed: number, ...(afterNanos === undefined ? {} : { afterNanos }) });
  const end = board.runFor(1e9);
  same(number, [end, cuts.length, board.isPowered], ['power-off', 1, false]);
  return cuts[0]!;
}

/** Power comes back: the image is whole, so the board boots into it. */
function expectBoots(): void {
  said = '';
  board.powerOn();
  board.cpu.codeTable.setBreakpoint(entryAddr);
  const end = board.runFor(1e9);
  board.cpu.codeTable.clearBreakpoint(entryAddr);
  same(0, [end, board.cpu.pc, said.includes('rst cause:1, boot mode:(3,6)')], ['stopped', entryAddr, true]);
}

beforeAll(() => {
  board.onTransmit = (_uart, byte) => {
    said += String.fromCharCode(byte);
  };
  reference = runReference();
  board.onPowerCut = (powerCut) => cuts.push(powerCut);
});

describe('power that fails in a flash operation', () => {
  it('has about two thousand operations to fail in', () => {
    const kinds = reference.operations.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'erase-sector')).toHaveLength(16);
    expect(kinds.filter((kind) => kind === 'program')).toHaveLength(2048);
    expect(reference.operations.map(({ number }) => number)).toEqual(kinds.map((_, index) => index + 1));
  });

  it('leaves what was done before, a part of the one, nothing of what would come after, for every operation', () => {
    const whole = Buffer.from(reference.before);
    const counted = { untouched: 0, partly: 0, complete: 0 };
    for (const operation of reference.operations) {
      const { number, kind, addr, length } = operation;
      const durationTicks = operationTicks(kind, FLASH_BYTES, FLASH_TIMINGS.fast);
      // Most cuts come at a moment of the seed's choice; some at the very start and at the very end.
      const afterNanos = number % 13 === 0 ? 0 : number % 13 === 1 ? ticksToNanos(durationTicks) : undefined;
      const powerCut = cut(number, afterNanos);
      const told = powerCut.operation;
      same(number, [told.number, told.kind, told.addr, told.length], [number, kind, addr, length]);
      const area = kind === 'program' ? length : 0x1000;
      const old = Buffer.from(whole.subarray(addr, addr + area));
      const now = Buffer.from(board.memory.flash.subarray(addr, addr + area));

      // 1. Everything else is as the operations before left it.
      const others = Buffer.from(whole);
      now.copy(others, addr);
      if (!others.equals(board.memory.flash))
        throw new Error(`operation ${number}: something else has changed`);

      // 2. The area lies between before and after, bit by bit.
      complete(whole, operation);
      const full = whole.subarray(addr, addr + area);
      for (let at = 0; at < area; at++) {
        const changed = old[at]! ^ now[at]!;
        if ((changed & ~(old[at]! ^ full[at]!)) !== 0) {
          throw new Error(`operation ${number}: byte ${at} holds what neither before nor after does`);
        }
      }
      const isUntouched = now.equals(old);
      const isComplete = now.equals(full);
      if (afterNanos === 0) same(number, [isUntouched, isComplete], [true, false]);
      else if (afterNanos !== undefined) same(number, [isUntouched, isComplete], [false, true]);
      else if (kind === 'erase-sector') same(number, [isUntouched, isComplete], [false, false]);
      counted[isComplete ? 'complete' : isUntouched ? 'untouched' : 'partly']++;

      // 3. It is the state that the model gives for this moment and this seed.
      const expectedTicks =
        afterNanos === undefined ? momentInside(durationTicks, number) : afterNanos === 0 ? 0 : durationTicks;
      same(number, [powerCut.elapsedTicks, powerCut.durationTicks], [expectedTicks, durationTicks]);
      const modelled = Buffer.from(others);
      old.copy(modelled, addr);
      applyOperation(modelled, kind, addr, latchOf(operation), expectedTicks / durationTicks, number);
      if (!modelled.equals(board.memory.flash))
        throw new Error(`operation ${number}: not what the model promises`);

      // 4. Power comes back.
      expectBoots();
    }
    const { operations } = reference;
    expect(counted.untouched + counted.partly + counted.complete).toBe(operations.length);
    expect(counted.partly).toBeGreaterThan(operations.length / 2);
    process.stdout.write(
      `power cuts checked: ${operations.length} of ${operations.length} flash operations ` +
        `(${counted.partly} partly done, ${counted.complete} complete, ${counted.untouched} untouched)\n`,
    );
  });

  it('leaves a program that repeats it after the cut with the whole area written', () => {
    for (const number of [1, 9, 16, 17, 700, 2064]) {
      cut(number, undefined);
      board.powerOn();
      board.cpu.codeTable.setBreakpoint(program.labels.get('done')!);
      expect(board.runFor(5e9)).toBe('stopped');
      board.cpu.codeTable.clearBreakpoint(program.labels.get('done')!);
      expect(reference.after.equals(board.memory.flash)).toBe(true);
    }
  });

  it('ends in the same state for the same seed, and in others for others', () => {
    const state = (seed: number): string => {
      cut(3, undefined);
      cuts = [];
      board.restore(reference.snapshots[0]!);
      board.armPowerCut({ operation: 3, seed });
      board.runFor(1e9);
      return Buffer.from(board.memory.flash).toString('latin1', 0x22000, 0x23000);
    };
    expect(state(5)).toBe(state(5));
    expect(state(5)).not.toBe(state(6));
  });

  it('outside any operation leaves all of them whole', () => {
    board.restore(reference.snapshots[0]!);
    board.runFor(1e6);
    const done = board.parts.flash.save() as { engine: { sincePowerOn: number; wip: boolean } };
    expect(done.engine.sincePowerOn).toBeGreaterThan(3);
    expect(cuts.length).toBeLessThan(2);
    board.powerOff();
    expectBoots();
  });
});
