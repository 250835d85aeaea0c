import { createHash } from 'node:crypto';
import type { Deadline } from '../core/deadline';
import type { FlashPart } from '../device/flash-plan';
import type { Layout } from '../protocol/layouts';

/** What reads a flash slowly and can tell a digest of it quickly. */
export interface FlashSource {
  md5(offset: number, sizeBytes: number, deadline: Deadline): Promise<string>;
  read(offset: number, sizeBytes: number, deadline: Deadline): Promise<Uint8Array>;
}

interface Region {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Longer stretches are compared piece by piece, so that a change costs the reading of a piece. */
const PIECE_BYTES = 0x10000;

/**
 * What a board's flash held when it was last looked at. Over a serial line a megabyte takes half a minute; its digests
 * take a second, and mostly nothing has changed.
 */
export class FlashMirror {
  readonly #bytes: Uint8Array;

  constructor(flashSizeBytes: number) {
    this.#bytes = new Uint8Array(flashSizeBytes).fill(0xff);
  }

  /** These bytes have just been written and verified: they need not be read. */
  note(parts: readonly FlashPart[]): void {
    for (const { offset, bytes } of parts) this.#bytes.set(bytes, offset);
  }

  /** The whole flash; only what the layout has partitions for is looked at. */
  async refresh(layout: Layout, source: FlashSource, deadline: Deadline): Promise<Uint8Array> {
    for (const piece of piecesOf(layout)) {
      const here = this.#bytes.subarray(piece.offset, piece.offset + piece.sizeBytes);
      const same = (await source.md5(piece.offset, piece.sizeBytes, deadline)) === md5(here);
      if (!same) here.set(await source.read(piece.offset, piece.sizeBytes, deadline));
    }
    return this.#bytes;
  }
}

function piecesOf({ partitions }: Layout): readonly Region[] {
  const first = Math.min(...partitions.map(({ offset }) => offset));
  const regions: readonly Region[] = [{ offset: 0, sizeBytes: first }, ...partitions];
  return regions.flatMap(({ offset, sizeBytes }) =>
    Array.from({ length: Math.ceil(sizeBytes / PIECE_BYTES) }, (_, index) => ({
      offset: offset + index * PIECE_BYTES,
      sizeBytes: Math.min(PIECE_BYTES, sizeBytes - index * PIECE_BYTES),
    })),
  );
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}
