import { createWriteStream, type WriteStream } from 'node:fs';
import { cannotWrite } from './writable';

/** The file of `monitor --log`: what the board sent, byte for byte. */
export class RawLog {
  /** Rejects when a byte cannot be kept: a log with a hole in it is none. */
  readonly failed: Promise<never>;
  readonly #stream: WriteStream;
  #error: Error | undefined;

  constructor(path: string) {
    this.#stream = createWriteStream(path);
    this.failed = new Promise<never>((_resolve, reject) => {
      this.#stream.on('error', (error) => {
        this.#error = cannotWrite('--log', path, error);
        reject(this.#error);
      });
    });
    // It may fail when nobody waits any more: `end` tells it then.
    this.failed.catch(() => undefined);
  }

  write(bytes: Uint8Array): void {
    // The link may use its buffer again.
    this.#stream.write(Buffer.from(bytes));
  }

  /** @throws UsageError ESPRIG_USAGE_FILE when not everything is in the file */
  async end(): Promise<void> {
    if (this.#error === undefined) {
      await new Promise<void>((resolve) => this.#stream.on('close', resolve).end());
    }
    if (this.#error !== undefined) throw this.#error;
  }
}
