/** How the MAC's DMA sees the guest: data RAM and nothing else. */
import { DRAM_BASE, DRAM_SIZE } from '../../chip/esp8266';
import { EmulatorFault } from '../fault';

export class GuestDma {
  private readonly bytes: Uint8Array;
  private readonly words: Int32Array;

  /** `dram` is a live view of data RAM, word aligned. */
  constructor(dram: Uint8Array) {
    this.bytes = dram;
    this.words = new Int32Array(dram.buffer, dram.byteOffset, dram.byteLength >>> 2);
  }

  /** @throws EmulatorFault `ESPRIG_EMU_UNMAPPED` when the word is not in data RAM */
  read32(addr: number): number {
    return this.words[this.at(addr, 4, 'descriptor') >>> 2]! >>> 0;
  }

  /** @throws EmulatorFault `ESPRIG_EMU_UNMAPPED` */
  write32(addr: number, value: number): void {
    this.words[this.at(addr, 4, 'descriptor') >>> 2] = value;
  }

  /** Guest to `target`. @throws EmulatorFault `ESPRIG_EMU_UNMAPPED` */
  copyOut(addr: number, sizeBytes: number, target: Uint8Array, targetAt: number): void {
    const at = this.at(addr, sizeBytes, 'buffer');
    target.set(this.bytes.subarray(at, at + sizeBytes), targetAt);
  }

  /** `source` to guest. @throws EmulatorFault `ESPRIG_EMU_UNMAPPED` */
  copyIn(source: Uint8Array, addr: number): void {
    this.bytes.set(source, this.at(addr, source.length, 'buffer'));
  }

  private at(addr: number, sizeBytes: number, what: 'descriptor' | 'buffer'): number {
    const at = addr - DRAM_BASE;
    if (at < 0 || at + sizeBytes > DRAM_SIZE || (what === 'descriptor' && (at & 3) !== 0)) {
      throw new EmulatorFault(
        'ESPRIG_EMU_UNMAPPED',
        `the WiFi MAC was given a ${what} of ${sizeBytes} bytes outside data RAM`,
        { addr: addr >>> 0 },
      );
    }
    return at;
  }
}

/** Words of a descriptor (wifi.md 4.1): flags, buffer address, next descriptor. */
export const DESCRIPTOR = { FLAGS: 0, BUFFER: 4, NEXT: 8 } as const;
/** The hardware may fill it. */
export const OWNER = 0x80000000;
/** Last descriptor of a frame. */
export const END_OF_FRAME = 0x40000000;

/** FLAGS 11:0. */
export function bufferSize(flags: number): number {
  return flags & 0xfff;
}

/** FLAGS 23:12. */
export function dataLength(flags: number): number {
  return (flags >>> 12) & 0xfff;
}
