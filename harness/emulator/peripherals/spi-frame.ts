import { FLASH_COMMAND } from './flash-commands';

/** W0-W15, in bytes. */
export const SPI_DATA_BYTES = 64;

/** Command, address (up to 64 bits), dummies (up to 256 clocks of four lines) and data. */
const TX_BYTES = 2 + 8 + 128 + SPI_DATA_BYTES;

/** What a controller drives in one select cycle, put together phase by phase. Reused, never reallocated. */
export class SpiFrame {
  readonly tx = new Uint8Array(TX_BYTES);
  txBits = 0;
  /** Clock cycles so far: bits over four lines take a quarter of them. */
  clocks = 0;

  begin(): void {
    this.txBits = 0;
    this.clocks = 0;
  }

  /** Appends the low `bits` bits of `value`, most significant first. */
  push(value: number, bits: number, lines: number): void {
    this.clocks += bits / lines;
    if (bits === 8 && (this.txBits & 7) === 0) {
      this.tx[this.txBits >> 3] = value;
      this.txBits += 8;
      return;
    }
    let left = bits;
    while (left > 0) {
      const used = this.txBits & 7;
      const take = Math.min(left, 8 - used);
      const part = (value >>> (left - take)) & ((1 << take) - 1);
      const at = this.txBits >> 3;
      this.tx[at] = (used === 0 ? 0 : this.tx[at]!) | (part << (8 - used - take));
      this.txBits += take;
      left -= take;
    }
  }

  /** USER2's value: the low byte first, each from its most significant bit (spi_struct.h). */
  pushCommand(value: number, bits: number): void {
    this.push((value & 0xff) >> Math.max(0, 8 - bits), Math.min(bits, 8), 1);
    if (bits > 8) this.push((value >> 8) >> (16 - bits), bits - 8, 1);
  }

  /** ADDR from bit 31 down, then WR_STATUS from bit 31 down (spi_struct.h). */
  pushAddress(addr: number, wrStatus: number, bits: number): void {
    const first = Math.min(bits, 32);
    this.push(addr >>> (32 - first), first, 1);
    if (bits > 32) this.push(wrStatus >>> (64 - bits), bits - 32, 1);
  }

  /** A dummy clock passes one bit on each line that the opcode's address has used. */
  pushDummies(cycles: number): void {
    const opcode = this.txBits >= 8 ? this.tx[0]! : 0;
    const lines = opcode === FLASH_COMMAND.READ_QUAD_IO ? 4 : opcode === FLASH_COMMAND.READ_DUAL_IO ? 2 : 1;
    for (let left = cycles * lines; left > 0; left -= 32) this.push(0xffffffff, Math.min(left, 32), lines);
  }
}

/** The data buffer W0-W15, kept in wire order: byte 0 is the low byte of W0. */
export class SpiDataBuffer {
  readonly bytes = new Uint8Array(SPI_DATA_BYTES);

  word(at: number): number {
    const { bytes } = this;
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
  }

  setWord(at: number, value: number): void {
    this.bytes[at] = value;
    this.bytes[at + 1] = value >>> 8;
    this.bytes[at + 2] = value >>> 16;
    this.bytes[at + 3] = value >>> 24;
  }

  /** Sends `bits` bits from byte `from` on; the buffer wraps. */
  pushTo(frame: SpiFrame, from: number, bits: number, isBigEndian: boolean, isLsbFirst: boolean): void {
    const swap = isBigEndian ? 3 : 0;
    for (let done = 0; done < bits; done += 8) {
      const byte = this.bytes[(from + ((done >> 3) ^ swap)) & (SPI_DATA_BYTES - 1)]!;
      const count = Math.min(8, bits - done);
      frame.push((isLsbFirst ? reversed(byte) : byte) >> (8 - count), count, 1);
    }
  }

  /** Takes `bits` received bits; what lies behind them keeps its value. */
  takeFrom(rx: Uint8Array, from: number, bits: number, isBigEndian: boolean, isLsbFirst: boolean): void {
    const swap = isBigEndian ? 3 : 0;
    for (let done = 0; done < bits; done += 8) {
      const byte = rx[done >> 3]! & (bits - done >= 8 ? 0xff : 0xff00 >> (bits - done));
      this.bytes[(from + ((done >> 3) ^ swap)) & (SPI_DATA_BYTES - 1)] = isLsbFirst ? reversed(byte) : byte;
    }
  }
}

function reversed(byte: number): number {
  let result = ((byte & 0x55) << 1) | ((byte >> 1) & 0x55);
  result = ((result & 0x33) << 2) | ((result >> 2) & 0x33);
  return ((result & 0x0f) << 4) | (result >> 4);
}
