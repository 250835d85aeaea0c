/**
 * The SDK's non-volatile storage as it lies in flash: pages of 4 KiB with a header, a table of two bits an
 * entry, and 126 entries of 32 bytes. Version 2 (0xFE) keeps blobs as chunks with an index, version 1 (0xFF) whole.
 * Source: ESP8266_RTOS_SDK `components/nvs_flash/src/nvs_page.hpp`, `nvs_types.hpp`, `nvs_storage.cpp`.
 */
import { concatBytes } from '../core/bytes';
import { crc32 } from './bytes';

export const NVS_PAGE_BYTES = 0x1000;
/** Page states in its first word; each is reached from the one before by clearing bits. */
export const PAGE_STATE = {
  empty: 0xffffffff,
  active: 0xfffffffe,
  full: 0xfffffffc,
  freeing: 0xfffffff8,
} as const;
export const ENTRY_BYTES = 32;
export const ENTRIES_PER_PAGE = 126;
export const TABLE_OFFSET = 32;
export const ENTRIES_OFFSET = 64;
export const VERSION_BYTE = { 1: 0xff, 2: 0xfe } as const;

export const INTEGER_TYPES = {
  u8: 0x01,
  i8: 0x11,
  u16: 0x02,
  i16: 0x12,
  u32: 0x04,
  i32: 0x14,
  u64: 0x08,
  i64: 0x18,
} as const;
export const TYPE = {
  ...INTEGER_TYPES,
  string: 0x21,
  blobV1: 0x41,
  blobData: 0x42,
  blobIndex: 0x48,
} as const;

export type NvsIntegerType = keyof typeof INTEGER_TYPES;

export type NvsValue =
  | { readonly type: NvsIntegerType; readonly value: bigint }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'blob'; readonly value: Uint8Array };

export type NvsEntry = NvsValue & { readonly namespace: string; readonly key: string };

/** CRC as the SDK takes it: seed 0xFFFFFFFF. */
export function nvsCrc(bytes: Uint8Array): number {
  return crc32(bytes, 0xffffffff);
}

/** Of an entry: all of it but its CRC. */
export function entryCrc(entry: Uint8Array): number {
  return nvsCrc(concatBytes([entry.subarray(0, 4), entry.subarray(8, 32)]));
}
