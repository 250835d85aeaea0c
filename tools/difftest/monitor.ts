import { assemble } from '../../harness/emulator/cpu/assemble';
import { SPECIAL_REGISTERS, SR } from '../../harness/emulator/cpu/special-registers';
import {
  scratchOf,
  VECTORS,
  wordsOf,
  type Outcome,
  type TestCase,
} from '../../harness/emulator/testkit/vectors/case';
import {
  AR_COUNT,
  entryLevelOf,
  PC_SLOT,
  slotOf,
  STATE_SPECIALS,
  STATE_WORDS,
  TEST_PLACES,
} from '../../harness/emulator/testkit/vectors/state';

/**
 * A program that runs many test cases inside QEMU between two stops of the debugger. For each record of the case
 * table it writes the patched words (instruction, landings, data), sets the special registers, loads a0-a15 and
 * enters the instruction by RFI; landings and exception vectors lead to the recorder, which stores everything. The
 * only trace it leaves in a tested state is one scratch register (case.ts).
 */
export interface Monitor {
  readonly startAddr: number;
  /** A breakpoint belongs here. */
  readonly doneAddr: number;
  /** Pieces to load before the first run. */
  readonly pieces: readonly Piece[];
  /** What to write for one batch. */
  encode(tests: readonly TestCase[]): readonly Piece[];
  /** Where the number of cases still to begin is kept while a batch runs. */
  readonly remainingAddr: number;
  readonly resultsAddr: number;
  readonly resultSizeBytes: number;
  /** Reads one record; undefined when the core never came to rest. */
  decode(result: DataView, test: TestCase): Outcome | undefined;
}

export interface Piece {
  readonly addr: number;
  readonly bytes: Uint8Array;
}

const MAX_PATCHES = 14;
const MAX_WATCHES = 3;
const MAX_LANDINGS = 2;

const MONITOR_ADDR = 0x40110000;
/** Result pointer, case pointer, cases to go. */
const CONTROL_ADDR = 0x60000000;
const CONTROL = { result: 0, record: 4, remaining: 8 };
const RECORDS_ADDR = 0x60100000;
const RESULTS_ADDR = 0x62000000;
const SPECIALS_BYTES = STATE_SPECIALS.length * 4;

const RECORD = {
  patchCount: 0,
  entryLevel: 4,
  ar: 8,
  specials: 8 + AR_COUNT * 4,
  watches: 8 + AR_COUNT * 4 + SPECIALS_BYTES,
  patches: 256,
  sizeBytes: 512,
};
const RESULT = {
  ar: 0,
  specials: AR_COUNT * 4,
  watched: AR_COUNT * 4 + SPECIALS_BYTES,
  landing: 252,
  sizeBytes: 256,
};
const NO_LANDING = 0xffffffff;

const nameOf = (special: number): string => SPECIAL_REGISTERS.get(special)!.name;
/** By table of vectors: which special register holds a0 until the recorder has a place for it (case.ts). */
const SCRATCHES = [SR.DDR, SR.EXCSAVE3];
const controlIn = (register: string): string[] => [
  `movi ${register}, ${CONTROL_ADDR >>> 24}`,
  `slli ${register}, ${register}, 24`,
];
const registers = (first: number): number[] => Array.from({ length: AR_COUNT - first }, (_, i) => first + i);

/** Takes away what could disturb the monitor: interrupts, literal base, watchpoints, the vectors under test. */
const quiet = (): string[] => [
  'rsil a2, 15',
  'movi a2, 0',
  ...[SR.LITBASE, SR.INTENABLE, SR.IBREAKENABLE, SR.DBREAKC0, SR.ICOUNTLEVEL].map(
    (special) => `wsr.${nameOf(special)} a2`,
  ),
  ...['movi a2, 31', 'wsr.ps a2'],
  ...['movi a2, 0x401', 'slli a2, a2, 4', 'addi a2, a2, 1', 'slli a2, a2, 16', 'wsr.vecbase a2', 'rsync'],
];

const ownVectors = (): string[] => [
  ...VECTORS.flatMap(({ offset }, index) => [
    `.org ${MONITOR_ADDR + offset}`,
    index === 0 ? 'j debugged' : 'j failed',
  ]),
  `.org ${MONITOR_ADDR + 0x80}`,
  ...['failed: j failed', 'start:', ...quiet()],
];

/** Region protection: the lowest 512 MB closed as the boot ROM leaves them, the rest open again. */
const closeRegion = (): string[] => [
  ...['next:', 'movi a2, 15', 'movi a3, 0', 'wdtlb a2, a3', 'witlb a2, a3', 'movi a2, 1'],
  ...[1, 2, 3, 4, 5, 6, 7].flatMap((region) => [
    `movi a3, ${region}`,
    ...['slli a3, a3, 29', 'wdtlb a2, a3', 'witlb a2, a3'],
  ]),
  'isync',
];

const enterCase = (): string[] => [
  ...controlIn('a0'),
  ...[`l32i a1, a0, ${CONTROL.remaining}`, 'bnez a1, more', 'j done', 'more: addi a1, a1, -1'],
  ...[`s32i a1, a0, ${CONTROL.remaining}`, `l32i a2, a0, ${CONTROL.record}`],
  ...[`l32i a3, a2, ${RECORD.patchCount}`, `addmi a4, a2, ${RECORD.patches}`],
  ...['patch: beqz a3, patched', 'l32i a5, a4, 0', 'l32i a6, a4, 4', 's32i a6, a5, 0'],
  ...['addi a4, a4, 8', 'addi a3, a3, -1', 'j patch', 'patched: isync'],
  // DEBUGCAUSE cannot be written: the monitor's own debug vector is entered once, for a known value.
  ...['rsil a3, 0', 'break 1, 1', 'debugged: rsil a3, 15', 'movi a3, -1', 'wsr.intclear a3'],
  ...STATE_SPECIALS.flatMap((special, index) =>
    special === SR.PS || special === SR.DEBUGCAUSE
      ? []
      : [`l32i a3, a2, ${RECORD.specials + index * 4}`, `wsr.${nameOf(special)} a3`],
  ),
  ...[`l32i a3, a2, ${RECORD.entryLevel}`, 'mov.n a0, a2', 'beqi a3, 2, level2', 'j level3'],
  ...[2, 3].flatMap((level) => [
    `level${level}:`,
    ...registers(1).map((i) => `l32i a${i}, a0, ${RECORD.ar + i * 4}`),
    ...[`l32i a0, a0, ${RECORD.ar}`, `rfi ${level}`],
  ]),
];

const landings = (): string[] =>
  SCRATCHES.flatMap((scratch, table) => [
    ...Array.from({ length: MAX_LANDINGS + VECTORS.length }, (_, landing) => [
      `landing${table}_${landing}:`,
      ...controlIn('a0'),
      ...[`l32i a0, a0, ${CONTROL.result}`, `s32i a1, a0, ${RESULT.ar + 4}`],
      ...[`movi a1, ${landing}`, `s32i a1, a0, ${RESULT.landing}`],
      ...[`rsr.${nameOf(scratch)} a1`, `s32i a1, a0, ${RESULT.ar}`, 'j record'],
    ]).flat(),
  ]);

const recordCase = (): string[] => [
  'record:',
  ...registers(2).map((i) => `s32i a${i}, a0, ${RESULT.ar + i * 4}`),
  ...STATE_SPECIALS.flatMap((special, index) => [
    `rsr.${nameOf(special)} a1`,
    `s32i a1, a0, ${RESULT.specials + index * 4}`,
  ]),
  ...quiet(),
  ...[...controlIn('a3'), `l32i a2, a3, ${CONTROL.record}`],
  ...Array.from({ length: MAX_WATCHES }, (_, i) => [
    ...[`l32i a4, a2, ${RECORD.watches + i * 4}`, 'l32i a4, a4, 0', `s32i a4, a0, ${RESULT.watched + i * 4}`],
  ]).flat(),
  ...[`l32i a5, a2, ${RECORD.patchCount}`, `addmi a4, a2, ${RECORD.patches}`, 'movi a7, 0'],
  ...['wipe: beqz a5, wiped', 'l32i a6, a4, 0', 's32i a7, a6, 0', 'addi a4, a4, 8', 'addi a5, a5, -1'],
  ...['j wipe', `wiped: addmi a2, a2, ${RECORD.sizeBytes}`, `addmi a0, a0, ${RESULT.sizeBytes}`],
  ...[`s32i a2, a3, ${CONTROL.record}`, `s32i a0, a3, ${CONTROL.result}`, 'j next'],
];

function wordsPiece(addr: number, words: readonly number[]): Piece {
  return { addr, bytes: new Uint8Array(Uint32Array.from(words).buffer) };
}

/** QEMU runs code that shares a page with a breakpoint one instruction at a time: the end has a page of its own. */
const finish = (): string[] => ['.align 4096', 'done: j done'];

export function buildMonitor(): Monitor {
  const program = assemble(
    [ownVectors(), closeRegion(), enterCase(), landings(), recordCase(), finish()].flat().join('\n'),
    MONITOR_ADDR,
  );
  const symbols = Object.fromEntries(program.labels);
  const landingBytes = (addr: number, table: number, landing: number): Uint8Array =>
    assemble(`wsr.${nameOf(SCRATCHES[table]!)} a0\nj landing${table}_${landing}`, addr, symbols).bytes;
  const vectorPieces = [TEST_PLACES.vecbaseA, TEST_PLACES.vecbaseB].flatMap((vecbase, table) =>
    VECTORS.map(({ offset }, index) => ({
      addr: vecbase + offset,
      bytes: landingBytes(vecbase + offset, table, MAX_LANDINGS + index),
    })),
  );

  const writeRecord = (view: DataView, at: number, test: TestCase): void => {
    const table = SCRATCHES.indexOf(scratchOf(test) as 104);
    const patches = [...wordsOf(test, (addr, index) => landingBytes(addr, table, index))];
    if (
      patches.length > MAX_PATCHES ||
      test.landings.length > MAX_LANDINGS ||
      test.watches.length > MAX_WATCHES
    )
      throw new Error(`${test.subject}: ${patches.length} words to patch are too many for a record`);
    view.setUint32(at + RECORD.patchCount, patches.length, true);
    view.setUint32(at + RECORD.entryLevel, entryLevelOf(test.seed), true);
    for (let i = 0; i < PC_SLOT; i++) view.setUint32(at + RECORD.ar + i * 4, test.state[i]!, true);
    for (let i = 0; i < MAX_WATCHES; i++)
      view.setUint32(at + RECORD.watches + i * 4, test.watches[i] ?? TEST_PLACES.dataAddr, true);
    patches.forEach(([addr, value], i) => {
      view.setUint32(at + RECORD.patches + i * 8, addr, true);
      view.setUint32(at + RECORD.patches + i * 8 + 4, value, true);
    });
  };

  return {
    startAddr: symbols['start']!,
    doneAddr: symbols['done']!,
    pieces: [{ addr: MONITOR_ADDR, bytes: program.bytes }, ...vectorPieces],
    remainingAddr: CONTROL_ADDR + CONTROL.remaining,
    resultsAddr: RESULTS_ADDR,
    resultSizeBytes: RESULT.sizeBytes,
    encode(tests) {
      const view = new DataView(new ArrayBuffer(tests.length * RECORD.sizeBytes));
      tests.forEach((test, index) => writeRecord(view, index * RECORD.sizeBytes, test));
      return [
        wordsPiece(CONTROL_ADDR, [RESULTS_ADDR, RECORDS_ADDR, tests.length]),
        { addr: RECORDS_ADDR, bytes: new Uint8Array(view.buffer) },
        { addr: RESULTS_ADDR, bytes: new Uint8Array(tests.length * RESULT.sizeBytes).fill(0xff) },
      ];
    },
    decode(result, test) {
      const landing = result.getUint32(RESULT.landing, true);
      if (landing === NO_LANDING) return undefined;
      const state = new Uint32Array(STATE_WORDS);
      for (let i = 0; i < PC_SLOT; i++) state[i] = result.getUint32(RESULT.ar + i * 4, true);
      const vector = VECTORS[landing - MAX_LANDINGS];
      state[PC_SLOT] = vector
        ? test.state[slotOf(SR.VECBASE)]! + vector.offset
        : (test.landings[landing] ?? NO_LANDING);
      return {
        state,
        watched: test.watches.map((_, i) => result.getUint32(RESULT.watched + i * 4, true)),
      };
    },
  };
}
