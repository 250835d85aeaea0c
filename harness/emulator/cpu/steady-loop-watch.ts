import type { EventQueue } from '../event-queue';
import type { Cpu } from './cpu';
import { skipSteadyLoop } from './steady-loop';

/** Shorter slices are over before a look would pay. */
const WORTH_A_LOOK_CYCLES = 600;
const SETTLE_CYCLES = 300;
const LOOK_AT_LEAST_EVERY = 64;

/**
 * Chooses the slices that are worth a look whether the guest only waits in them (steady-loop.ts): each one while it
 * does, ever fewer while it never does.
 */
export class SteadyLoopWatch {
  private readonly cpu: Cpu;
  private readonly queue: EventQueue;
  private slicesUntilLook = 1;
  private lookEvery = 1;

  constructor(cpu: Cpu, queue: EventQueue) {
    this.cpu = cpu;
    this.queue = queue;
  }

  /** Runs a slice; a guest that only waits is skipped to its end. */
  run(cycles: number, untilTicks: number): void {
    const { cpu } = this;
    if (cycles < WORTH_A_LOOK_CYCLES || --this.slicesUntilLook > 0) {
      cpu.runCycles(cycles);
      return;
    }
    const settledCycle = cpu.nowCycles + SETTLE_CYCLES;
    // What woke the guest up is served first; the wait comes after it.
    cpu.runCycles(SETTLE_CYCLES);
    const stopped = cpu.waiting || cpu.stopRequested || cpu.interruptDue;
    if (stopped || cpu.nowCycles !== settledCycle) return;
    // Meanwhile the guest may have started something that is over earlier than what this slice was made for.
    const left = cpu.time.cyclesUntil(Math.min(untilTicks, this.queue.nextAtTicks));
    if (left <= 0) return;
    const idledBefore = cpu.time.idledCycles;
    skipSteadyLoop(cpu, left);
    const waited = cpu.time.idledCycles > idledBefore;
    this.lookEvery = waited ? 1 : Math.min(this.lookEvery * 2, LOOK_AT_LEAST_EVERY);
    this.slicesUntilLook = this.lookEvery;
  }
}
