import { microsToTicks } from '../time';
import type { MacAddress } from './addresses';
import { macKey } from './addresses';
import type { FrameKind } from './ieee80211';
import { frameKind } from './ieee80211';
import type { Random } from './random';

/** What becomes of one frame on the air. */
export interface Fate {
  /** Do the receivers get it? */
  readonly delivered: boolean;
  /** Does the sender get the acknowledgment its receiver would send? */
  readonly acknowledged: boolean;
  /** How often it is delivered. */
  readonly copies: number;
  /** Delivery is this much later than it should be, so that later frames overtake it. */
  readonly delayTicks: number;
}

export const UNHARMED: Fate = { delivered: true, acknowledged: true, copies: 1, delayTicks: 0 };
/** Lost on the way: the sender misses the acknowledgment. */
export const LOST: Fate = { delivered: false, acknowledged: false, copies: 0, delayTicks: 0 };
/** The frame arrived, its acknowledgment did not. */
export const ACK_LOST: Fate = { delivered: true, acknowledged: false, copies: 1, delayTicks: 0 };
/** Acknowledged by the receiver's hardware and then dropped for want of buffers. */
export const SWALLOWED: Fate = { delivered: false, acknowledged: true, copies: 0, delayTicks: 0 };

/** Chances from 0 to 1, each drawn for itself; the first rule that fits a frame decides. */
export interface Impairment {
  /** Sender and receiver (address 1) the rule is for; absent fits all. */
  readonly from?: MacAddress;
  readonly to?: MacAddress;
  readonly kinds?: readonly FrameKind[];
  readonly loss?: number;
  readonly ackLoss?: number;
  readonly swallow?: number;
  readonly duplicate?: number;
  readonly delay?: number;
  readonly maxDelayMicros?: number;
}

function fits(rule: Impairment, from: MacAddress, frame: Uint8Array): boolean {
  if (rule.from && macKey(rule.from) !== macKey(from)) return false;
  if (rule.to && macKey(rule.to) !== macKey(frame, 4)) return false;
  return !rule.kinds || rule.kinds.includes(frameKind(frame));
}

/** Draws the fate of a frame. */
export function drawFate(
  rules: readonly Impairment[],
  random: Random,
  from: MacAddress,
  frame: Uint8Array,
): Fate {
  const rule = rules.find((candidate) => fits(candidate, from, frame));
  if (!rule) return UNHARMED;
  const happens = (chance: number | undefined): boolean =>
    chance !== undefined && random.nextFraction() < chance;
  if (happens(rule.loss)) return LOST;
  if (happens(rule.swallow)) return SWALLOWED;
  const acknowledged = !happens(rule.ackLoss);
  const copies = happens(rule.duplicate) ? 2 : 1;
  const delayMicros = happens(rule.delay) ? random.below(rule.maxDelayMicros ?? 5000) : 0;
  return { delivered: true, acknowledged, copies, delayTicks: microsToTicks(delayMicros) };
}
