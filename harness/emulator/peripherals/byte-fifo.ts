/** A hardware FIFO: a fixed number of bytes, first in, first out. */
export class ByteFifo {
  readonly sizeBytes: number;
  private readonly bytes: Uint8Array;
  private head = 0;
  private count = 0;

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
    this.bytes = new Uint8Array(sizeBytes);
  }

  get length(): number {
    return this.count;
  }

  /** False when it is full; the byte is lost then. */
  push(byte: number): boolean {
    if (this.count === this.sizeBytes) return false;
    this.bytes[(this.head + this.count) % this.sizeBytes] = byte;
    this.count++;
    return true;
  }

  /** The oldest byte, 0 when there is none. */
  pop(): number {
    if (this.count === 0) return 0;
    const byte = this.bytes[this.head]!;
    this.head = (this.head + 1) % this.sizeBytes;
    this.count--;
    return byte;
  }

  clear(): void {
    this.head = 0;
    this.count = 0;
  }

  /** What is in it, oldest first. */
  contents(): Uint8Array {
    return Uint8Array.from(
      { length: this.count },
      (_unused, i) => this.bytes[(this.head + i) % this.sizeBytes]!,
    );
  }

  refill(bytes: Uint8Array): void {
    this.clear();
    for (const byte of bytes) this.push(byte);
  }
}
