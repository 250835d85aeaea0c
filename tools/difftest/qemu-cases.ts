import type { Outcome, TestCase } from '../../harness/emulator/testkit/vectors/case';
import { buildMonitor } from './monitor';
import { startQemu, writePc } from './qemu';

/** Runs test cases on the reference core. */
export interface CaseOracle extends AsyncDisposable {
  readonly version: string;
  /** One outcome per case; undefined where the core never came to rest (an endless loop, a sleeping core). */
  run(tests: readonly TestCase[]): Promise<(Outcome | undefined)[]>;
}

const BATCH_CASES = 4000;
const BATCH_LIMIT_MS = 8000;
/** A core that hangs this often is no oracle. */
const MAX_HANGS = 50;

/** The lx106 of QEMU, driven by the monitor program. */
export async function openQemuOracle(): Promise<CaseOracle> {
  const monitor = buildMonitor();
  const qemu = await startQemu();
  const { rsp } = qemu;
  for (const piece of monitor.pieces) await rsp.writeMemory(piece.addr, piece.bytes);
  const planted = await rsp.request(`Z0,${monitor.doneAddr.toString(16)},3`);
  if (planted !== 'OK') throw new Error(`QEMU refuses a breakpoint: ${planted}`);
  let hangs = 0;

  /** Runs from the first case to the end or to the first that hangs; answers how many were begun. */
  const runFrom = async (tests: readonly TestCase[]): Promise<{ outcomes: (Outcome | undefined)[] }> => {
    for (const piece of monitor.encode(tests)) await rsp.writeMemory(piece.addr, piece.bytes);
    await writePc(rsp, monitor.startAddr);
    const end = await rsp.runUntilStop(BATCH_LIMIT_MS);
    const left = Buffer.from(await rsp.readMemory(monitor.remainingAddr, 4)).readUInt32LE(0);
    const begun = tests.length - left;
    if (end === 'timeout' && ++hangs > MAX_HANGS) throw new Error(`${hangs} cases never came to rest`);
    for (const piece of monitor.pieces) {
      if (Buffer.compare(await rsp.readMemory(piece.addr, piece.bytes.length), piece.bytes) !== 0)
        throw new Error(`a test has overwritten the monitor program at 0x${piece.addr.toString(16)}`);
    }
    const bytes = await rsp.readMemory(monitor.resultsAddr, begun * monitor.resultSizeBytes);
    const outcomes = tests
      .slice(0, begun)
      .map((test, index) =>
        monitor.decode(
          new DataView(
            bytes.buffer,
            bytes.byteOffset + index * monitor.resultSizeBytes,
            monitor.resultSizeBytes,
          ),
          test,
        ),
      );
    return { outcomes };
  };

  return {
    version: qemu.version,
    async run(tests) {
      const all: (Outcome | undefined)[] = [];
      while (all.length < tests.length) {
        const { outcomes } = await runFrom(tests.slice(all.length, all.length + BATCH_CASES));
        if (outcomes.length === 0) throw new Error('the monitor program does not run in QEMU');
        all.push(...outcomes);
      }
      return all;
    },
    [Symbol.asyncDispose]: () => qemu[Symbol.asyncDispose](),
  };
}
