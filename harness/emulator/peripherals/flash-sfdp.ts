import { FLASH_COMMAND } from './flash-commands';
import type { FlashTiming } from './flash-timing';

/** "SFDP" as the little-endian word hosts compare with. */
export const SFDP_SIGNATURE = 0x50444653;
/** Where the basic flash parameter table lies. */
export const SFDP_TABLE_OFFSET = 0x80;
const TABLE_WORDS = 16;

/**
 * The Serial Flash Discoverable Parameters of a chip: 256 bytes, JESD216B (revision 1.6), one parameter header and a
 * basic flash parameter table of 16 words. Everything else is FF, in particular byte 0x10, where a second header would
 * begin: the SDK's bootloader takes a 0x20 there for an XMC part.
 */
export function buildSfdp(sizeBytes: number, timing: FlashTiming): Uint8Array {
  const bytes = new Uint8Array(256).fill(0xff);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SFDP_SIGNATURE, true);
  bytes.set([0x06, 0x01, 0x00, 0xff], 4);
  bytes.set([0x00, 0x06, 0x01, TABLE_WORDS, SFDP_TABLE_OFFSET, 0x00, 0x00, 0xff], 8);
  parameterWords(sizeBytes, timing).forEach((word, index) => {
    view.setUint32(SFDP_TABLE_OFFSET + 4 * index, word, true);
  });
  return bytes;
}

function parameterWords(sizeBytes: number, timing: FlashTiming): readonly number[] {
  const C = FLASH_COMMAND;
  return [
    // 1: 4 KiB erase everywhere with 20, page writes, 50 for volatile status, reads 1-1-2 1-2-2 1-4-4 1-1-4, 3 bytes
    0xff_f1_00_e5 | (C.SE << 8),
    // 2: density in bits - 1
    sizeBytes * 8 - 1,
    // 3: 1-4-4 with 2 mode clocks and 4 dummies; 1-1-4 with 8 dummies
    fastRead(2, 4, C.READ_QUAD_IO) | (fastRead(0, 8, C.READ_QUAD_OUTPUT) << 16),
    // 4: 1-1-2 with 8 dummies; 1-2-2 with 4 mode clocks
    fastRead(0, 8, C.READ_DUAL_OUTPUT) | (fastRead(4, 0, C.READ_DUAL_IO) << 16),
    // 5-7: neither 2-2-2 nor 4-4-4
    0xffffffee,
    0xff00ffff,
    0xff00ffff,
    // 8, 9: erase types as powers of two with their opcodes; no fourth
    12 | (C.SE << 8) | (15 << 16) | (C.BE32 << 24),
    16 | (C.BE64 << 8) | (0xff00 << 16),
    // 10: typical erase times; the longest is 10 times as long (multiplier 2 * (4 + 1))
    4 |
      (eraseTime(timing.eraseSectorNanos) << 4) |
      (eraseTime(timing.eraseBlock32Nanos) << 11) |
      (eraseTime(timing.eraseBlockNanos) << 18),
    // 11: multiplier 10, page of 2^8 bytes, times of a page, of a first byte (32 µs), of a further byte (3 µs), chip
    (4 |
      (8 << 4) |
      (timeField(timing.programNanos, PROGRAM_UNITS_NANOS) << 8) |
      (0x13 << 14) |
      (0x02 << 19) |
      (timeField((timing.eraseChipPerMebibyteNanos * sizeBytes) / 0x100000, CHIP_ERASE_UNITS_NANOS) << 24) |
      0x80000000) >>>
      0,
    // 12, 13: no suspend (bit 31)
    0xffffffff,
    0xffffffff,
    // 14: deep power-down B9, AB, 3 µs; busy is bit 0 of status register 1
    0xf7 | (0x22 << 8) | (C.RES << 15) | (C.DP << 23),
    // 15: QE is bit 1 of status register 2; a one-byte WRSR leaves that register alone (100b)
    0xff000000 | (0b100 << 20),
    // 16: status register 1 is non-volatile with 06 and volatile with 50; soft reset is 66, 99; 3-byte addresses
    0x88 | (0x10 << 8),
  ].map((word) => word >>> 0);
}

function fastRead(modeClocks: number, dummyClocks: number, opcode: number): number {
  return dummyClocks | (modeClocks << 5) | (opcode << 8);
}

const ERASE_UNITS_NANOS = [1e6, 16e6, 128e6, 1e9];
const PROGRAM_UNITS_NANOS = [8e3, 64e3];
const CHIP_ERASE_UNITS_NANOS = [16e6, 256e6, 4e9, 64e9];

function eraseTime(nanos: number): number {
  return timeField(nanos, ERASE_UNITS_NANOS);
}

/** A time as JESD216 writes it: (count + 1) units, count in five bits, the unit's number above; rounded up. */
function timeField(nanos: number, unitsNanos: readonly number[]): number {
  for (const [index, unitNanos] of unitsNanos.entries()) {
    const count = Math.max(1, Math.ceil(nanos / unitNanos));
    if (count <= 32) return (count - 1) | (index << 5);
  }
  return 31 | ((unitsNanos.length - 1) << 5);
}
