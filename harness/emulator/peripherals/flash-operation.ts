import { FLASH_BLOCK_BYTES, FLASH_PAGE_BYTES, FLASH_SECTOR_BYTES } from '../../chip/flash-chips';
import { nanosToTicks } from '../time';
import { eraseInterrupted, programInterrupted } from './flash-power-cut';
import type { FlashTiming } from './flash-timing';

/** What makes a flash chip busy. */
export type FlashOperationKind =
  'program' | 'erase-sector' | 'erase-block-32k' | 'erase-block' | 'erase-chip' | 'write-status';

/** One operation as observers see it, at its start. */
export interface FlashOperation {
  /** 1 is the first since power-on. */
  readonly number: number;
  /** 1 is the first since the chip was made; does not start over at power-on. */
  readonly total: number;
  readonly kind: FlashOperationKind;
  /** First byte touched: of an erase the aligned start. */
  readonly addr: number;
  /** Bytes of data of a program, size of the area of an erase, 0 of a status write. */
  readonly length: number;
  readonly atTicks: number;
}

/** The supply failed in the middle of (or at the very start or end of) this operation. */
export interface FlashPowerCut {
  readonly operation: FlashOperation;
  readonly elapsedTicks: number;
  readonly durationTicks: number;
}

export interface PowerCutRequest {
  /** Number of the operation that will be cut; 1 is the first. */
  readonly operation: number;
  /** What `operation` counts from; since power-on when left out. */
  readonly counted?: 'since-power-on' | 'total';
  /**
   * The cut's distance from the start of the operation, capped by its duration: 0 leaves the content untouched, the
   * duration or more leaves it complete. Left out: a moment inside, chosen by the seed.
   */
  readonly afterNanos?: number;
  /** Decides which bits have changed. */
  readonly seed: number;
}

/** Length of the area that an operation of this kind touches. */
export function operationAreaBytes(kind: FlashOperationKind, sizeBytes: number): number {
  switch (kind) {
    case 'program':
      return FLASH_PAGE_BYTES;
    case 'erase-sector':
      return FLASH_SECTOR_BYTES;
    case 'erase-block-32k':
      return FLASH_BLOCK_BYTES / 2;
    case 'erase-block':
      return FLASH_BLOCK_BYTES;
    case 'erase-chip':
      return sizeBytes;
    case 'write-status':
      return 0;
  }
}

/** How long the chip is busy with it; at least one tick. */
export function operationTicks(kind: FlashOperationKind, sizeBytes: number, timing: FlashTiming): number {
  return Math.max(1, nanosToTicks(operationNanos(kind, sizeBytes, timing)));
}

function operationNanos(kind: FlashOperationKind, sizeBytes: number, timing: FlashTiming): number {
  switch (kind) {
    case 'program':
      return timing.programNanos;
    case 'erase-sector':
      return timing.eraseSectorNanos;
    case 'erase-block-32k':
      return timing.eraseBlock32Nanos;
    case 'erase-block':
      return timing.eraseBlockNanos;
    case 'erase-chip':
      return (timing.eraseChipPerMebibyteNanos * sizeBytes) / 0x100000;
    case 'write-status':
      return timing.writeStatusNanos;
  }
}

/** Leaves in the content what an operation has done after `progress` (0 … 1) of its time; 1 is the whole of it. */
export function applyOperation(
  content: Uint8Array,
  kind: FlashOperationKind,
  addr: number,
  latch: Uint8Array,
  progress: number,
  seed: number,
): void {
  if (kind === 'write-status') return;
  if (kind === 'program') programInterrupted(content, addr & -FLASH_PAGE_BYTES, latch, progress, seed);
  else eraseInterrupted(content, addr, operationAreaBytes(kind, content.length), progress, seed);
}
