/**
 * Registers of the radio front end that nothing models: the PHY library writes them and reads them back, and spins on
 * three of their bits. Source: wifi.md section 8, where the answers were found by leaving them out one at a time.
 */
import { StorageBlock, type StorageConfig } from './storage';

export interface RadioBlockFact {
  readonly addr: number;
  readonly config: StorageConfig;
}

export const RADIO_BLOCKS: readonly RadioBlockFact[] = [
  // 0x60000404-0x60000430 are written at start; purpose unknown.
  { addr: 0x60000400, config: { name: 'radio-400', sizeBytes: 0x100 } },
  {
    addr: 0x60000500,
    config: {
      name: 'radio-500',
      sizeBytes: 0x100,
      // IQ estimation: software spins until bit 31 is 1.
      readsOne: { 0x7c: 0x80000000 },
    },
  },
  {
    addr: 0x60009000,
    config: {
      name: 'radio-9000',
      sizeBytes: 0x1000,
      // Noise-floor measurement: bit 1 starts it and reads 1 while it lasts; each wait would time out.
      readsZero: { 0xb60: 0x2 },
    },
  },
];

/** All of them, each with the address where it belongs. */
export function createRadioBlocks(): readonly { readonly addr: number; readonly block: StorageBlock }[] {
  return RADIO_BLOCKS.map(({ addr, config }) => ({ addr, block: new StorageBlock(config) }));
}
