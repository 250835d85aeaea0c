import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BoardThread } from '../host/board-thread';
import type { FaultPlan } from '../port/fault-link';
import { memoryPort } from '../port/memory-port';
import type { FlashPart } from './flash-plan';
import { runFaultSession, Tally } from './testkit/fault-session';
import type { FaultOutcome, Loader } from './testkit/fault-session';
import { QUICK_RECIPES } from './testkit/quick-recipes';

/*
 * The emulated board behind a line with faults: its own ROM loader and the stub's real code are at the other end, and
 * the flash is looked into behind the flasher's back. Without flags a few runs of each kind are made;
 * ESPRIG_FAULT_SWEEP_S=600 makes spoilt bytes for ten minutes, ESPRIG_FAULT_EVERY_BYTE=1 pulls the cable at every
 * byte of a session in turn, on several boards side by side (half an hour on two cores), =K at every K-th.
 */
const SWEEP_MS = Number(process.env['ESPRIG_FAULT_SWEEP_S'] ?? '0') * 1000;
const STRIDE_BYTES = Number(process.env['ESPRIG_FAULT_EVERY_BYTE'] ?? '0');
const SEED = Number(process.env['ESPRIG_FAULT_SEED'] ?? Date.now() % 1_000_000);
const SHORT_PULLS = 4;
const SWEEP_LANES = 4;
const BUDGET_MS = STRIDE_BYTES > 0 ? 20_000 : 5000;
const FLASHER = {
  board: QUICK_RECIPES,
  connectAttempts: 4,
  flashBaud: 115200,
  limits: {
    syncMs: 40,
    replyMs: 250,
    greetingMs: 250,
    eraseMsPerMiB: 2000,
    writeMsPerMiB: 4000,
    md5MsPerMiB: 4000,
  },
};
const FLASH_BYTES = 0x80000;

/** Bytes that depend on the seed alone, so that a plan can be run again. */
function bytesOf(name: string, sizeBytes: number): Uint8Array {
  const parts: Buffer[] = [];
  for (let at = 0; at < sizeBytes; at += 32)
    parts.push(createHash('sha256').update(`${SEED} ${name} ${at}`).digest());
  // The first byte is no image's: nothing is parsed here.
  return new Uint8Array(Buffer.concat(parts).subarray(0, sizeBytes)).fill(0, 0, 1);
}

const TABLE: FlashPart = { name: 'table', offset: 0x8000, bytes: bytesOf('table', 700) };
const APP: FlashPart = {
  name: 'app',
  offset: 0x10000,
  bytes: bytesOf('app', 4500).fill(0, 1500, 3500),
};
const RATES: readonly (readonly [string, Partial<FaultPlan>])[] = [
  ['lost bytes', { toHost: { drop: 1e-4 }, toBoard: { drop: 1e-4 } }],
  ['doubled bytes', { toHost: { duplicate: 1e-4 }, toBoard: { duplicate: 1e-4 } }],
  ['changed bits', { toHost: { flip: 1e-4 }, toBoard: { flip: 1e-4 } }],
  ['held-up bytes', { toHost: { stall: 5e-4 }, toBoard: { stall: 5e-4 }, stallMs: 60 }],
];

const SOME = { drop: 2e-5, duplicate: 2e-5, flip: 2e-5, stall: 1e-4 };
const MIXED: Partial<FaultPlan> = { toHost: SOME, toBoard: SOME, stallMs: 60 };

const startBoard = (): BoardThread =>
  BoardThread.start({
    config: { flashSizeBytes: FLASH_BYTES, fastWire: true, lineSettleMicros: 500 },
  });

let firstBoard: BoardThread;
const tally = new Tally();

beforeAll(() => {
  firstBoard = startBoard();
});
afterAll(async () => {
  await firstBoard.close();
  tally.print(`emulated board behind a faulty line, seed ${SEED}`);
});

/** One flashing from power-on. */
async function session(
  kind: string,
  loader: Loader,
  plan: FaultPlan,
  parts: readonly FlashPart[] = [TABLE, APP],
  board = firstBoard,
): Promise<FaultOutcome> {
  await board.act('power-off');
  await board.act('erase-flash');
  await board.act('power-on');
  const result = await runFaultSession({
    inner: memoryPort(board.line, { operationTimeoutMs: 1000 }),
    plan,
    loader,
    parts,
    flasher: FLASHER,
    budgetMs: BUDGET_MS,
    graceMs: 2500,
    held: (offset, length) => board.act('read-flash', { offset, length }),
  });
  tally.add(`${loader}, ${kind}: ${result.outcome}`);
  return result;
}

describe.each(['stub', 'rom'] as const)(
  'flashing the emulated board with the %s over a faulty line',
  (loader) => {
    it(
      'either verifies or ends in a typed error in its time, whatever happens to the bytes',
      async () => {
        expect((await session('no fault', loader, { seed: SEED })).outcome).toMatch(/^verified/);
        if (SWEEP_MS === 0) await session('all of it', loader, { seed: SEED, ...MIXED });
        const endMs = performance.now() + SWEEP_MS / 2;
        for (let run = 0; performance.now() < endMs; run++) {
          for (const [kind, plan] of RATES) await session(kind, loader, { seed: SEED + run, ...plan });
        }
      },
      60_000 + SWEEP_MS / 2,
    );

    it(
      'ends in one clear error at whichever byte the cable is pulled',
      async () => {
        // A reset more or less makes sessions differ in length: the shortest of some has an end for all.
        let bytes = Infinity;
        for (let i = 0; i < (STRIDE_BYTES > 0 ? 5 : 1); i++)
          bytes = Math.min(bytes, (await session('no fault', loader, { seed: SEED }, [TABLE])).bytes);
        const stride = STRIDE_BYTES > 0 ? STRIDE_BYTES : Math.ceil(bytes / SHORT_PULLS);
        const lanes = STRIDE_BYTES > 0 ? SWEEP_LANES : 1;
        // One for all lanes: each takes the next place when it has done its last.
        let next = STRIDE_BYTES === 1 ? 0 : SEED % stride;
        const sweep = async (board: BoardThread): Promise<void> => {
          for (let at = next; at < bytes; at = next) {
            next += stride;
            const plan = { seed: SEED, disconnectAtByte: at };
            const { outcome } = await session('pulled cable', loader, plan, [TABLE], board);
            // Behind the end of a session there is nothing to pull.
            const isPastTheEnd = at >= bytes - 64 && outcome.startsWith('verified');
            if (outcome !== 'ESPRIG_PORT_UNPLUGGED' && !isPastTheEnd)
              throw new Error(`pulled at byte ${at} of ${bytes}: ${outcome}`);
          }
        };
        const boards = Array.from({ length: lanes }, (_, lane) => (lane === 0 ? firstBoard : startBoard()));
        try {
          const ends = await Promise.allSettled(boards.map(sweep));
          for (const end of ends) if (end.status === 'rejected') throw end.reason;
        } finally {
          for (const board of boards.slice(1)) await board.close();
        }
      },
      STRIDE_BYTES > 0 ? 7_200_000 : 60_000,
    );
  },
);
