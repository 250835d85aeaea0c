import { microsToTicks } from '../../time';
import type { MacAddress } from '../addresses';
import { isGroupMac } from '../addresses';
import { equalBytes } from '../bytes';
import type { LinkLayer, NetStack } from '../net/stack';
import type { Random } from '../random';
import type { Timers } from '../timers';
import { Timer } from '../timers';

export interface LinkFaults {
  readonly loss: number;
  readonly duplicate: number;
  /** Share of packets that are held back and so overtaken. */
  readonly reorder: number;
  readonly latencyMicros: number;
  /** Bits per microsecond; Infinity sends in no time. */
  readonly rateMbps: number;
}

export const PERFECT_LINK: LinkFaults = {
  loss: 0,
  duplicate: 0,
  reorder: 0,
  latencyMicros: 300,
  rateMbps: 20,
};

/** An Ethernet-like cable between stacks without 802.11, that can lose, double and reorder packets. */
export class LossyLink {
  faults: LinkFaults;
  /** Sees each packet put on the link; return false to lose it. */
  filter: (source: MacAddress, etherType: number, payload: Uint8Array) => boolean = () => true;
  sent = 0;
  private readonly timers: Timers;
  private readonly random: Random;
  private readonly stacks: NetStack[] = [];
  private freeAtTicks = 0;

  constructor(timers: Timers, random: Random, faults: LinkFaults = PERFECT_LINK) {
    this.timers = timers;
    this.random = random;
    this.faults = faults;
  }

  attach(stack: NetStack): void {
    this.stacks.push(stack);
  }

  /** The link as one stack sees it. */
  end(source: MacAddress): LinkLayer {
    return { send: (destination, etherType, payload) => this.send(source, destination, etherType, payload) };
  }

  private send(source: MacAddress, destination: MacAddress, etherType: number, payload: Uint8Array): void {
    this.sent++;
    if (!this.filter(source, etherType, payload)) return;
    const { loss, duplicate, reorder, latencyMicros, rateMbps } = this.faults;
    const nowTicks = this.timers.nowTicks();
    const startTicks = Math.max(nowTicks, this.freeAtTicks);
    this.freeAtTicks = startTicks + microsToTicks((payload.length * 8) / rateMbps);
    const copies = this.random.nextFraction() < duplicate ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.random.nextFraction() < loss) continue;
      const heldMicros = this.random.nextFraction() < reorder ? this.random.below(5000) : 0;
      const timer = new Timer(() => this.deliver(source, destination, etherType, payload));
      this.timers.setAt(timer, this.freeAtTicks + microsToTicks(latencyMicros + heldMicros));
    }
  }

  private deliver(source: MacAddress, destination: MacAddress, etherType: number, payload: Uint8Array): void {
    for (const stack of this.stacks) {
      if (equalBytes(stack.mac, source)) continue;
      if (isGroupMac(destination) || equalBytes(stack.mac, destination)) {
        stack.receive(source, destination, etherType, payload);
      }
    }
  }
}
