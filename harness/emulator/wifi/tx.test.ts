import { describe, expect, it } from '@jest/globals';
import { LOST, Medium, Random, UNHARMED, type Radio } from '../air';
import { microsToTicks } from '../time';
import { controlQueue, INT, MAC, queueOffset } from './mac-map';
import { AP_MAC, createMacBench, frameOf, PEER_MAC } from './testkit/mac-bench';

const BROADCAST = new Uint8Array(6).fill(0xff);
const BEACON = frameOf(0x80, 0, [BROADCAST, AP_MAC, AP_MAC], 60);
const DATA = frameOf(0x08, 2, [PEER_MAC, AP_MAC, AP_MAC], 500);

function onAir(): ReturnType<typeof createMacBench> & {
  readonly heard: Uint8Array[];
  readonly medium: Medium;
} {
  const bench = createMacBench();
  const medium = new Medium({ scheduler: bench.time.queue, random: new Random(3) });
  const heard: Uint8Array[] = [];
  const peer: Radio = { mac: PEER_MAC, receive: (frame) => void heard.push(frame) };
  bench.mac.attach(medium);
  medium.attach(peer);
  return Object.assign(bench, { heard, medium });
}

const status = (bench: ReturnType<typeof createMacBench>): number => bench.mac.read32(MAC.TX_STATUS);

describe('transmit queues', () => {
  it('have their control words 0x18 apart, queue 0 at the top', () => {
    expect([0, 1, 10].map((queue) => controlQueue(queueOffset(queue) + 4))).toEqual([0, 1, 10]);
    expect([0xdc0, 0xdc8, 0xddc, queueOffset(11) + 4].map(controlQueue)).toEqual([-1, -1, -1, -1]);
  });

  it('send what the descriptors hold without the FCS room, over a chain, and do not follow the last one', () => {
    const bench = onAir();
    bench.start(0, BEACON, { pieces: 3, wantsAck: false });
    bench.time.advanceByMicros(5000);
    expect(bench.heard).toEqual([BEACON]);
  });

  it('take the frame when the queue is started, not when it is sent', () => {
    const bench = onAir();
    bench.start(0, BEACON, { wantsAck: false });
    bench.dram.fill(0);
    bench.time.advanceByMicros(5000);
    expect(bench.heard).toEqual([BEACON]);
  });

  it('report queue and result with bits 18 and 19 together and take the start bits back', () => {
    const bench = onAir();
    bench.start(2, DATA);
    expect(bench.mac.read32(queueOffset(2) + 4) >>> 30).toBe(3);
    bench.time.advanceByMicros(10_000);
    expect(bench.mac.read32(MAC.INT_RAW)).toBe(INT.TX_STARTED | INT.TX_DONE);
    expect(status(bench)).toBe(0x00002200);
    expect(bench.mac.read32(queueOffset(2) + 4) >>> 30).toBe(0);
    expect(bench.mac.read32(queueOffset(2) + 4) & 0x3fffffff).not.toBe(0);
  });

  it('report an acknowledgment that did not come as result 5, and only where one was expected', () => {
    const bench = onAir();
    bench.medium.script = () => LOST;
    bench.start(0, DATA);
    bench.time.advanceByMicros(10_000);
    expect(status(bench)).toBe(0x50000000);
    bench.mac.write32(MAC.INT_CLR, 0xffffffff);
    bench.start(1, DATA, { wantsAck: false });
    bench.time.advanceByMicros(10_000);
    expect(status(bench)).toBe(0x00001100);
    bench.mac.write32(MAC.INT_CLR, 0xffffffff);
    bench.start(3, BEACON);
    bench.time.advanceByMicros(10_000);
    expect(status(bench)).toBe(0x00003300);
    expect([bench.mac.counts.sent, bench.mac.counts.unacknowledged, bench.heard.length]).toEqual([3, 1, 0]);
  });

  it('complete one at a time: the next report waits until the driver has taken the one before', () => {
    const bench = onAir();
    bench.start(0, BEACON, { wantsAck: false });
    bench.start(2, DATA);
    bench.time.advanceByMicros(20_000);
    // Both have long been sent, only the first is reported.
    expect([bench.heard.length, status(bench), bench.mac.read32(queueOffset(2) + 4) >>> 30]).toEqual([
      2, 0, 3,
    ]);
    bench.mac.write32(MAC.INT_CLR, INT.TX_DONE);
    bench.time.advanceByMicros(20);
    expect([status(bench), bench.mac.read32(MAC.INT_RAW) & INT.TX_DONE]).toEqual([0x2200, INT.TX_DONE]);
    expect(bench.mac.read32(queueOffset(2) + 4) >>> 30).toBe(0);
  });

  it('do not complete under the hands of the NMI handler', () => {
    const bench = onAir();
    bench.inHandler = true;
    bench.start(0, BEACON, { wantsAck: false });
    bench.time.advanceByMicros(20_000);
    expect(bench.mac.read32(MAC.INT_RAW)).toBe(0);
    bench.inHandler = false;
    bench.time.advanceByMicros(20);
    expect(bench.mac.read32(MAC.INT_RAW)).toBe(INT.TX_STARTED | INT.TX_DONE);
  });

  it('complete also where there is no air: group frames succeed, nobody acknowledges the others', () => {
    const bench = createMacBench();
    bench.start(0, BEACON, { wantsAck: false });
    bench.time.advanceByMicros(500);
    expect(bench.mac.read32(MAC.INT_RAW)).toBe(0);
    bench.time.advanceByMicros(10_000);
    expect(status(bench)).toBe(0);
    bench.mac.write32(MAC.INT_CLR, 0xffffffff);
    bench.start(0, DATA);
    bench.time.advanceByMicros(20_000);
    expect(status(bench)).toBe(0x50000000);
  });

  it('start with both bits only', () => {
    const bench = onAir();
    for (const bits of [0, 0x40000000, 0x80000000]) bench.mac.write32(queueOffset(0) + 4, bits);
    bench.time.advanceByMicros(10_000);
    expect(bench.mac.counts.sent).toBe(0);
  });

  it('stop the board when a descriptor lies outside data RAM', () => {
    const bench = createMacBench();
    expect(() => bench.mac.write32(queueOffset(0) + 4, 0xc0000010)).toThrow(/outside data RAM/);
  });

  it('a frame on the air at a reset is cut off: nobody hears a board that is gone, nor those that wait behind it', () => {
    const bench = onAir();
    bench.start(0, BEACON, { wantsAck: false });
    bench.start(1, DATA);
    bench.time.advanceByMicros(100);
    bench.mac.reset();
    bench.time.advanceByMicros(10_000);
    expect(bench.heard).toEqual([]);
    // The air is free again.
    bench.start(0, DATA);
    bench.time.advanceByMicros(10_000);
    expect(bench.heard).toEqual([DATA]);
  });

  it('a frame on the air at a restore belongs to a life that has not been', () => {
    const bench = onAir();
    const idle = structuredClone(bench.mac.save());
    // In the middle of the frame, and when it is held up on its way.
    for (const elapsedMicros of [100, 3000]) {
      bench.medium.script = () => ({ ...UNHARMED, delayTicks: microsToTicks(4000) });
      bench.start(0, BEACON, { wantsAck: false });
      bench.time.advanceByMicros(elapsedMicros);
      bench.mac.restore(idle);
      bench.mac.restored();
      bench.time.advanceByMicros(10_000);
      expect(bench.heard).toEqual([]);
    }
  });

  it('a frame on the air when a snapshot was taken is sent again behind the restore', () => {
    const bench = onAir();
    bench.start(0, BEACON, { wantsAck: false });
    bench.time.advanceByMicros(10);
    const other = onAir();
    other.mac.restore(structuredClone(bench.mac.save()));
    other.mac.restored();
    other.time.advanceByMicros(10_000);
    expect([other.heard, status(other), other.mac.counts.sent]).toEqual([[BEACON], 0, 1]);
  });
});
