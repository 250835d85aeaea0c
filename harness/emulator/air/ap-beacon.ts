import { microsToTicks, TICKS_PER_MILLI, ticksToNanos } from '../time';
import type { ApClient } from './ap-client';
import type { Tim } from './ie';
import { encodeBeacon } from './management';
import type { Timers } from './timers';
import { Timer } from './timers';

const TU_MICROS = 1024;
const FIRST_BEACON_TICKS = TICKS_PER_MILLI;

export interface ApBeaconOptions {
  readonly timers: Timers;
  readonly ssid: Uint8Array;
  readonly rsnElement: Uint8Array | null;
  readonly intervalTu: number;
  /** Every so many beacons group frames follow. */
  readonly dtimPeriod: number;
  /** Beacons with an empty name. */
  readonly hidden: boolean;
  readonly channel: () => number;
  readonly clients: ReadonlyMap<number, ApClient>;
  readonly holdsGroup: () => boolean;
  /** A beacon is due; group frames may follow it when it is a DTIM beacon. */
  readonly onBeacon: (body: Uint8Array, isDtim: boolean) => void;
}

/** What the access point says of itself, and when: beacons at their interval, the same as answer to a probe. */
export class ApBeacon {
  private readonly options: ApBeaconOptions;
  private readonly timer = new Timer(() => this.send());
  private dtimCount = 0;
  private nextTicks = 0;

  constructor(options: ApBeaconOptions) {
    this.options = options;
  }

  start(): void {
    this.dtimCount = 0;
    this.nextTicks = this.options.timers.nowTicks() + FIRST_BEACON_TICKS;
    this.options.timers.setAt(this.timer, this.nextTicks);
  }

  stop(): void {
    this.options.timers.clear(this.timer);
  }

  /** Body of a probe response: the name in full, no traffic map. */
  probeResponse(): Uint8Array {
    return this.encode(this.options.ssid, null);
  }

  private send(): void {
    const { hidden, ssid, intervalTu, dtimPeriod, timers, onBeacon } = this.options;
    onBeacon(this.encode(hidden ? new Uint8Array(0) : ssid, this.trafficMap()), this.dtimCount === 0);
    this.dtimCount = this.dtimCount === 0 ? dtimPeriod - 1 : this.dtimCount - 1;
    this.nextTicks += microsToTicks(intervalTu * TU_MICROS);
    timers.setAt(this.timer, this.nextTicks);
  }

  /** Who sleeps while something waits for it. */
  private trafficMap(): Tim {
    const { dtimPeriod, clients, holdsGroup } = this.options;
    return {
      dtimCount: this.dtimCount,
      dtimPeriod,
      groupTraffic: this.dtimCount === 0 && holdsGroup(),
      associationIds: [...clients.values()]
        .filter(({ held }) => held.length > 0)
        .map(({ associationId }) => associationId),
    };
  }

  private encode(ssid: Uint8Array, tim: Tim | null): Uint8Array {
    const { timers, intervalTu, channel, rsnElement } = this.options;
    const timestampMicros = Math.floor(ticksToNanos(timers.nowTicks()) / 1000);
    return encodeBeacon({ timestampMicros, intervalTu, ssid, channel: channel(), rsnElement, tim });
  }
}
