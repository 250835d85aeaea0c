/**
 * The four efuse words of a chip, DPORT+50…+5C. Two programs read the MAC out of them in different ways, and the words
 * must satisfy both (chip.md 6.3): esptool takes the first three bytes from word 3 if it is not 0; the SDK
 * (`esp8266/source/system_api.c`) does so only when the 48-bit flag and two checksums agree.
 */
import { EmulatorFault } from '../fault';

export type EfuseWords = readonly [number, number, number, number];

/** Word 1 bits 24-27; from version 1 on the second checksum is looked at too. */
const EFUSE_VERSION = 2;
/** Word 2: bit 12 marks a 48-bit MAC, bit 15 the chip; bit 13 stands in the sample of chip.md. */
const WORD2_FLAGS = 0xb000;

/** CRC-8, polynomial 0x31 reflected (0x8C), initial value 0. */
export function efuseCrc8(bytes: readonly number[]): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ 0x8c : crc >>> 1;
  }
  return crc;
}

/**
 * The words that give `mac` (six bytes as written, first byte first) under either reading.
 * @throws ESPRIG_EMU_BAD_CONFIG when it is not six bytes, or a group address.
 */
export function efuseFromMac(mac: readonly number[]): EfuseWords {
  if (mac.length !== 6 || mac.some((byte) => !Number.isInteger(byte) || byte < 0 || byte > 255)) {
    throw new EmulatorFault('ESPRIG_EMU_BAD_CONFIG', `a MAC has six bytes, not [${mac.join(', ')}]`);
  }
  const [mac0, mac1, mac2, mac3, mac4, mac5] = mac as [number, number, number, number, number, number];
  if ((mac0 & 1) !== 0) {
    throw new EmulatorFault(
      'ESPRIG_EMU_BAD_CONFIG',
      `first MAC byte 0x${mac0.toString(16)} makes a group address`,
    );
  }
  if ((mac0 | mac1 | mac2) === 0) {
    // esptool would not look at word 3 and print another address than the SDK.
    throw new EmulatorFault('ESPRIG_EMU_BAD_CONFIG', 'the first three MAC bytes may not all be 0');
  }
  // Word 1 bits 16-23: which old vendor prefix goes with a MAC that has none of its own; 0 here, and part of the sum.
  const prefix = 0;
  return [
    ((mac5 << 24) | (efuseCrc8([mac5, mac4, mac3, prefix]) << 16)) >>> 0,
    ((EFUSE_VERSION << 24) | (prefix << 16) | (mac3 << 8) | mac4) >>> 0,
    ((efuseCrc8([mac2, mac1, mac0]) << 24) | WORD2_FLAGS) >>> 0,
    ((mac0 << 16) | (mac1 << 8) | mac2) >>> 0,
  ];
}
