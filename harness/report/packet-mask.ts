import type { Masker } from './mask';
import { tcpSegmentIn, type TcpSegment } from './tcp-segment';

/** A secret that begins further back in a flow than this is not found any more; no header of ours is as long. */
const CONTEXT_BYTES = 2048;
const MOST_KEPT_BYTES = 32_768;
const MOST_KEPT_SEGMENTS = 2048;
const MOST_FLOWS = 64;
const ASTERISK = 0x2a;

/** What stands behind `Authorization:`, whether its token is one that is known or one that a case made up. */
const CREDENTIALS = /authorization:[ \t]*(?:(?:bearer|basic|digest)[ \t]+)?([^\s][^\r\n]*)/gi;
const SCHEMES = ['bearer ', 'basic ', 'digest '];

/** Bytes of a frame that may still change: what came later can show that they are part of a secret. */
export interface MaskedFrame {
  /** From the radiotap header on. */
  readonly bytes: Buffer;
  /** Writes it once more. */
  readonly changed: () => void;
}

interface KeptSegment extends TcpSegment {
  readonly frame: MaskedFrame;
  /** As it came. */
  readonly payload: Buffer;
}

/**
 * Secrets in captured frames become asterisks, as many as they had bytes. TCP flows are read in the order of their bytes,
 * so a token is found that comes in pieces, out of order or twice; checksums of TCP are made to fit again.
 */
export class PacketMask {
  readonly #flows = new Map<string, KeptSegment[]>();

  /** Masks a new frame, and earlier ones where this one shows that there was something to mask. */
  add(frame: MaskedFrame, masker: Masker): void {
    const segment = tcpSegmentIn(frame.bytes);
    if (segment === undefined) {
      frame.bytes.set(masker.sameLength(frame.bytes));
      return;
    }
    if (segment.isOpening) this.#flows.delete(segment.flow);
    if (segment.payloadBytes === 0) return;
    const { payloadAt, payloadBytes } = segment;
    const payload = Buffer.from(frame.bytes.subarray(payloadAt, payloadAt + payloadBytes));
    const kept = this.#keep({ ...segment, frame, payload });
    const context = Math.max(CONTEXT_BYTES, masker.holdBackChars);
    const { text, from } = textAround(kept, segment, context);
    const changed = new Set<MaskedFrame>();
    for (const [start, end] of secretsIn(text, masker)) {
      for (const one of kept) {
        const offset = (one.seq - segment.seq) | 0;
        const hasChanged = maskBytes(one, from + start - offset, from + end - offset);
        if (hasChanged && one.frame !== frame) changed.add(one.frame);
      }
    }
    for (const one of changed) one.changed();
  }

  #keep(segment: KeptSegment): readonly KeptSegment[] {
    const kept = this.#flows.get(segment.flow) ?? [];
    // The flow that was used last is the last to go.
    this.#flows.delete(segment.flow);
    this.#flows.set(segment.flow, kept);
    if (this.#flows.size > MOST_FLOWS) {
      const [oldest = ''] = this.#flows.keys();
      this.#flows.delete(oldest);
    }
    kept.push(segment);
    let sizeBytes = kept.reduce((sum, one) => sum + one.payloadBytes, 0);
    while (kept.length > 1 && (sizeBytes > MOST_KEPT_BYTES || kept.length > MOST_KEPT_SEGMENTS)) {
      sizeBytes -= kept.shift()!.payloadBytes;
    }
    return kept;
  }
}

/** The bytes before, in and behind a segment, as far as they are known without a gap, and where they begin. */
function textAround(
  kept: readonly KeptSegment[],
  { seq, payloadBytes }: TcpSegment,
  context: number,
): { readonly text: string; readonly from: number } {
  const bytes = Buffer.alloc(payloadBytes + 2 * context);
  const isKnown = new Uint8Array(bytes.length);
  for (const one of kept) {
    const at = ((one.seq - seq) | 0) + context;
    const [first, end] = [Math.max(0, at), Math.min(bytes.length, at + one.payloadBytes)];
    if (end <= first) continue;
    one.payload.copy(bytes, first, first - at, end - at);
    isKnown.fill(1, first, end);
  }
  let from = context;
  let end = context + payloadBytes;
  while (from > 0 && isKnown[from - 1] === 1) from -= 1;
  while (end < bytes.length && isKnown[end] === 1) end += 1;
  return { text: bytes.toString('latin1', from, end), from: from - context };
}

type Range = readonly [from: number, end: number];

function secretsIn(text: string, masker: Masker): readonly Range[] {
  const ranges = [...masker.rangesIn(text)];
  for (const match of text.matchAll(CREDENTIALS)) {
    const [line, value = ''] = match;
    const end = match.index + line.length;
    // The scheme's own name may not be there yet.
    const isScheme = end === text.length && SCHEMES.some((scheme) => scheme.startsWith(value.toLowerCase()));
    if (!isScheme) ranges.push([end - value.length, end]);
  }
  return ranges;
}

/** Places count from the begin of the segment's payload, and may lie outside. True: something is different now. */
function maskBytes(
  { frame: { bytes }, tcpAt, payloadAt, payloadBytes }: KeptSegment,
  from: number,
  end: number,
) {
  const [first, last] = [payloadAt + Math.max(0, from), payloadAt + Math.min(payloadBytes, end)];
  if (last <= first) return false;
  let delta = 0;
  for (let at = first; at < last; at++) {
    const before = bytes[at] ?? 0;
    bytes[at] = ASTERISK;
    delta += (ASTERISK - before) * ((at - tcpAt) % 2 === 0 ? 256 : 1);
  }
  if (delta === 0) return false;
  // RFC 1624: the difference goes through the old checksum, so one that was wrong stays wrong.
  const checksumAt = tcpAt + 16;
  let sum = (~bytes.readUInt16BE(checksumAt) & 0xffff) + (((delta % 0xffff) + 0xffff) % 0xffff);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  bytes.writeUInt16BE(~sum & 0xffff, checksumAt);
  return true;
}
