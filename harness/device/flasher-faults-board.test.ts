import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RealClock } from '../core/clock';
import { Deadline } from '../core/deadline';
import { isEsprigError } from '../core/errors';
import { BoardThread } from '../host/board-thread';
import { FaultLink } from '../port/fault-link';
import type { FaultPlan } from '../port/fault-link';
import { memoryPort } from '../port/memory-port';
import { connectFlasher } from './flasher';
import type { FlashPart } from './flash-plan';
import { QUICK_RECIPES } from './testkit/quick-recipes';

/*
 * The emulated board behind a line with faults: its own ROM loader and the stub's real code are at the other end, and
 * the flash is looked into behind the flasher's back. ESPRIG_FAULT_SWEEP_S=600 sweeps for ten minutes and pulls the
 * cable at bytes spread evenly over a whole session; without it a few runs of each kind are made.
 */
const SWEEP_MS = Number(process.env['ESPRIG_FAULT_SWEEP_S'] ?? '0') * 1000;
const SEED = Number(process.env['ESPRIG_FAULT_SEED'] ?? Date.now() % 1_000_000);
const SHORT_RUNS = 2;
const BUDGET_MS = 5000;
/** How much later than its deadline a run may be seen to end on a busy machine. */
const GRACE_MS = 2500;
const LIMITS = {
  syncMs: 40,
  replyMs: 250,
  greetingMs: 250,
  eraseMsPerMiB: 2000,
  writeMsPerMiB: 4000,
  md5MsPerMiB: 4000,
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

const PARTS: readonly FlashPart[] = [
  { name: 'table', offset: 0x8000, bytes: bytesOf('table', 700) },
  { name: 'app', offset: 0x10000, bytes: bytesOf('app', 4500).fill(0, 1500, 3500) },
];
const RATES: readonly (readonly [string, Partial<FaultPlan>])[] = [
  ['lost bytes', { toHost: { drop: 1e-4 }, toBoard: { drop: 1e-4 } }],
  ['doubled bytes', { toHost: { duplicate: 1e-4 }, toBoard: { duplicate: 1e-4 } }],
  ['changed bits', { toHost: { flip: 1e-4 }, toBoard: { flip: 1e-4 } }],
  ['held-up bytes', { toHost: { stall: 5e-4 }, toBoard: { stall: 5e-4 }, stallMs: 60 }],
];

const SOME = { drop: 2e-5, duplicate: 2e-5, flip: 2e-5, stall: 1e-4 };
const MIXED: Partial<FaultPlan> = { toHost: SOME, toBoard: SOME, stallMs: 60 };

type Loader = 'stub' | 'rom';
let board: BoardThread;
const tally = new Map<string, number>();

beforeAll(() => {
  board = BoardThread.start({
    config: { flashSizeBytes: FLASH_BYTES, fastWire: true, lineSettleMicros: 500 },
  });
});
afterAll(async () => {
  await board.close();
  const rows = [...tally]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([what, times]) => `  ${what}: ${times}`);
  process.stdout.write(`emulated board behind a faulty line, seed ${SEED}:\n${rows.join('\n')}\n`);
});

interface Damage {
  readonly at: number;
  /** XOR over the block of what was wanted and what is held: all that the ROM's checksum could have seen. */
  readonly xor: number;
  readonly differing: number;
}

/** Blocks of the ROM's size that the flash holds otherwise. */
async function damage(): Promise<Damage[]> {
  const flash = await board.act('read-flash', { offset: 0, length: FLASH_BYTES });
  const found: Damage[] = [];
  for (const { offset, bytes } of PARTS) {
    for (let at = 0; at < bytes.length; at += 0x400) {
      // With what fills the last block: two damaged bits may cancel out with one of them there.
      const wanted = new Uint8Array(0x400).fill(0xff);
      wanted.set(bytes.subarray(at, at + 0x400));
      const held = flash.subarray(offset + at, offset + at + 0x400);
      const differences = wanted.map((byte, i) => byte ^ held[i]!);
      const differing = differences.filter((difference) => difference !== 0).length;
      const spoilt = differences.subarray(0, bytes.length - at).some((difference) => difference !== 0);
      if (!spoilt) continue;
      found.push({ at: offset + at, xor: differences.reduce((sum, byte) => sum ^ byte, 0), differing });
    }
  }
  return found;
}

/** One flashing from power-on; throws when it ends in no way it may. */
async function session(
  kind: string,
  loader: Loader,
  plan: FaultPlan,
): Promise<{ outcome: string; bytes: number }> {
  await board.act('power-off');
  await board.act('erase-flash');
  await board.act('power-on');
  const inner = memoryPort(board.line, { operationTimeoutMs: 1000 });
  const link = new FaultLink(inner, plan, () => inner.unplug());
  await link.open();
  const startMs = performance.now();
  using deadline = new Deadline({
    clock: new RealClock(),
    budgetMs: BUDGET_MS,
    phase: 'flash',
    blame: 'rig',
  });
  let outcome: string;
  try {
    const stub = loader === 'stub' ? 'always' : 'never';
    using flasher = await connectFlasher(
      { link, board: QUICK_RECIPES, stub, limits: LIMITS, connectAttempts: 4, flashBaud: 115200 },
      deadline,
    );
    const result = await flasher.write(PARTS, {}, deadline);
    outcome = result.recoveries === 0 ? 'verified' : 'verified after mending';
    const damaged = await damage();
    if (damaged.length > 0) {
      // One XOR byte a block is all the ROM has; what cancels out in it is known and said (`rom-readback`).
      if (loader === 'stub' || damaged.some(({ xor }) => xor !== 0))
        throw new Error(
          `called a success, but the flash is damaged: ${JSON.stringify({ damaged, result, plan })}`,
        );
      outcome = 'damage that no ROM checksum can see';
    }
  } catch (error) {
    if (!isEsprigError(error)) throw error;
    outcome = error.code;
  } finally {
    await link.close();
  }
  const spentMs = performance.now() - startMs;
  if (spentMs > BUDGET_MS + GRACE_MS)
    throw new Error(`took ${Math.round(spentMs)} ms; plan ${JSON.stringify(plan)}`);
  const row = `${loader}, ${kind}: ${outcome}`;
  tally.set(row, (tally.get(row) ?? 0) + 1);
  return { outcome, bytes: link.counts.bytes };
}

describe.each(['stub', 'rom'] as const)(
  'flashing the emulated board with the %s over a faulty line',
  (loader) => {
    const half = SWEEP_MS / 4;

    it(
      'either verifies or ends in a typed error in its time, whatever happens to the bytes',
      async () => {
        expect((await session('no fault', loader, { seed: SEED })).outcome).toMatch(/^verified/);
        if (half === 0) await session('all of it', loader, { seed: SEED, ...MIXED });
        const endMs = performance.now() + half;
        for (let run = 0; performance.now() < endMs; run++) {
          for (const [kind, plan] of RATES) await session(kind, loader, { seed: SEED + run, ...plan });
        }
      },
      60_000 + half,
    );

    it(
      'ends in one clear error at whichever byte the cable is pulled',
      async () => {
        const startMs = performance.now();
        const { bytes } = await session('no fault', loader, { seed: SEED });
        const oneMs = performance.now() - startMs;
        const pulls = Math.max(SHORT_RUNS, Math.floor(half / oneMs));
        const step = bytes / pulls;
        for (let pull = 0; pull < pulls; pull++) {
          const disconnectAtByte = Math.floor(step * (pull + (SEED % 97) / 97));
          const { outcome } = await session('pulled cable', loader, { seed: SEED, disconnectAtByte });
          expect(outcome).toBe('ESPRIG_PORT_UNPLUGGED');
        }
      },
      60_000 + half * 3,
    );
  },
);
