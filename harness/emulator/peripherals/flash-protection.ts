import { SR1_BP, SR1_SEC, SR1_TB, SR2_CMP } from './flash-commands';

/**
 * Whether the block-protect bits protect any byte of an area (W25Q data sheets, "Status Register Memory Protection").
 * SEC = 0: BP counts 1/64 of the chip, at least one 64 KiB block, doubling at each step; SEC = 1: 4 KiB doubling up to
 * 32 KiB; 7 is the whole chip in both. TB puts the area at the bottom, CMP turns the choice over.
 */
export function isAreaProtected(
  sr1: number,
  sr2: number,
  sizeBytes: number,
  addr: number,
  lengthBytes: number,
): boolean {
  const chosen = chosenBytes(sr1, sizeBytes);
  const fromBottom = (sr1 & SR1_TB) !== 0;
  const start = fromBottom ? 0 : sizeBytes - chosen;
  const end = start + chosen;
  const overlaps = addr < end && addr + lengthBytes > start;
  const inside = addr >= start && addr + lengthBytes <= end;
  return (sr2 & SR2_CMP) !== 0 ? !inside : overlaps;
}

function chosenBytes(sr1: number, sizeBytes: number): number {
  const bp = (sr1 & SR1_BP) >> 2;
  if (bp === 0) return 0;
  if (bp === 7) return sizeBytes;
  const bySector = (sr1 & SR1_SEC) !== 0;
  const bytes = bySector
    ? Math.min(0x1000 << (bp - 1), 0x8000)
    : Math.max(0x10000, sizeBytes / 64) * 2 ** (bp - 1);
  return Math.min(bytes, sizeBytes);
}
