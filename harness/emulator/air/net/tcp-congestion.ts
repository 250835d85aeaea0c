/** Congestion window, RFC 5681 with the initial window of RFC 6928 and NewReno recovery (RFC 6582). */
export class TcpCongestion {
  windowBytes: number;
  private thresholdBytes = Infinity;
  private mss: number;
  private recovering = false;

  constructor(mss: number) {
    this.mss = mss;
    this.windowBytes = 10 * mss;
  }

  get inRecovery(): boolean {
    return this.recovering;
  }

  /** The peer's SYN told the segment size; nothing has been sent yet. */
  setMss(mss: number): void {
    this.mss = mss;
    this.windowBytes = 10 * mss;
  }

  onNewAck(ackedBytes: number): void {
    if (this.windowBytes < this.thresholdBytes) this.windowBytes += Math.min(ackedBytes, this.mss);
    else this.windowBytes += Math.max(1, Math.floor((this.mss * this.mss) / this.windowBytes));
    // No window of TCP without scaling is larger: let it not grow without end.
    this.windowBytes = Math.min(this.windowBytes, 0x20000);
  }

  /** Third duplicate acknowledgment. */
  onFastRetransmit(inFlightBytes: number): void {
    this.thresholdBytes = Math.max(inFlightBytes / 2, 2 * this.mss);
    this.windowBytes = this.thresholdBytes + 3 * this.mss;
    this.recovering = true;
  }

  /** Each further duplicate says that a segment has left the network. */
  onDuplicateInRecovery(): void {
    this.windowBytes += this.mss;
  }

  onPartialAck(ackedBytes: number): void {
    this.windowBytes = Math.max(this.windowBytes - ackedBytes + this.mss, this.mss);
  }

  onRecovered(): void {
    this.windowBytes = Math.max(this.thresholdBytes, this.mss);
    this.recovering = false;
  }

  onTimeout(inFlightBytes: number): void {
    this.thresholdBytes = Math.max(inFlightBytes / 2, 2 * this.mss);
    this.windowBytes = this.mss;
    this.recovering = false;
  }
}
