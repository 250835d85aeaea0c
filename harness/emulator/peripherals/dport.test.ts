import { describe, expect, it } from '@jest/globals';
import { Dport, type DportWiring } from './dport';
import { efuseCrc8, efuseFromMac, type EfuseWords } from './efuse';

const SAMPLE_MAC = [0x5c, 0xcf, 0x7f, 0x01, 0x23, 0x45];
const SAMPLE_WORDS: EfuseWords = [0x45d50000, 0x02000123, 0x6400b000, 0x005ccf7f];

/** How esptool puts the address together (chip.md 6.3). */
function macAsEsptoolReadsIt([word0, word1, , word3]: EfuseWords): readonly number[] {
  const tail = [(word1 >>> 8) & 0xff, word1 & 0xff, word0 >>> 24];
  if ((word3 & 0xffffff) !== 0) return [(word3 >>> 16) & 0xff, (word3 >>> 8) & 0xff, word3 & 0xff, ...tail];
  return ((word1 >>> 16) & 0xff) === 0 ? [0x18, 0xfe, 0x34, ...tail] : [0xac, 0xd0, 0x74, ...tail];
}

/** How the SDK does it, with both checksums; a table-free CRC of another shape than the one under test. */
function macAsTheSdkReadsIt([word0, word1, word2, word3]: EfuseWords): readonly number[] {
  const crc = (bytes: readonly number[]): number => {
    let value = 0;
    for (const byte of bytes) {
      for (let bit = 0; bit < 8; bit++) {
        const mix = (value ^ (byte >> bit)) & 1;
        value >>= 1;
        if (mix) value ^= 0x8c;
      }
    }
    return value;
  };
  const mac = [
    (word3 >>> 16) & 0xff,
    (word3 >>> 8) & 0xff,
    word3 & 0xff,
    (word1 >>> 8) & 0xff,
    word1 & 0xff,
    word0 >>> 24,
  ];
  const fallback = [0x18, 0xfe, 0x34, ...mac.slice(3)];
  if ((word2 & 0x1000) === 0) return fallback;
  if (word2 >>> 24 !== crc([mac[2]!, mac[1]!, mac[0]!])) return fallback;
  const version = (word1 >>> 24) & 0xf;
  if (version === 1 || version === 2) {
    const expected = crc([mac[5]!, mac[4]!, mac[3]!, (word1 >>> 16) & 0xff]);
    if (((word0 >>> 16) & 0xff) !== expected) return fallback;
  }
  return mac;
}

describe('efuse', () => {
  it('gives the sample words for 5c:cf:7f:01:23:45', () => {
    expect(efuseFromMac(SAMPLE_MAC)).toEqual(SAMPLE_WORDS);
    expect(efuseCrc8([0x7f, 0xcf, 0x5c])).toBe(0x64);
  });

  it('reads as the same address for esptool and for the SDK', () => {
    for (let seed = 1; seed < 300; seed++) {
      const mac = Array.from(
        { length: 6 },
        (_unused, i) => (seed * (i * 37 + 11) * 2654435761) & (i === 0 ? 0xfe : 0xff),
      );
      if (mac[0] === 0) mac[0] = 2;
      const words = efuseFromMac(mac);
      expect(macAsEsptoolReadsIt(words)).toEqual(mac);
      expect(macAsTheSdkReadsIt(words)).toEqual(mac);
    }
  });

  it('refuses what is not the address of one station', () => {
    expect(() => efuseFromMac([1, 2, 3])).toThrow('six bytes');
    expect(() => efuseFromMac([0x5c, 0xcf, 0x7f, 1, 2, 256])).toThrow('six bytes');
    expect(() => efuseFromMac([0x5d, 0xcf, 0x7f, 1, 2, 3])).toThrow('group address');
    expect(() => efuseFromMac([0, 0, 0, 1, 2, 3])).toThrow('may not all be 0');
  });
});

describe('DPORT', () => {
  function create(): { dport: Dport; log: string[]; cache: { value: number } } {
    const log: string[] = [];
    const cache = { value: 0 };
    const wiring: DportWiring = {
      cache: {
        read: () => cache.value | 2,
        write: (value) => {
          cache.value = value;
        },
      },
      onNmiEnable: (enabled) => log.push(`nmi ${String(enabled)}`),
      onCpuDoubled: (doubled) => log.push(`double ${String(doubled)}`),
      onWatchdogClockGated: (gated) => log.push(`gate ${String(gated)}`),
      onPeripheralReset: (bits) => log.push(`reset ${bits.toString(16)}`),
      onCacheBanks: (value) => log.push(`banks ${value.toString(16)}`),
      onUart0Swapped: (swapped) => log.push(`swap ${String(swapped)}`),
      spiInterruptCause: () => 0x10,
    };
    return { dport: new Dport(wiring, { efuse: SAMPLE_WORDS }), log, cache };
  }

  it('tells of each setting when it changes, and not when the same is written again', () => {
    const { dport, log } = create();
    dport.write32(0x00, 1);
    dport.write32(0x00, 0xf);
    dport.write32(0x14, 1);
    dport.write32(0x18, 0xffff0008);
    dport.write32(0x18, 0xffff7708);
    dport.write32(0x18, 0xffff0000);
    dport.write32(0x24, 0x18);
    dport.write32(0x24, 0x18);
    dport.write32(0x28, 4);
    dport.write32(0x00, 0);
    expect(log).toEqual([
      'nmi true',
      'double true',
      'gate true',
      'reset 7700',
      'gate false',
      'banks 18',
      'swap true',
      'nmi false',
    ]);
  });

  it('hands the cache register to the cache', () => {
    const { dport, cache } = create();
    dport.write32(0x0c, 0x100);
    expect(cache.value).toBe(0x100);
    expect(dport.read32(0x0c)).toBe(0x102);
  });

  it('shows the interrupt cause and the efuse, neither of which can be written', () => {
    const { dport } = create();
    dport.write32(0x20, 0);
    dport.write32(0x50, 0);
    expect(dport.read32(0x20)).toBe(0x10);
    expect([0x50, 0x54, 0x58, 0x5c].map((offset) => dport.read32(offset))).toEqual([...SAMPLE_WORDS]);
    expect(() => dport.read32(0x60)).toThrow('dport has no register at +0x60');
  });

  it('has one enable bit per edge interrupt', () => {
    const { dport } = create();
    dport.write32(0x04, 0b101);
    expect([dport.watchdogEdgeEnabled, dport.frc1EdgeEnabled, dport.frc2EdgeEnabled]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('takes every setting back on reset and says so', () => {
    const { dport, log } = create();
    dport.write32(0x00, 1);
    dport.write32(0x14, 1);
    dport.write32(0x08, 0xabc);
    log.length = 0;
    dport.reset();
    expect(log).toEqual(['nmi false', 'double false']);
    expect([dport.nmiEnabled, dport.read32(0x08)]).toEqual([false, 0]);
  });

  it('returns to a snapshot without telling anybody', () => {
    const { dport, log } = create();
    dport.write32(0x14, 1);
    const state = structuredClone(dport.save());
    dport.reset();
    log.length = 0;
    dport.restore(state);
    expect(dport.read32(0x14)).toBe(1);
    expect(log).toEqual([]);
  });
});
