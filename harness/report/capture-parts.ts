import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Masker } from './mask';
import { PacketMask } from './packet-mask';
import { RECORD_HEAD_BYTES, recordsIn } from './pcap';
import { writeAll } from './write-all';

export interface CapturePartsOptions {
  readonly folder: string;
  /** Begin of the names of the parts. */
  readonly stem: string;
  /** For all parts together. */
  readonly limitBytes: number;
  /** A part was begun: what it is called. */
  readonly onPart: (name: string) => void;
  /** A single case has more packets than there may be in all: called once for it. */
  readonly onCut: () => void;
}

interface Part {
  readonly name: string;
  sizeBytes: number;
  /** Dropped last: its case did not pass. */
  isKept: boolean;
  isGone: boolean;
}

/**
 * What one board's air carried, masked, a file for each case, written as it comes: what was told before a `kill -9` is on
 * disk. When there is too much, packets of cases that passed go first, the oldest before the others.
 */
export class CaptureParts {
  readonly #options: CapturePartsOptions;
  readonly #mask = new PacketMask();
  readonly #closed: Part[] = [];
  #open: { readonly part: Part; readonly fd: number } | undefined;
  #totalBytes = 0;
  #count = 0;
  #isCut = false;

  constructor(options: CapturePartsOptions) {
    this.#options = options;
  }

  /** Adds whole records; what is none is left out, for nothing could be found in it. */
  add(records: Uint8Array, masker: Masker): void {
    const bytes = Buffer.from(records);
    if (!this.#makeRoom(bytes.length)) {
      if (!this.#isCut) this.#options.onCut();
      this.#isCut = true;
      return;
    }
    const { part, fd } = (this.#open ??= this.#begin());
    const beginAt = part.sizeBytes;
    let wholeBytes = 0;
    for (const { at, sizeBytes } of recordsIn(bytes)) {
      const frame = bytes.subarray(at + RECORD_HEAD_BYTES, at + sizeBytes);
      const place = beginAt + at + RECORD_HEAD_BYTES;
      this.#mask.add({ bytes: frame, changed: () => this.#writeAgain(part, frame, place) }, masker);
      wholeBytes = at + sizeBytes;
    }
    part.sizeBytes += wholeBytes;
    this.#totalBytes += wholeBytes;
    writeAll(fd, bytes.subarray(0, wholeBytes));
  }

  /** What comes from now on belongs to the next case. */
  endCase(isKept: boolean): void {
    this.#isCut = false;
    if (this.#open === undefined) return;
    const { part, fd } = this.#open;
    part.isKept = isKept;
    this.#closed.push(part);
    this.#open = undefined;
    closeSync(fd);
  }

  [Symbol.dispose](): void {
    this.endCase(true);
  }

  #begin(): { readonly part: Part; readonly fd: number } {
    this.#count += 1;
    const name = `${this.#options.stem}-${String(this.#count).padStart(5, '0')}.packets`;
    const fd = openSync(join(this.#options.folder, name), 'wx');
    this.#options.onPart(name);
    return { part: { name, sizeBytes: 0, isKept: true, isGone: false }, fd };
  }

  #makeRoom(neededBytes: number): boolean {
    while (this.#totalBytes + neededBytes > this.#options.limitBytes) {
      const passed = this.#closed.findIndex(({ isKept }) => !isKept);
      const [oldest] = this.#closed.splice(Math.max(0, passed), 1);
      if (oldest === undefined) return false;
      oldest.isGone = true;
      this.#totalBytes -= oldest.sizeBytes;
      rmSync(join(this.#options.folder, oldest.name), { force: true });
    }
    return true;
  }

  /** A frame that was written already has turned out to hold a piece of a secret. */
  #writeAgain(part: Part, frame: Buffer, place: number): void {
    // Of the piece that is being added: it is written when all of it is masked.
    if (part.isGone || place >= part.sizeBytes) return;
    const fd = openSync(join(this.#options.folder, part.name), 'r+');
    try {
      writeSync(fd, frame, 0, frame.length, place);
    } finally {
      closeSync(fd);
    }
  }
}
