/** Bytes written and not yet acknowledged, kept as the chunks they came in. */
export class TcpSendBuffer {
  private readonly chunks: Uint8Array[] = [];
  /** Bytes of the first chunk that are acknowledged already. */
  private skipBytes = 0;
  private sizeBytes = 0;

  get length(): number {
    return this.sizeBytes;
  }

  /** The bytes belong to the buffer from now on. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.chunks.push(bytes);
    this.sizeBytes += bytes.length;
  }

  /** Copies out up to `lengthBytes`, `offset` bytes behind the first unacknowledged one. */
  read(offset: number, lengthBytes: number): Uint8Array {
    let skip = offset + this.skipBytes;
    let index = 0;
    while (index < this.chunks.length && skip >= this.chunks[index]!.length)
      skip -= this.chunks[index++]!.length;
    const first = this.chunks[index];
    if (first && first.length - skip >= lengthBytes) return first.subarray(skip, skip + lengthBytes);
    const out = new Uint8Array(lengthBytes);
    let at = 0;
    for (; at < lengthBytes && index < this.chunks.length; index++, skip = 0) {
      const piece = this.chunks[index]!.subarray(skip, skip + lengthBytes - at);
      out.set(piece, at);
      at += piece.length;
    }
    return out.subarray(0, at);
  }

  /** Forgets acknowledged bytes. */
  drop(lengthBytes: number): void {
    this.sizeBytes -= lengthBytes;
    this.skipBytes += lengthBytes;
    let whole = 0;
    while (whole < this.chunks.length && this.skipBytes >= this.chunks[whole]!.length) {
      this.skipBytes -= this.chunks[whole++]!.length;
    }
    if (whole > 0) this.chunks.splice(0, whole);
  }

  clear(): void {
    this.chunks.length = 0;
    this.skipBytes = 0;
    this.sizeBytes = 0;
  }
}
