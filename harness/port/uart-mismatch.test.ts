import { describe, expect, it } from '@jest/globals';
import { lineOrder } from './port';
import { asReceivedAt, baudsMatch } from './uart-mismatch';

describe('bytes at another rate', () => {
  const banner = Buffer.from('\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n');

  it('come out unchanged within what UARTs bear', () => {
    expect(baudsMatch(74928, 74880)).toBe(true);
    expect(asReceivedAt(banner, 74928, 74880)).toBe(banner);
    expect(asReceivedAt(banner, 113000, 115200)).toBe(banner);
  });

  it('come out as garbage at the rate of the app', () => {
    const seen = asReceivedAt(banner, 74880, 115200);
    const text = seen.filter((byte) => byte >= 0x20 && byte < 0x7f).length;
    expect(seen.length).toBeGreaterThan(banner.length / 2);
    expect(text / seen.length).toBeLessThan(0.75);
  });

  it('follow the levels on the wire: a byte of zeros at half the rate is a start bit and zeros', () => {
    // Nine low bits at 9600 end four and a half bits later at 4800: start, three zeros, then the sample of an edge.
    expect([...asReceivedAt(Uint8Array.of(0x00), 9600, 4800)]).toEqual([0xf8]);
    // At twice the rate eighteen low bits: a frame of zeros with a broken stop bit; the rest is part of the break.
    expect([...asReceivedAt(Uint8Array.of(0x00), 9600, 19200)]).toEqual([0x00]);
  });

  it('never make more bytes than the time allows, and end', () => {
    for (let received = 300; received < 3_000_000; received *= 3) {
      const seen = asReceivedAt(new Uint8Array(200).fill(0x55), 115200, received);
      expect(seen.length).toBeLessThanOrEqual(Math.ceil((2000 * received) / 115200 / 9.5) + 1);
    }
  });
});

describe('the order of two lines', () => {
  const released = { dtr: false, rts: false };
  const asserted = { dtr: true, rts: true };

  it('does not pass through reset when both change alike', () => {
    expect(lineOrder(released, asserted)).toEqual(['dtr', 'rts']);
    expect(lineOrder(asserted, released)).toEqual(['rts', 'dtr']);
  });
});
