import { EventQueue } from '../event-queue';
import { FlashChip, type FlashChipConfig } from './flash-chip';
import type { FlashOperation, FlashPowerCut } from './flash-operation';

/** A flash chip on a desk, for tests: a clock, and select cycles given as bytes. */
export class FlashBench {
  readonly queue = new EventQueue();
  readonly content: Uint8Array;
  readonly chip: FlashChip;
  readonly operations: FlashOperation[] = [];
  readonly cuts: FlashPowerCut[] = [];
  readonly changes: [number, number][] = [];
  nowTicks = 0;

  constructor(config: Partial<FlashChipConfig> & { readonly sizeBytes?: number } = {}) {
    this.content = config.content ?? new Uint8Array(config.sizeBytes ?? 0x80000).fill(0xff);
    this.queue.readNowTicks = () => this.nowTicks;
    this.chip = new FlashChip({
      timing: 'silicon',
      ...config,
      content: this.content,
      scheduler: this.queue,
    });
    this.chip.onOperation = (operation) => this.operations.push(operation);
    this.chip.onPowerCut = (cut) => this.cuts.push(cut);
    this.chip.onContentChanged = (offset, lengthBytes) => this.changes.push([offset, lengthBytes]);
  }

  /** Lets time pass; alarms fire at their moments. */
  advanceTo(atTicks: number): void {
    while (this.queue.nextAtTicks <= atTicks) {
      this.nowTicks = Math.max(this.nowTicks, this.queue.nextAtTicks);
      this.queue.fireDue(this.nowTicks);
    }
    this.nowTicks = Math.max(this.nowTicks, atTicks);
  }

  /** Lets time pass until nothing is under way. */
  finish(): void {
    while (this.queue.nextAtTicks !== Infinity) this.advanceTo(this.queue.nextAtTicks);
  }

  /** One select cycle: sends `tx`, returns `rxBytes` bytes. */
  send(tx: readonly number[], rxBytes = 0): number[] {
    const rx = new Uint8Array(Math.max(1, rxBytes));
    this.chip.transfer(Uint8Array.from(tx), tx.length * 8, rx, rxBytes, this.nowTicks, this.nowTicks);
    return [...rx.subarray(0, rxBytes)];
  }

  /** WREN, the command, and time until it is done. */
  write(tx: readonly number[]): void {
    this.send([0x06]);
    this.send(tx);
    this.finish();
  }

  status(register: 1 | 2 | 3 = 1): number {
    return this.send([register === 1 ? 0x05 : register === 2 ? 0x35 : 0x15], 1)[0]!;
  }

  read(addr: number, bytes: number): number[] {
    return this.send([0x03, ...address(addr)], bytes);
  }
}

/** Three address bytes as they go over the wire. */
export function address(addr: number): [number, number, number] {
  return [(addr >> 16) & 0xff, (addr >> 8) & 0xff, addr & 0xff];
}
