/** Makers of the kinds that are cut off, have something behind them, or are too large. */
import { FLASH_SECTOR_BYTES } from '../../chip/flash-chips';
import type { Maker } from './make-edited';
import { join, type Lab } from './lab';

function first(lab: Lab, sizeBytes: number): Uint8Array {
  if (sizeBytes >= lab.good.length) throw lab.cannot(`the image has only ${lab.good.length} bytes`);
  return lab.good.slice(0, sizeBytes);
}

export const LENGTH_MAKERS = {
  empty: () => new Uint8Array(0),
  'first-1': (lab) => first(lab, 1),
  'first-2': (lab) => first(lab, 2),
  'first-3': (lab) => first(lab, 3),
  'first-4': (lab) => first(lab, 4),
  'first-5': (lab) => first(lab, 5),
  'first-6': (lab) => first(lab, 6),
  'first-7': (lab) => first(lab, 7),
  'first-8': (lab) => first(lab, 8),
  'first-16': (lab) => first(lab, 16),
  'first-sector': (lab) => first(lab, FLASH_SECTOR_BYTES),
  'cut-in-first-segment': (lab) =>
    first(lab, lab.firstSegment.dataOffset + Math.floor(lab.firstSegment.sizeBytes / 2)),
  'cut-behind-first-segment': (lab) => first(lab, lab.firstSegment.dataOffset + lab.firstSegment.sizeBytes),
  'cut-before-checksum': (lab) => first(lab, lab.endOffset),
  'cut-last-byte': (lab) => first(lab, lab.good.length - 1),
  'cut-at': (lab) => {
    const sizeBytes = lab.choose(lab.good.length, 'length');
    lab.note = `${sizeBytes} of ${lab.good.length} bytes`;
    return first(lab, sizeBytes);
  },
  'trailing-byte': (lab) => join(lab.good, Uint8Array.of(0)),
  'trailing-erased': (lab) => {
    // A whole sector more when the image ends at one already.
    const end = (Math.floor(lab.good.length / FLASH_SECTOR_BYTES) + 1) * FLASH_SECTOR_BYTES;
    return join(lab.good, new Uint8Array(end - lab.good.length).fill(0xff));
  },
  twice: (lab) => join(lab.good, lab.good),
  'both-slots': (lab) => join(lab.good, lab.relinked(lab.otherWindow, { entry: true })),
  'both-slots-other-first': (lab) => join(lab.relinked(lab.otherWindow, { entry: true }), lab.good),
  'one-byte-too-large': (lab) => join(lab.grownTo(lab.slot.sizeBytes), Uint8Array.of(0xff)),
  'image-too-large': (lab) => lab.grownTo(lab.slot.sizeBytes + 16),
  'image-48-too-large': (lab) => lab.grownTo(lab.slot.sizeBytes + 48),
} satisfies Record<string, Maker>;
