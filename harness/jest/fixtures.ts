/** What a case calls. Loaded in the tests' world, once a file; the work is done behind the door (door.ts). */
import { IMAGE_KINDS } from '../protocol/image-lab/kinds';
import type { ImageKind } from '../protocol/image-lab/kinds';
import type { MadeImage } from '../protocol/image-lab/make';
import type { MetricRecord } from '../report/run-record';
import type { Board, MakeOptions } from './board';
import { DOOR, type Door } from './door';

/** The way to the worker's world. @throws Error outside of the preset's environment */
export function door(): Door {
  const found = (globalThis as { [DOOR]?: Door })[DOOR];
  if (found !== undefined) return found;
  throw new Error(
    "this test does not run in esprig's environment: say `preset: 'esprig'` in its Jest project",
  );
}

/**
 * The board that this case runs on: with the shipped firmware, running and answering. What an earlier case left behind is
 * gone. Within one case it is always the same board.
 */
export function rig(): Promise<Board> {
  return door().rig();
}

/** Names a part of the case: it gets its own time in the report, and a mark on the timeline. */
export function phase<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  return door().phase(name, work);
}

/** Ends the case without a verdict about the firmware: it does not apply to this board or layout. */
export function skip(reason: string): never {
  return door().skip(reason);
}

/** Keeps a number that is worth following from run to run. */
export function metric(name: string, value: number, unit: string, better?: MetricRecord['better']): void {
  door().metric({ name, value, unit, better });
}

/** How often a soak case repeats: 1, or what `esprig run --soak N` says. */
export function soakRounds(): number {
  return door().soak;
}

/** The image laboratory for the board that the case holds. */
export const images = {
  /** Every kind, for `test.each`. */
  kinds: IMAGE_KINDS as readonly ImageKind[],

  /** An image of a kind, made from the good image of the slot that an upload goes to. */
  make(kind: string, options: MakeOptions = {}): MadeImage {
    return boardOfCase('images.make').make(kind, options);
  },
} as const;

/** The firmware that the board was shipped with. */
export const firmware = {
  /** The good image of a slot; by default of the one that an upload goes to. */
  image(slot?: string): Uint8Array {
    return boardOfCase('firmware.image').image(slot);
  },
} as const;

function boardOfCase(what: string): Board {
  const board = door().board();
  if (board !== undefined) return board;
  throw new Error(`${what}: the case has no board yet; begin with \`await using board = await rig()\``);
}
