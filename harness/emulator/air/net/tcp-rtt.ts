import { TICKS_PER_MILLI } from '../../time';

/** Retransmission time-out from measured round trips, RFC 6298. Ticks throughout. */
export class TcpRtt {
  private readonly minTicks: number;
  private readonly maxTicks: number;
  private smoothed = 0;
  private variation = 0;
  private measured = false;
  private timeoutTicks: number;

  constructor(minMs: number, maxMs: number) {
    this.minTicks = minMs * TICKS_PER_MILLI;
    this.maxTicks = maxMs * TICKS_PER_MILLI;
    this.timeoutTicks = Math.min(1000 * TICKS_PER_MILLI, this.maxTicks);
  }

  get rtoTicks(): number {
    return this.timeoutTicks;
  }

  /** One round trip of a segment that was sent once only (Karn). */
  sample(roundTripTicks: number): void {
    if (this.measured) {
      this.variation = 0.75 * this.variation + 0.25 * Math.abs(this.smoothed - roundTripTicks);
      this.smoothed = 0.875 * this.smoothed + 0.125 * roundTripTicks;
    } else {
      this.smoothed = roundTripTicks;
      this.variation = roundTripTicks / 2;
      this.measured = true;
    }
    this.set(this.smoothed + 4 * this.variation);
  }

  /** New data was acknowledged: the doubling of {@link backOff} ends even if the round trip could not be measured. */
  settle(): void {
    if (this.measured) this.set(this.smoothed + 4 * this.variation);
  }

  backOff(): void {
    this.set(this.timeoutTicks * 2);
  }

  private set(ticks: number): void {
    this.timeoutTicks = Math.round(Math.min(Math.max(ticks, this.minTicks), this.maxTicks));
  }
}
