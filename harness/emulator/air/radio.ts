import type { MacAddress } from './addresses';

/** What a sender says about a frame. */
export interface TxMeta {
  /** 1 to 14, or null when the sender's channel is not known: such a frame is heard on all channels. */
  readonly channel: number | null;
  /** The chip's rate code (`air-time.ts`). */
  readonly rate: number;
}

/** What a receiver is told about a frame. */
export interface RxMeta {
  readonly channel: number | null;
  readonly rate: number;
  readonly rssiDbm: number;
  /** When the frame's last bit arrived. */
  readonly atTicks: number;
}

/** Whatever can send and hear frames: a board's MAC, a station, an access point. */
export interface Radio {
  readonly mac: MacAddress;
  /** The channel it listens on; null or absent hears every channel. */
  readonly channel?: number | null;
  /**
   * Would this radio acknowledge the frame just now? Asked right before {@link receive} for frames to an individual
   * address. Without this method it acknowledges what is addressed to {@link mac}. A MAC whose receiver is off, or
   * with two interfaces, answers for itself.
   */
  acknowledges?(frame: Uint8Array): boolean;
  /** Every frame of every other radio; the receiver filters. The bytes are shared: nobody changes them. */
  receive(frame: Uint8Array, meta: RxMeta): void;
}
