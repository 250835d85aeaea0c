import type { SliceRunner } from '../board';
import type { Cpu } from '../cpu/cpu';
import { hex32 } from '../fault';
import type { SymbolTable } from './symbols';

/** A prime, so that no loop of the guest keeps step with it. */
const SAMPLE_EVERY_CYCLES = 997;
const PAGE_BYTES = 256;

export interface ProfileRow {
  /** A function, or the page of code where no symbol is known. */
  readonly name: string;
  /** Where it begins. */
  readonly addr: number;
  readonly samples: number;
  /** Of all samples. */
  readonly percent: number;
}

export interface Profile {
  readonly sampleEveryCycles: number;
  readonly samples: number;
  /** Cycles spent in WAITI; they are no samples. */
  readonly idleCycles: number;
  /** The busiest first. */
  readonly rows: readonly ProfileRow[];
}

/**
 * Where the cycles go: looks at PC every so many cycles. The CPU runs its ordinary loop in between, so the only cost is
 * a shorter slice. Cycles that a native ROM function charges at one stroke count for that function.
 */
export class Profiler implements SliceRunner {
  private readonly cpu: Cpu;
  private readonly inner: SliceRunner;
  private readonly counts = new Map<number, number>();
  private nextSampleCycle: number;
  private samples = 0;
  private idleCycles = 0;

  /** `inner`: the CPU, or a tracer before it. */
  constructor(cpu: Cpu, inner: SliceRunner = cpu) {
    this.cpu = cpu;
    this.inner = inner;
    this.nextSampleCycle = cpu.nowCycles + SAMPLE_EVERY_CYCLES;
  }

  runSlice(untilTicks: number): void {
    const { cpu } = this;
    if (cpu.waiting && !cpu.interruptDue) {
      const startCycle = cpu.nowCycles;
      this.inner.runSlice(untilTicks);
      this.idleCycles += cpu.nowCycles - startCycle;
      this.nextSampleCycle += cpu.nowCycles - startCycle;
      return;
    }
    const sampleTicks = cpu.nowTicks + (this.nextSampleCycle - cpu.nowCycles) * cpu.time.ticksPerCycle;
    this.inner.runSlice(Math.min(untilTicks, sampleTicks));
    const lateCycles = cpu.nowCycles - this.nextSampleCycle;
    if (lateCycles >= 0) this.sample(1 + Math.floor(lateCycles / SAMPLE_EVERY_CYCLES));
  }

  /** What was seen so far, by function where `symbols` know it and by page of code where they do not. */
  profile(symbols?: SymbolTable): Profile {
    const rows = new Map<string, { name: string; addr: number; samples: number }>();
    for (const [addr, samples] of this.counts) {
      const pageAddr = addr - (addr % PAGE_BYTES);
      const found = symbols?.find(addr)?.symbol ?? { name: `${hex32(pageAddr)}…`, addr: pageAddr };
      const row = rows.get(found.name) ?? { name: found.name, addr: found.addr, samples: 0 };
      row.samples += samples;
      rows.set(found.name, row);
    }
    return {
      sampleEveryCycles: SAMPLE_EVERY_CYCLES,
      samples: this.samples,
      idleCycles: this.idleCycles,
      rows: [...rows.values()]
        .sort((a, b) => b.samples - a.samples || a.addr - b.addr)
        .map((row) => ({ ...row, percent: (100 * row.samples) / this.samples })),
    };
  }

  private sample(count: number): void {
    const { cpu } = this;
    const addr = cpu.lastRomCallEndCycle === cpu.nowCycles && cpu.lastRomCall ? cpu.lastRomCall.addr : cpu.pc;
    this.counts.set(addr, (this.counts.get(addr) ?? 0) + count);
    this.samples += count;
    this.nextSampleCycle += count * SAMPLE_EVERY_CYCLES;
  }
}
