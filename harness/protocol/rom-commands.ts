/**
 * The commands of the ESP8266's serial loader (boot ROM) and of the RAM stub, as packets without their SLIP frame.
 * Request: 00, op, len16, checksum32, data. Sources: espressif/esptool `esptool/loader.py`; chip.md 6.1 to 6.4.
 */
import { concatBytes, writeU32LE } from '../core/bytes';
import { putU16, wordBytes, xorChecksum } from './bytes';

/** Operation codes; from FLASH_DEFL_BEGIN on, and CHANGE_BAUD and SPI_ATTACH, the stub only. */
export const LOADER_OP = {
  FLASH_BEGIN: 0x02,
  FLASH_DATA: 0x03,
  FLASH_END: 0x04,
  MEM_BEGIN: 0x05,
  MEM_END: 0x06,
  MEM_DATA: 0x07,
  SYNC: 0x08,
  WRITE_REG: 0x09,
  READ_REG: 0x0a,
  SPI_SET_PARAMS: 0x0b,
  SPI_ATTACH: 0x0d,
  CHANGE_BAUD: 0x0f,
  FLASH_DEFL_BEGIN: 0x10,
  FLASH_DEFL_DATA: 0x11,
  FLASH_DEFL_END: 0x12,
  SPI_FLASH_MD5: 0x13,
  GET_SECURITY_INFO: 0x14,
  ERASE_FLASH: 0xd0,
  ERASE_REGION: 0xd1,
  READ_FLASH: 0xd2,
  RUN_USER_CODE: 0xd3,
} as const;

export type LoaderOpName = keyof typeof LOADER_OP;

const OP_NAMES: ReadonlyMap<number, LoaderOpName> = new Map(
  Object.entries(LOADER_OP).map(([name, op]) => [op, name as LoaderOpName]),
);

/** The name of an operation code, or its number in hex. */
export function loaderOpName(op: number): string {
  return OP_NAMES.get(op) ?? `op 0x${op.toString(16).padStart(2, '0')}`;
}

/** Largest payload of one data block: boot ROM / stub. */
export const ROM_BLOCK_BYTES = 0x400;
export const MEM_BLOCK_BYTES = 0x1800;
export const STUB_BLOCK_BYTES = 0x4000;
/** Block header {length, sequence, 0, 0} before the payload of a DATA command. */
export const BLOCK_HEADER_BYTES = 16;
/** What the ROM answers to SYNC in the value field: the first word of its payload. The stub answers 0. */
export const SYNC_VALUE_ROM = 0x20120707;
/** READ_REG here tells the chip: 0xFFF0C101 on an ESP8266. */
export const CHIP_MAGIC_ADDR = 0x40001000;
export const CHIP_MAGIC_ESP8266 = 0xfff0c101;
/** First frame of a stub that has started. */
export const STUB_GREETING = Uint8Array.of(0x4f, 0x48, 0x41, 0x49); // OHAI

/** One command ready for `encodeSlip`. */
export interface LoaderRequest {
  readonly op: number;
  readonly name: string;
  /** The packet: direction byte, header, data. */
  readonly packet: Uint8Array;
}

/** Builds a request; the checksum covers the payload of DATA commands only and is 0 for all others. */
export function encodeRequest(op: number, data: Uint8Array, checksum = 0): LoaderRequest {
  const packet = new Uint8Array(8 + data.length);
  packet[0] = 0x00;
  packet[1] = op;
  putU16(packet, 2, data.length);
  writeU32LE(packet, 4, checksum);
  packet.set(data, 8);
  return { op, name: loaderOpName(op), packet };
}

/** Low byte of the XOR over a block's payload, seed 0xEF. */
export function blockChecksum(payload: Uint8Array): number {
  return xorChecksum(payload);
}

function words(op: number, ...values: readonly number[]): LoaderRequest {
  return encodeRequest(op, wordBytes(...values));
}

function block(op: number, payload: Uint8Array, sequence: number): LoaderRequest {
  const header = wordBytes(payload.length, sequence, 0, 0);
  return encodeRequest(op, concatBytes([header, payload]), blockChecksum(payload));
}

/** 07 07 12 20 and 32 × 55: enough edges for the ROM's baud detection. */
export function sync(): LoaderRequest {
  const data = new Uint8Array(36).fill(0x55);
  data.set([0x07, 0x07, 0x12, 0x20]);
  return encodeRequest(LOADER_OP.SYNC, data);
}

export function readReg(addr: number): LoaderRequest {
  return words(LOADER_OP.READ_REG, addr);
}

export interface RegisterWrite {
  readonly addr: number;
  readonly value: number;
  readonly mask?: number;
  readonly delayUs?: number;
}

/** One or more register writes in a single command; *addr = (value & mask) | (*addr & ~mask) after the delay. */
export function writeReg(...writes: readonly RegisterWrite[]): LoaderRequest {
  const values = writes.flatMap((write) => [
    write.addr,
    write.value,
    write.mask ?? 0xffffffff,
    write.delayUs ?? 0,
  ]);
  return words(LOADER_OP.WRITE_REG, ...values);
}

export interface FlashBegin {
  /** What to erase. For the boot ROM pass it through `romEraseSize` first; the stub takes the true size. */
  readonly eraseBytes: number;
  readonly blocks: number;
  readonly blockBytes: number;
  readonly flashOffset: number;
}

export function flashBegin(begin: FlashBegin): LoaderRequest {
  return words(LOADER_OP.FLASH_BEGIN, begin.eraseBytes, begin.blocks, begin.blockBytes, begin.flashOffset);
}

export function flashData(payload: Uint8Array, sequence: number): LoaderRequest {
  return block(LOADER_OP.FLASH_DATA, payload, sequence);
}

/** Ends a write. The ROM ignores the flag and always leaves the loader; the stub reboots only when asked to. */
export function flashEnd(options: { readonly reboot: boolean }): LoaderRequest {
  return words(LOADER_OP.FLASH_END, options.reboot ? 0 : 1);
}

export interface MemBegin {
  readonly sizeBytes: number;
  readonly blocks: number;
  readonly blockBytes: number;
  readonly addr: number;
}

export function memBegin(begin: MemBegin): LoaderRequest {
  return words(LOADER_OP.MEM_BEGIN, begin.sizeBytes, begin.blocks, begin.blockBytes, begin.addr);
}

export function memData(payload: Uint8Array, sequence: number): LoaderRequest {
  return block(LOADER_OP.MEM_DATA, payload, sequence);
}

/** Ends a RAM upload; with an entry address the loader jumps there after its reply. */
export function memEnd(entryAddr?: number): LoaderRequest {
  return words(LOADER_OP.MEM_END, entryAddr === undefined ? 1 : 0, entryAddr ?? 0);
}

/** Tells the ROM's SPI functions how large the chip is. */
export function spiSetParams(sizeBytes: number, flashId = 0): LoaderRequest {
  return words(LOADER_OP.SPI_SET_PARAMS, flashId, sizeBytes, 0x10000, 0x1000, 0x100, 0xffff);
}

export function spiAttach(): LoaderRequest {
  return words(LOADER_OP.SPI_ATTACH, 0, 0);
}

/** The stub switches after its reply, at the new rate from then on. */
export function changeBaud(newBaud: number, oldBaud: number): LoaderRequest {
  return words(LOADER_OP.CHANGE_BAUD, newBaud, oldBaud);
}

export interface DeflateBegin {
  /** Size after inflation: what the stub erases and writes. */
  readonly sizeBytes: number;
  readonly blocks: number;
  readonly blockBytes: number;
  readonly flashOffset: number;
}

export function deflateBegin(begin: DeflateBegin): LoaderRequest {
  return words(
    LOADER_OP.FLASH_DEFL_BEGIN,
    begin.sizeBytes,
    begin.blocks,
    begin.blockBytes,
    begin.flashOffset,
  );
}

export function deflateData(payload: Uint8Array, sequence: number): LoaderRequest {
  return block(LOADER_OP.FLASH_DEFL_DATA, payload, sequence);
}

export function deflateEnd(options: { readonly reboot: boolean }): LoaderRequest {
  return words(LOADER_OP.FLASH_DEFL_END, options.reboot ? 0 : 1);
}

export function flashMd5(flashOffset: number, sizeBytes: number): LoaderRequest {
  return words(LOADER_OP.SPI_FLASH_MD5, flashOffset, sizeBytes, 0, 0);
}

export function eraseChip(): LoaderRequest {
  return encodeRequest(LOADER_OP.ERASE_FLASH, new Uint8Array(0));
}

export function eraseRegion(flashOffset: number, sizeBytes: number): LoaderRequest {
  return words(LOADER_OP.ERASE_REGION, flashOffset, sizeBytes);
}

export interface ReadFlash {
  readonly flashOffset: number;
  readonly sizeBytes: number;
  readonly blockBytes: number;
  /** How many bytes the stub may send before it waits for an acknowledgement, in blocks. */
  readonly maxInFlight: number;
}

/** After the reply the stub sends frames of `blockBytes`, then one of 16 bytes with the MD5. */
export function readFlash(read: ReadFlash): LoaderRequest {
  return words(LOADER_OP.READ_FLASH, read.flashOffset, read.sizeBytes, read.blockBytes, read.maxInFlight);
}

/** The acknowledgement inside READ_FLASH: the count of bytes received so far. A frame of its own, not a request. */
export function readFlashAck(receivedBytes: number): Uint8Array {
  return wordBytes(receivedBytes);
}

/** Leaves the stub for the application; there is no reply. */
export function runUserCode(): LoaderRequest {
  return encodeRequest(LOADER_OP.RUN_USER_CODE, new Uint8Array(0));
}

const SECTOR_BYTES = 0x1000;
const SECTORS_PER_BLOCK = 16;

/**
 * What to pass to the ROM's FLASH_BEGIN so that its SPIEraseArea erases `sizeBytes` from `flashOffset` and not
 * almost twice that: it erases the sectors up to the next 64 KiB boundary and then the whole count again.
 * Source: espressif/esptool `esptool/targets/esp8266.py`; measured in chip.md 6.2.
 */
export function romEraseSize(flashOffset: number, sizeBytes: number): number {
  const sectors = Math.ceil(sizeBytes / SECTOR_BYTES);
  const startSector = Math.floor(flashOffset / SECTOR_BYTES);
  const head = Math.min(SECTORS_PER_BLOCK - (startSector % SECTORS_PER_BLOCK), sectors);
  if (sectors < 2 * head) return Math.ceil(sectors / 2) * SECTOR_BYTES;
  return (sectors - head) * SECTOR_BYTES;
}

/** What the ROM really erases when told `eraseBytes`: {firstSector, sectors}; the measured behaviour of chip.md 6.2. */
export function romErasedSectors(flashOffset: number, eraseBytes: number): { first: number; count: number } {
  const count = Math.ceil(eraseBytes / SECTOR_BYTES);
  const first = Math.floor(flashOffset / SECTOR_BYTES);
  const head = Math.min(SECTORS_PER_BLOCK - (first % SECTORS_PER_BLOCK), count);
  return { first, count: head + count };
}
