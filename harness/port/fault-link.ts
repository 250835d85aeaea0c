/**
 * A serial link with troubles: bytes lost, doubled, changed, held up, or the cable pulled at a chosen byte. Wraps any
 * other link; for tests of whatever talks over one. Faults are chosen by a seed, so that a run can be repeated.
 */
import { SeededRandom } from '../protocol/image-lab/random';
import { portError } from './port-errors';
import type { ReceivedChunk, SerialLink } from './port';
import { WrappedLink } from './wrapped-link';

export type Direction = 'toHost' | 'toBoard';

/** Chances a byte, 0 to 1. */
export interface FaultRates {
  readonly drop?: number;
  readonly duplicate?: number;
  /** One bit of the byte is inverted. */
  readonly flip?: number;
  /** The line stands still for `stallMs` before the byte. */
  readonly stall?: number;
}

export interface FaultPlan {
  readonly seed: number;
  readonly toHost?: FaultRates;
  readonly toBoard?: FaultRates;
  readonly stallMs?: number;
  /** The cable is pulled after so many bytes, counted in both directions together. */
  readonly disconnectAtByte?: number;
  /** No more faults after so many of them: a line that heals. */
  readonly maxFaults?: number;
  /** No faults before so many bytes have passed. */
  readonly fromByte?: number;
}

export interface FaultCounts {
  readonly dropped: number;
  readonly duplicated: number;
  readonly flipped: number;
  readonly stalled: number;
  readonly bytes: number;
}

/** Wraps a link. `unplug` is how the inner link's cable is pulled; without it the inner link is closed. */
export class FaultLink extends WrappedLink {
  #counts = { dropped: 0, duplicated: 0, flipped: 0, stalled: 0, bytes: 0 };
  readonly #random: SeededRandom;
  /** Chunks to the host wait for a stalled one before them. */
  #toHost: Promise<void> = Promise.resolve();
  readonly #inner: SerialLink;
  readonly #plan: FaultPlan;
  readonly #unplug: (() => void) | undefined;

  constructor(inner: SerialLink, plan: FaultPlan, unplug?: () => void) {
    super();
    this.#inner = inner;
    this.#plan = plan;
    this.#unplug = unplug;
    this.#random = new SeededRandom(plan.seed);
  }

  get counts(): FaultCounts {
    return { ...this.#counts };
  }

  /** How many faults have been made. */
  get faults(): number {
    const { dropped, duplicated, flipped, stalled } = this.#counts;
    return dropped + duplicated + flipped + stalled;
  }

  protected override get inner(): SerialLink {
    return this.#inner;
  }

  async open(): Promise<void> {
    await this.#inner.open();
    this.#listen();
  }

  /** For an inner link that is open already. */
  attach(): this {
    this.#listen();
    return this;
  }

  async close(): Promise<void> {
    await this.#inner.close();
    this.listeners.end({ reason: 'closed', detail: 'closed', atMs: performance.now() });
  }

  override async write(bytes: Uint8Array): Promise<void> {
    this.usable('write');
    const { kept, stalls, cut } = this.#spoil(bytes, this.#plan.toBoard ?? {});
    if (stalls > 0) await pause(stalls * (this.#plan.stallMs ?? 20));
    // The cable may have been pulled meanwhile.
    const link = this.usable('write');
    if (kept.length > 0) await link.write(kept);
    if (cut) this.#pull();
  }

  #listen(): void {
    this.#inner.onData((chunk) => this.#receive(chunk));
    this.#inner.onClose((closed) => this.listeners.end(closed));
  }

  #receive(chunk: ReceivedChunk): void {
    const { kept, stalls, cut } = this.#spoil(chunk.bytes, this.#plan.toHost ?? {});
    const deliver = (): void => {
      if (this.listeners.closed !== undefined) return;
      if (kept.length > 0) this.listeners.deliver({ bytes: kept, atMs: performance.now() });
      if (cut) this.#pull();
    };
    if (stalls > 0) this.#toHost = this.#toHost.then(() => pause(stalls * (this.#plan.stallMs ?? 20)));
    this.#toHost = this.#toHost.then(deliver);
  }

  #spoil(bytes: Uint8Array, rates: FaultRates): { kept: Uint8Array; stalls: number; cut: boolean } {
    const kept: number[] = [];
    let stalls = 0;
    for (const byte of bytes) {
      if (this.#counts.bytes === this.#plan.disconnectAtByte)
        return { kept: Uint8Array.from(kept), stalls, cut: true };
      this.#counts.bytes++;
      if (this.#hits(rates.stall)) {
        this.#counts.stalled++;
        stalls++;
      }
      if (this.#hits(rates.drop)) {
        this.#counts.dropped++;
        continue;
      }
      let sent = byte;
      if (this.#hits(rates.flip)) {
        this.#counts.flipped++;
        sent ^= 1 << Math.floor(this.#next() * 8);
      }
      kept.push(sent);
      if (this.#hits(rates.duplicate)) {
        this.#counts.duplicated++;
        kept.push(sent);
      }
    }
    return { kept: Uint8Array.from(kept), stalls, cut: false };
  }

  #hits(rate: number | undefined): boolean {
    if (rate === undefined || rate === 0) return false;
    const chance = this.#next();
    if (this.faults >= (this.#plan.maxFaults ?? Infinity)) return false;
    return this.#counts.bytes > (this.#plan.fromByte ?? 0) && chance < rate;
  }

  /** A number from 0 to 1: same seed, same faults. */
  #next(): number {
    return this.#random.u32() / 0x100000000;
  }

  #pull(): void {
    this.listeners.end({ reason: 'unplugged', detail: 'pulled by the fault plan', atMs: performance.now() });
    if (this.#unplug !== undefined) this.#unplug();
    else void this.#inner.close();
  }

  protected override usable(what: string): SerialLink {
    const { closed } = this.listeners;
    if (closed === undefined) return this.#inner;
    const code = closed.reason === 'unplugged' ? 'ESPRIG_PORT_UNPLUGGED' : 'ESPRIG_PORT_CLOSED';
    throw portError(code, `${what} on ${this.path}: ${closed.detail}`);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
