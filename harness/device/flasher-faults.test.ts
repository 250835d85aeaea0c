import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { FaultPlan } from '../port/fault-link';
import { memoryPort } from '../port/memory-port';
import type { FlashPart } from './flash-plan';
import { FakeChip } from './testkit/fake-chip';
import { runFaultSession, Tally } from './testkit/fault-session';
import type { FaultOutcome, Loader } from './testkit/fault-session';
import { QUICK_RECIPES } from './testkit/quick-recipes';

/** More runs of each kind for a long night: ESPRIG_FAULT_RUNS=1000. */
const RUNS = Number(process.env['ESPRIG_FAULT_RUNS'] ?? '1');
const SEED = Number(process.env['ESPRIG_FAULT_SEED'] ?? Date.now() % 1_000_000);
const BUDGET_MS = 2500;
/** How much later than its deadline a run may be seen to end on a busy machine. */
const GRACE_MS = 1500;

/** Waits cut down to what an in-process chip needs; a real line would call these faults. */
const LIMITS = {
  syncMs: 25,
  replyMs: 60,
  greetingMs: 60,
  eraseMsPerMiB: 400,
  writeMsPerMiB: 400,
  md5MsPerMiB: 400,
  chipEraseMs: 400,
};

const noise = new Uint8Array(randomBytes(9000));
const PARTS: readonly FlashPart[] = [
  { name: 'table', offset: 0x8000, bytes: noise.slice(0, 3000).fill(0, 0, 1) },
  {
    name: 'app',
    offset: 0x10000,
    bytes: Uint8Array.from({ length: 40_000 }, (_, i) => (i % 5 === 0 ? noise[i % 9000]! : 0)),
  },
];

const tally = new Tally();
afterAll(() => tally.print(`flashing over a faulty line, seed ${SEED}`));

const limitsTimes = (patience: number): typeof LIMITS =>
  Object.fromEntries(Object.entries(LIMITS).map(([key, ms]) => [key, ms * patience])) as typeof LIMITS;

/** One session over a line with faults. Returns how it ended; fails the test when it ended in no way it may. */
async function session(kind: string, loader: Loader, plan: FaultPlan, patience = 1): Promise<FaultOutcome> {
  const chip = new FakeChip();
  try {
    const result = await runFaultSession({
      inner: memoryPort(chip.line, { operationTimeoutMs: 500 }),
      plan,
      loader,
      parts: PARTS,
      flasher: { board: QUICK_RECIPES, limits: limitsTimes(patience), connectAttempts: 3 },
      budgetMs: BUDGET_MS * patience,
      graceMs: GRACE_MS,
      held: (offset, length) => Promise.resolve(chip.flash.slice(offset, offset + length)),
    });
    tally.add(`${loader}, ${kind}: ${result.outcome}`);
    return result;
  } finally {
    chip.dispose();
  }
}

describe.each(['stub', 'rom'] as const)('flashing with the %s over a faulty line', (loader) => {
  it('ends well over a line without faults, and needs no mending', async () => {
    // Patient, for a machine that does other things meanwhile must not look like a faulty line.
    expect((await session('no fault', loader, { seed: SEED }, 20)).outcome).toBe('verified');
  }, 60_000);

  it.each([
    ['lost bytes', { drop: 5e-5 }],
    ['doubled bytes', { duplicate: 5e-5 }],
    ['changed bits', { flip: 5e-5 }],
    ['held-up bytes', { stall: 2e-4 }],
    ['all of it', { drop: 2e-5, duplicate: 2e-5, flip: 2e-5, stall: 5e-5 }],
  ])(
    'either verifies or ends in a typed error in its time: %s',
    async (kind, rates) => {
      for (let run = 0; run < RUNS; run++) {
        await session(kind, loader, { seed: SEED + run, toHost: rates, toBoard: rates, stallMs: 80 });
      }
    },
    20_000 + RUNS * (BUDGET_MS + GRACE_MS),
  );

  it(
    'ends in one clear error wherever the cable is pulled',
    async () => {
      const { bytes } = await session('no fault', loader, { seed: SEED });
      for (let run = 0; run < RUNS * 2; run++) {
        const disconnectAtByte = Math.floor((bytes * (run + (SEED % 97) / 97)) / (RUNS * 2));
        const { outcome } = await session('pulled cable', loader, { seed: SEED, disconnectAtByte });
        expect(outcome).toBe('ESPRIG_PORT_UNPLUGGED');
      }
    },
    20_000 + RUNS * 2 * (BUDGET_MS + GRACE_MS),
  );

  it('gets through a storm that passes', async () => {
    const storm = { drop: 0.01, flip: 0.01 };
    const { outcome } = await session('a storm of three faults', loader, {
      seed: SEED,
      toHost: storm,
      toBoard: storm,
      maxFaults: 3,
      fromByte: 30_000,
    });
    expect(outcome).toMatch(/^verified/);
  }, 20_000);
});
