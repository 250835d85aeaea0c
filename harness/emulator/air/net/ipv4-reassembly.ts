import type { Timers } from '../timers';
import { Timer } from '../timers';
import { TICKS_PER_SECOND } from '../../time';
import type { Ipv4Packet } from './ipv4';

/** Reassembly of IPv4 fragments, RFC 791 section 3.2, with bounds on everything. */
const MAX_DATAGRAMS = 8;
const MAX_DATAGRAM_BYTES = 65_515;
const MAX_FRAGMENTS = 64;
const TIMEOUT_TICKS = 30 * TICKS_PER_SECOND;

interface Assembly {
  readonly fragments: { readonly offset: number; readonly bytes: Uint8Array }[];
  totalBytes: number | null;
  readonly untilTicks: number;
}

export class Ipv4Reassembly {
  private readonly timers: Timers;
  private readonly assemblies = new Map<string, Assembly>();
  private readonly expiry = new Timer(() => this.expire());

  constructor(timers: Timers) {
    this.timers = timers;
  }

  get size(): number {
    return this.assemblies.size;
  }

  /** Takes a fragment; the whole payload once the last piece is there, else null. */
  add(packet: Ipv4Packet): Uint8Array | null {
    const key = `${packet.source}.${packet.destination}.${packet.protocol}.${packet.identification}`;
    let assembly = this.assemblies.get(key);
    if (!assembly) {
      if (this.assemblies.size >= MAX_DATAGRAMS) this.dropOldest();
      assembly = { fragments: [], totalBytes: null, untilTicks: this.timers.nowTicks() + TIMEOUT_TICKS };
      this.assemblies.set(key, assembly);
      if (!this.expiry.isSet) this.timers.setAt(this.expiry, assembly.untilTicks);
    }
    const end = packet.fragmentOffsetBytes + packet.payload.length;
    const tooMuch = end > MAX_DATAGRAM_BYTES || assembly.fragments.length >= MAX_FRAGMENTS;
    if (tooMuch || (packet.moreFragments && packet.payload.length % 8 !== 0)) {
      this.assemblies.delete(key);
      return null;
    }
    if (!packet.moreFragments) assembly.totalBytes = end;
    assembly.fragments.push({ offset: packet.fragmentOffsetBytes, bytes: packet.payload });
    const whole = join(assembly);
    if (whole) this.assemblies.delete(key);
    return whole;
  }

  private dropOldest(): void {
    for (const key of this.assemblies.keys()) {
      this.assemblies.delete(key);
      return;
    }
  }

  private expire(): void {
    const nowTicks = this.timers.nowTicks();
    let nextAtTicks = Infinity;
    for (const [key, { untilTicks }] of this.assemblies) {
      if (untilTicks <= nowTicks) this.assemblies.delete(key);
      else nextAtTicks = Math.min(nextAtTicks, untilTicks);
    }
    if (nextAtTicks !== Infinity) this.timers.setAt(this.expiry, nextAtTicks);
  }
}

function join({ fragments, totalBytes }: Assembly): Uint8Array | null {
  if (totalBytes === null) return null;
  fragments.sort((a, b) => a.offset - b.offset);
  let covered = 0;
  for (const { offset, bytes } of fragments) {
    if (offset > covered) return null;
    covered = Math.max(covered, offset + bytes.length);
  }
  if (covered < totalBytes) return null;
  const whole = new Uint8Array(covered);
  for (const { offset, bytes } of fragments) whole.set(bytes, offset);
  return whole.subarray(0, totalBytes);
}
