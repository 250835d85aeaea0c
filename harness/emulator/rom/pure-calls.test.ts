import { describe, expect, it } from '@jest/globals';
import { ROM_BASE, ROM_SIZE } from '../../chip/esp8266';
import { FakeRomGuest } from '../testkit/fake-rom-guest';
import { pureRomCalls } from './pure-calls';
import { RomTrap, runRomCall } from './rom-call';
import type { RomCall } from './rom-call';

describe('the table of pure ROM functions', () => {
  it('has one row per address and per name, each inside the ROM and at a word', () => {
    expect(new Set(pureRomCalls.map((call) => call.addr)).size).toBe(pureRomCalls.length);
    expect(new Set(pureRomCalls.map((call) => call.name)).size).toBe(pureRomCalls.length);
    for (const { addr, cycles } of pureRomCalls) {
      expect(addr & 3).toBe(0);
      expect(addr).toBeGreaterThanOrEqual(ROM_BASE);
      expect(addr).toBeLessThan(ROM_BASE + ROM_SIZE);
      expect(cycles).toBeGreaterThan(0);
    }
  });

  it('covers what the measured images call of these groups', () => {
    // images.md section 8 and wifi.md section 10, without flash, cache and output functions.
    const needed = (
      '__muldi3 lldesc_build_chain strcmp strcpy strlen strncmp strncpy __subsf3 __mulsf3 __fixunssfsi __adddf3 __subdf3 ' +
      '__muldf3 __divdf3 __fixdfsi __truncdfsf2 __extendsfdf2 __divdi3 __udivdi3 __umoddi3 __divsi3 memcmp memcpy memmove ' +
      'memset strstr __udivsi3 __umodsi3 __floatunsisf __floatsisf __floatunsidf __floatsidf'
    ).split(' ');
    const names = new Set(pureRomCalls.map((call) => call.name));
    expect(needed.filter((name) => !names.has(name))).toEqual([]);
  });
});

describe('runRomCall', () => {
  const guest = new FakeRomGuest();
  const callThat = (run: RomCall['run']): RomCall => ({ addr: ROM_BASE, name: 'test', cycles: 1, run });

  it('passes the outcome on and takes a trap for a jump', () => {
    expect(
      runRomCall(
        callThat(() => 'again'),
        guest,
      ),
    ).toBe('again');
    expect(
      runRomCall(
        callThat(() => {
          throw new RomTrap();
        }),
        guest,
      ),
    ).toBe('jumped');
  });

  it('lets every other error through', () => {
    expect(() =>
      runRomCall(
        callThat(() => {
          throw new RangeError('a bug');
        }),
        guest,
      ),
    ).toThrow('a bug');
  });
});
