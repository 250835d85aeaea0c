import { RealClock } from '../../core/clock';
import { Deadline } from '../../core/deadline';
import { isEsprigError } from '../../core/errors';
import { FaultLink } from '../../port/fault-link';
import type { FaultPlan } from '../../port/fault-link';
import type { MemoryPort } from '../../port/memory-port';
import { connectFlasher } from '../flasher';
import type { FlashPart } from '../flash-plan';
import type { FlasherOptions } from '../flash-types';

export type Loader = 'stub' | 'rom';

/** One flashing over a line with faults: what is flashed, over what, and how long it may take. */
export interface FaultSession {
  readonly inner: MemoryPort;
  readonly plan: FaultPlan;
  readonly loader: Loader;
  readonly parts: readonly FlashPart[];
  readonly flasher: Omit<FlasherOptions, 'link' | 'stub'>;
  readonly budgetMs: number;
  /** How much later than its deadline a run may be seen to end on a busy machine. */
  readonly graceMs: number;
  /** The flash at the other end, looked into behind the flasher's back: `length` bytes from `offset` on. */
  readonly held: (offset: number, length: number) => Promise<Uint8Array>;
}

export interface FaultOutcome {
  /** `verified`, `verified after mending`, `damage that no ROM checksum can see`, or the error's code. */
  readonly outcome: string;
  /** Bytes that crossed the line, both ways together. */
  readonly bytes: number;
}

/** What the ROM takes at once, and puts one XOR byte on. */
const BLOCK_BYTES = 0x400;

interface Damage {
  readonly at: number;
  /** XOR over the block of what was wanted and what is held: all that the ROM's checksum could have seen. */
  readonly xor: number;
  readonly differing: number;
}

/** Blocks of the ROM's size that the flash holds otherwise than wanted. */
async function damage({ parts, held }: FaultSession): Promise<Damage[]> {
  const found: Damage[] = [];
  for (const { offset, bytes } of parts) {
    for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
      // With what fills the last block: two damaged bits may cancel out with one of them there.
      const wanted = new Uint8Array(BLOCK_BYTES).fill(0xff);
      wanted.set(bytes.subarray(at, at + BLOCK_BYTES));
      const present = await held(offset + at, BLOCK_BYTES);
      const differences = wanted.map((byte, i) => byte ^ present[i]!);
      if (!differences.subarray(0, bytes.length - at).some((difference) => difference !== 0)) continue;
      const differing = differences.filter((difference) => difference !== 0).length;
      found.push({ at: offset + at, xor: differences.reduce((sum, byte) => sum ^ byte, 0), differing });
    }
  }
  return found;
}

async function flashOnce(session: FaultSession, link: FaultLink, deadline: Deadline): Promise<string> {
  const stub = session.loader === 'stub' ? 'always' : 'never';
  using flasher = await connectFlasher({ ...session.flasher, link, stub }, deadline);
  const result = await flasher.write(session.parts, {}, deadline);
  const damaged = await damage(session);
  if (damaged.length === 0) return result.recoveries === 0 ? 'verified' : 'verified after mending';
  // One XOR byte a block is all the ROM has; what cancels out in it is known and said (`rom-readback`).
  if (session.loader === 'stub' || damaged.some(({ xor }) => xor !== 0))
    throw new Error(
      `called a success, but the flash is damaged: ${JSON.stringify({ damaged, result, plan: session.plan })}`,
    );
  return 'damage that no ROM checksum can see';
}

/**
 * Runs it. Throws a plain error (which fails the test) when it ends in no way it may: a success that is none, an error
 * of no known kind, or too late.
 */
export async function runFaultSession(session: FaultSession): Promise<FaultOutcome> {
  const { inner, plan, budgetMs, graceMs } = session;
  const link = new FaultLink(inner, plan, () => inner.unplug());
  await link.open();
  using deadline = new Deadline({ clock: new RealClock(), budgetMs, phase: 'flash', blame: 'rig' });
  let outcome: string;
  try {
    outcome = await flashOnce(session, link, deadline);
  } catch (error) {
    if (!isEsprigError(error)) throw error;
    outcome = error.code;
  } finally {
    await link.close();
  }
  const spentMs = deadline.spentMs();
  if (spentMs > budgetMs + graceMs)
    throw new Error(`took ${Math.round(spentMs)} ms; plan ${JSON.stringify(plan)}`);
  return { outcome, bytes: link.counts.bytes };
}

/** How often each ending was met, for the end of a test's output. */
export class Tally {
  readonly #times = new Map<string, number>();

  add(what: string): void {
    this.#times.set(what, (this.#times.get(what) ?? 0) + 1);
  }

  print(title: string): void {
    const rows = [...this.#times]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([what, times]) => `  ${what}: ${times}`);
    process.stdout.write(`${title}:\n${rows.join('\n')}\n`);
  }
}
