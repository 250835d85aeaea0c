import { describe, expect, it } from '@jest/globals';
import { INT, MAC } from './mac-map';
import {
  ALL_INTERRUPTS,
  AP_MAC,
  createMacBench,
  frameOf,
  PEER_MAC,
  RING_BUFFER_BYTES,
  STATION_MAC,
} from './testkit/mac-bench';

const BROADCAST = new Uint8Array(6).fill(0xff);
const OTHER = Uint8Array.of(0x02, 9, 9, 9, 9, 9);
const OWNER = 0x80000000;
const EOF_BIT = 0x40000000;

/** As a soft-AP that is up. */
function accessPoint(descriptors = 4): ReturnType<typeof createMacBench> {
  const bench = createMacBench();
  bench.ring(descriptors);
  bench.own(1, AP_MAC);
  bench.bssid(1, AP_MAC);
  bench.mac.write32(MAC.RX_FILTER, 0x707);
  bench.mac.write32(MAC.INT_ENA, ALL_INTERRUPTS);
  return bench;
}

const data = (bodyBytes: number): Uint8Array => frameOf(0x08, 0x01, [AP_MAC, PEER_MAC, AP_MAC], bodyBytes);

describe('receive ring', () => {
  it('writes header and frame, leaves OWNER set, moves both pointers and raises bit 8', () => {
    const bench = accessPoint();
    const frame = data(40);
    bench.hear(frame, -61);
    bench.time.advanceByMicros(99);
    expect(bench.mac.read32(MAC.INT_RAW)).toBe(0);
    bench.time.advanceByMicros(1);
    expect(bench.mac.read32(MAC.INT_RAW)).toBe(INT.RX);
    expect(bench.flags(0)).toBe((OWNER | EOF_BIT | ((12 + frame.length) << 12) | RING_BUFFER_BYTES) >>> 0);
    const bytes = bench.buffer(0);
    expect(bytes[0]).toBe(96 - 61);
    expect(bytes[1]).toBe(0);
    // Length with FCS, address match 1 and BSSID match 1.
    expect(bytes[2]! | (bytes[3]! << 8)).toBe((frame.length + 4) | 0x2000 | 0x8000);
    expect(bytes[10]).toBe(6);
    expect(bytes.subarray(12, 12 + frame.length)).toEqual(frame);
    expect(bench.mac.read32(MAC.RX_NEXT)).toBe(bench.descriptor(1));
    expect(bench.mac.read32(MAC.RX_LAST)).toBe(bench.descriptor(0));
  });

  it('acknowledges the interrupt by the read of the last descriptor: what it reports is not reported again', () => {
    const bench = accessPoint();
    bench.hear(data(10));
    bench.time.advanceByMicros(100);
    // The handler acknowledges, a frame completes, and only then the handler looks.
    bench.mac.write32(MAC.INT_CLR, INT.RX);
    bench.hear(data(10));
    bench.time.advanceByMicros(300);
    expect(bench.mac.read32(MAC.INT_RAW)).toBe(INT.RX);
    expect(bench.mac.read32(MAC.RX_LAST)).toBe(bench.descriptor(1));
    expect(bench.mac.read32(MAC.INT_RAW)).toBe(0);
  });

  it('spreads a long frame over descriptors: end of frame on the last one only, also where a stale one stood', () => {
    const bench = accessPoint();
    bench.setFlags(0, (bench.flags(0) | EOF_BIT) >>> 0);
    const frame = data(1400);
    bench.hear(frame);
    bench.time.advanceByMicros(100);
    const total = 12 + frame.length;
    expect([0, 1, 2].map((i) => (bench.flags(i) >>> 12) & 0xfff)).toEqual([
      RING_BUFFER_BYTES,
      RING_BUFFER_BYTES,
      total - 2 * RING_BUFFER_BYTES,
    ]);
    expect([0, 1, 2].map((i) => (bench.flags(i) & EOF_BIT) !== 0)).toEqual([false, false, true]);
    const joined = new Uint8Array(3 * RING_BUFFER_BYTES);
    [0, 1, 2].forEach((i) => joined.set(bench.buffer(i), i * RING_BUFFER_BYTES));
    expect(joined.subarray(12, total)).toEqual(frame);
    expect(bench.mac.read32(MAC.RX_NEXT)).toBe(bench.descriptor(3));
  });

  it('goes round the ring, fast frames at least 300 µs apart and in order', () => {
    const bench = accessPoint(3);
    for (let i = 0; i < 5; i++) bench.hear(data(i));
    const seen: number[] = [];
    for (let i = 0; i < 5; i++) {
      bench.time.advanceByMicros(i === 0 ? 100 : 299);
      if (i > 0) {
        expect(bench.mac.read32(MAC.INT_RAW)).toBe(0);
        bench.time.advanceByMicros(1);
      }
      bench.mac.write32(MAC.INT_CLR, INT.RX);
      const slot = i % 3;
      seen.push(((bench.flags(slot) >>> 12) & 0xfff) - 36);
      expect(bench.mac.read32(MAC.RX_NEXT)).toBe(bench.descriptor((i + 1) % 3));
    }
    expect(seen).toEqual([0, 1, 2, 3, 4]);
  });

  it('waits for a free descriptor and writes nothing meanwhile', () => {
    const bench = accessPoint(4);
    bench.setFlags(0, bench.flags(0) & ~OWNER);
    const before = bench.dram.slice();
    bench.hear(data(10));
    bench.time.advanceByMicros(4000);
    expect(bench.dram).toEqual(before);
    expect([bench.mac.counts.delivered, bench.mac.read32(MAC.INT_RAW)]).toEqual([0, 0]);
    bench.setFlags(0, (bench.flags(0) | OWNER) >>> 0);
    bench.time.advanceByMicros(300);
    expect(bench.mac.counts.delivered).toBe(1);
  });

  it('uses the last descriptor of a list that ends, stands there, and goes on where the driver links on', () => {
    const bench = accessPoint(4);
    bench.dma.write32(bench.descriptor(1) + 8, 0);
    bench.hear(data(600));
    bench.time.advanceByMicros(100);
    expect([bench.mac.read32(MAC.RX_LAST), bench.mac.read32(MAC.RX_NEXT)]).toEqual([
      bench.descriptor(1),
      bench.descriptor(1),
    ]);
    bench.hear(data(10));
    bench.time.advanceByMicros(2000);
    expect(bench.mac.counts.delivered).toBe(1);
    bench.dma.write32(bench.descriptor(1) + 8, bench.descriptor(2));
    bench.time.advanceByMicros(300);
    expect([bench.mac.counts.delivered, bench.mac.read32(MAC.RX_LAST)]).toEqual([2, bench.descriptor(2)]);
  });

  it('goes on where the driver moves the head when the list has ended', () => {
    const bench = accessPoint(8);
    bench.dma.write32(bench.descriptor(0) + 8, 0);
    bench.hear(data(10));
    bench.hear(data(11));
    bench.time.advanceByMicros(1000);
    expect(bench.mac.counts.delivered).toBe(1);
    bench.mac.write32(MAC.RX_RING_HEAD, bench.descriptor(5));
    bench.time.advanceByMicros(300);
    expect([bench.mac.counts.delivered, bench.mac.read32(MAC.RX_LAST)]).toEqual([2, bench.descriptor(5)]);
  });

  it('gives a long frame up after 5 ms where only a short one fits: the short one behind it is not held for ever', () => {
    const bench = accessPoint(4);
    bench.dma.write32(bench.descriptor(0) + 8, 0);
    bench.hear(data(1400));
    bench.hear(data(20));
    bench.time.advanceByMicros(5000);
    expect([bench.mac.counts.delivered, bench.mac.counts.starved]).toEqual([0, 0]);
    bench.time.advanceByMicros(1000);
    expect([bench.mac.counts.delivered, bench.mac.counts.starved]).toEqual([1, 1]);
    expect((bench.flags(0) >>> 12) & 0xfff).toBe(12 + 24 + 20);
  });

  it('counts the trailer of a protected frame when it looks for room: 8 bytes CCMP, 12 TKIP by the key slot', () => {
    const bench = accessPoint(8);
    const body = RING_BUFFER_BYTES - 12 - 24 - 8;
    const ccmp = frameOf(0x08, 0x41, [AP_MAC, PEER_MAC, AP_MAC], body);
    bench.hear(ccmp);
    bench.time.advanceByMicros(100);
    expect((bench.flags(0) >>> 12) & 0xfff).toBe(RING_BUFFER_BYTES);
    // A TKIP key for this sender: four bytes more than the first buffer holds.
    bench.mac.write32(MAC.KEY_VALID, 1 << 10);
    bench.mac.write32(MAC.KEY_SLOTS + 0x28 * 10, 0x33221102);
    bench.mac.write32(MAC.KEY_SLOTS + 0x28 * 10 + 4, 0x01480000 | 0x5544);
    bench.hear(ccmp);
    bench.time.advanceByMicros(300);
    expect([1, 2].map((i) => (bench.flags(i) >>> 12) & 0xfff)).toEqual([RING_BUFFER_BYTES, 4]);
  });

  it('does not complete frames under the hands of the NMI handler', () => {
    const bench = accessPoint();
    bench.inHandler = true;
    bench.hear(data(10));
    bench.time.advanceByMicros(400);
    expect(bench.mac.read32(MAC.INT_RAW)).toBe(0);
    bench.inHandler = false;
    bench.time.advanceByMicros(5);
    expect(bench.mac.read32(MAC.INT_RAW)).toBe(INT.RX);
  });

  it('hears nothing while the receiver is off or has no ring, and says so by not acknowledging', () => {
    const bench = accessPoint();
    const frame = data(10);
    expect(bench.mac.acknowledges(frame)).toBe(true);
    bench.mac.write32(MAC.RX_CONTROL, 0);
    bench.hear(frame);
    expect([bench.mac.acknowledges(frame), bench.mac.counts.missed]).toEqual([false, 1]);
    bench.mac.write32(MAC.RX_CONTROL, OWNER);
    bench.mac.write32(MAC.RX_RING_HEAD, 0);
    bench.hear(frame);
    expect([bench.mac.acknowledges(frame), bench.mac.counts.missed]).toEqual([false, 2]);
  });

  it('holds a bounded number of frames and gives up beacons first', () => {
    const bench = accessPoint();
    bench.setFlags(0, 0);
    bench.bssid(0, null);
    bench.own(0, STATION_MAC);
    const beacon = frameOf(0x80, 0, [BROADCAST, OTHER, OTHER], 40);
    bench.hear(beacon);
    for (let i = 0; i < 24; i++) bench.hear(data(i));
    expect(bench.mac.counts.overflowed).toBe(1);
    expect(bench.mac.acknowledges(data(1))).toBe(false);
    bench.ring(4);
    bench.time.advanceByMicros(400);
    // The beacon is the one that went: the first frame out is the first data frame.
    expect(bench.buffer(0)[12]).toBe(0x08);
  });

  it('stops the board when the ring leads out of data RAM', () => {
    const bench = accessPoint();
    bench.mac.write32(MAC.RX_RING_HEAD, 0x40100000);
    bench.hear(data(10));
    expect(() => bench.time.advanceByMicros(100)).toThrow(/descriptor of 4 bytes outside data RAM/);
  });
});

describe('address filters', () => {
  const matchOf = (bench: ReturnType<typeof createMacBench>, frame: Uint8Array): number | null => {
    const before = bench.mac.counts.delivered;
    const next = (bench.mac.read32(MAC.RX_NEXT) - bench.descriptor(0)) / 12;
    bench.hear(frame);
    bench.time.advanceByMicros(400);
    return bench.mac.counts.delivered === before ? null : bench.buffer(next)[3]! >>> 4;
  };

  it('take frames to an own address and group frames of an own network; others do not reach the ring', () => {
    const bench = accessPoint(16);
    expect(matchOf(bench, frameOf(0xb0, 0, [AP_MAC, PEER_MAC, AP_MAC], 6))).toBe(0b1010);
    expect(matchOf(bench, frameOf(0x08, 1, [AP_MAC, PEER_MAC, BROADCAST], 6))).toBe(0b1010);
    expect(matchOf(bench, frameOf(0xb0, 0, [OTHER, PEER_MAC, OTHER], 6))).toBeNull();
    expect(matchOf(bench, frameOf(0xb0, 0, [OTHER, PEER_MAC, AP_MAC], 6))).toBeNull();
    expect(matchOf(bench, frameOf(0x80, 0, [BROADCAST, OTHER, OTHER], 40))).toBeNull();
    // A probe request goes to every network.
    expect(matchOf(bench, frameOf(0x40, 0, [BROADCAST, PEER_MAC, BROADCAST], 10))).toBe(0b1000);
  });

  it('a station without a BSSID hears every beacon (scan), with one only its own network', () => {
    const bench = createMacBench();
    bench.ring(16);
    bench.own(0, STATION_MAC);
    bench.mac.write32(MAC.RX_FILTER, 0x717);
    expect(matchOf(bench, frameOf(0x80, 0, [BROADCAST, OTHER, OTHER], 40))).toBe(0b0100);
    bench.bssid(0, PEER_MAC);
    expect(matchOf(bench, frameOf(0x80, 0, [BROADCAST, OTHER, OTHER], 40))).toBeNull();
    expect(matchOf(bench, frameOf(0x80, 0, [BROADCAST, PEER_MAC, PEER_MAC], 40))).toBe(0b0100);
    expect(matchOf(bench, frameOf(0x08, 2, [BROADCAST, PEER_MAC, OTHER], 40))).toBe(0b0100);
    expect(matchOf(bench, frameOf(0x08, 2, [STATION_MAC, PEER_MAC, OTHER], 40))).toBe(0b0101);
  });

  it('an address without its enable bit is no address', () => {
    const bench = accessPoint();
    bench.mac.write32(MAC.OWN_MASK + 12, 0xffff);
    const frame = frameOf(0xb0, 0, [AP_MAC, PEER_MAC, AP_MAC], 6);
    expect(bench.mac.acknowledges(frame)).toBe(false);
    expect(matchOf(bench, frame)).toBeNull();
  });

  it('without the filter bits everything reaches the ring, marked as not ours', () => {
    const bench = accessPoint(16);
    bench.mac.write32(MAC.RX_FILTER, 0);
    expect(matchOf(bench, frameOf(0xb0, 0, [OTHER, PEER_MAC, OTHER], 6))).toBe(0);
  });

  it('the radio is called by the access point’s address, or the station’s when it has none', () => {
    const bench = createMacBench();
    bench.own(0, STATION_MAC);
    expect(bench.mac.mac).toEqual(STATION_MAC);
    bench.own(1, AP_MAC);
    expect(bench.mac.mac).toEqual(AP_MAC);
  });
});
