/** A MAC on a bench: data RAM, time moved by hand, and what the driver would write. */
import { DRAM_BASE, DRAM_SIZE } from '../../../chip/esp8266';
import { Rng } from '../../peripherals';
import { createBench, type ManualTime } from '../../testkit/manual-time';
import { GuestDma } from '../guest-dma';
import { MAC, queueOffset } from '../mac-map';
import { WifiMac } from '../wifi-mac';

export const STATION_MAC = Uint8Array.of(0x18, 0xfe, 0x34, 1, 2, 3);
export const AP_MAC = Uint8Array.of(0x1a, 0xfe, 0x34, 1, 2, 3);
export const PEER_MAC = Uint8Array.of(0x02, 0x11, 0x22, 0x33, 0x44, 0x55);
export const RING = 0x3ffec000;
const RING_BUFFERS = 0x3ffed000;
export const RING_BUFFER_BYTES = 0x20c;
const TX_DESCRIPTORS = 0x3fff4000;
const TX_BUFFERS = 0x3fff5000;
export const ALL_INTERRUPTS = 0x2c9f0300;

export interface MacBench {
  readonly mac: WifiMac;
  readonly time: ManualTime;
  readonly dram: Uint8Array;
  readonly dma: GuestDma;
  /** Levels of the NMI line since the start. */
  readonly line: readonly boolean[];
  inHandler: boolean;
  vanished: number;
  /** A circular ring of descriptors; gives it to the hardware and switches the receiver on. */
  ring(descriptors: number): void;
  /** Address of the n-th descriptor. */
  descriptor(index: number): number;
  flags(index: number): number;
  setFlags(index: number, flags: number): void;
  bytes(addr: number, sizeBytes: number): Uint8Array;
  /** Content of the n-th buffer. */
  buffer(index: number): Uint8Array;
  own(unit: 0 | 1, mac: Uint8Array): void;
  bssid(unit: 0 | 1, mac: Uint8Array | null): void;
  /** Queues a frame in one or more pieces; the last four bytes (FCS room) are added here. */
  start(
    queue: number,
    frame: Uint8Array,
    options?: { readonly pieces?: number; readonly wantsAck?: boolean },
  ): void;
  hear(frame: Uint8Array, rssiDbm?: number): void;
}

function low(mac: Uint8Array): number {
  return (mac[0]! | (mac[1]! << 8) | (mac[2]! << 16) | (mac[3]! << 24)) >>> 0;
}

export function createMacBench(): MacBench {
  const { time, context } = createBench();
  const dram = new Uint8Array(DRAM_SIZE);
  const dma = new GuestDma(dram);
  const line: boolean[] = [];
  let level = false;
  const mac = new WifiMac(context, {
    irq: (asserted) => {
      if (asserted !== level) line.push((level = asserted));
    },
    inHandler: () => bench.inHandler,
    dma,
    rng: new Rng(1),
    onVanished: () => bench.vanished++,
  });
  const descriptor = (index: number): number => RING + 12 * index;
  const address = (register: number, mask: number, value: Uint8Array): void => {
    mac.write32(register, low(value));
    mac.write32(register + 4, value[4]! | (value[5]! << 8));
    mac.write32(mask, 0xffffffff);
    mac.write32(mask + 4, 0xffff);
    mac.write32(mask + 4, 0x1ffff);
  };
  const bench: MacBench = {
    mac,
    time,
    dram,
    dma,
    line,
    inHandler: false,
    vanished: 0,
    ring: (descriptors) => {
      for (let i = 0; i < descriptors; i++) {
        dma.write32(descriptor(i), 0x8020c000 | RING_BUFFER_BYTES);
        dma.write32(descriptor(i) + 4, RING_BUFFERS + RING_BUFFER_BYTES * i);
        dma.write32(descriptor(i) + 8, descriptor((i + 1) % descriptors));
      }
      mac.write32(MAC.RX_RING_HEAD, RING);
      mac.write32(MAC.RX_CONTROL, 0x80000000);
    },
    descriptor,
    flags: (index) => dma.read32(descriptor(index)),
    setFlags: (index, flags) => dma.write32(descriptor(index), flags),
    bytes: (addr, sizeBytes) => dram.slice(addr - DRAM_BASE, addr - DRAM_BASE + sizeBytes),
    buffer: (index) => bench.bytes(RING_BUFFERS + RING_BUFFER_BYTES * index, RING_BUFFER_BYTES),
    own: (unit, value) => address(MAC.OWN + 8 * unit, MAC.OWN_MASK + 8 * unit, value),
    bssid: (unit, value) => {
      mac.write32(MAC.BSSID_MASK + 4 + 8 * unit, 0);
      if (value) address(MAC.BSSID + 8 * unit, MAC.BSSID_MASK + 8 * unit, value);
    },
    start: (queue, frame, { pieces = 1, wantsAck = true } = {}) => {
      const descriptors = TX_DESCRIPTORS + 0x100 * queue;
      const buffer = TX_BUFFERS + 0x800 * queue;
      const whole = new Uint8Array(frame.length + 4).fill(0xee);
      whole.set(frame);
      dma.copyIn(whole, buffer);
      const step = Math.ceil(whole.length / pieces);
      for (let i = 0; i < pieces; i++) {
        const size = Math.min(step, whole.length - step * i);
        const last = i === pieces - 1;
        dma.write32(descriptors + 12 * i, ((last ? 0xc0000000 : 0x80000000) | (size << 12)) >>> 0);
        dma.write32(descriptors + 12 * i + 4, buffer + step * i);
        // What follows the last one is garbage on the real chip.
        dma.write32(descriptors + 12 * i + 8, last ? 0xa5a5a5a5 : descriptors + 12 * (i + 1));
      }
      const control = (0x00600000 | (descriptors & 0x3ffff) | (wantsAck ? 1 << 24 : 0)) >>> 0;
      mac.write32(queueOffset(queue) + 4, control);
      mac.write32(queueOffset(queue) + 8, whole.length);
      mac.write32(queueOffset(queue) + 4, (control | 0xc0000000) >>> 0);
    },
    hear: (frame, rssiDbm = -40) =>
      mac.receive(frame, { channel: 6, rate: 0, rssiDbm, atTicks: time.nowTicks }),
  };
  return bench;
}

/** A frame without FCS: type, flags, the three addresses, and a body that counts. */
export function frameOf(
  fc0: number,
  fc1: number,
  addresses: readonly [Uint8Array, Uint8Array, Uint8Array],
  bodyBytes = 0,
): Uint8Array {
  const frame = new Uint8Array(24 + bodyBytes);
  frame[0] = fc0;
  frame[1] = fc1;
  addresses.forEach((address, index) => frame.set(address, 4 + 6 * index));
  for (let i = 24; i < frame.length; i++) frame[i] = i;
  return frame;
}
