/**
 * The capture file, as far as a report handles it: pcap with nanoseconds, link type 802.11 with radiotap
 * (ietf-opsawg-pcap; tcpdump.org/linktypes). Records come from the rigs; what is in them is their business.
 */
const MAGIC_NANOSECONDS = 0xa1b23c4d;
const LINKTYPE_IEEE802_11_RADIOTAP = 127;
const SNAP_BYTES = 65_535;
const FILE_HEADER_BYTES = 24;
/** Seconds, nanoseconds, captured length, length on the air. */
export const RECORD_HEAD_BYTES = 16;

/** First bytes of a file. */
export function pcapHeader(): Buffer {
  const bytes = Buffer.alloc(FILE_HEADER_BYTES);
  bytes.writeUInt32LE(MAGIC_NANOSECONDS, 0);
  bytes.writeUInt16LE(2, 4);
  bytes.writeUInt16LE(4, 6);
  bytes.writeUInt32LE(SNAP_BYTES, 16);
  bytes.writeUInt32LE(LINKTYPE_IEEE802_11_RADIOTAP, 20);
  return bytes;
}

export interface PacketRecord {
  /** Where its head begins. */
  readonly at: number;
  /** Head and packet. */
  readonly sizeBytes: number;
  /** Since 1970. */
  readonly wallMs: number;
}

/** The whole records of a piece of capture, without a file header. Stops before one that is torn or is none. */
export function* recordsIn(bytes: Buffer): Generator<PacketRecord, void> {
  for (let at = 0; at + RECORD_HEAD_BYTES <= bytes.length;) {
    const capturedBytes = bytes.readUInt32LE(at + 8);
    const sizeBytes = RECORD_HEAD_BYTES + capturedBytes;
    if (capturedBytes > SNAP_BYTES || at + sizeBytes > bytes.length) return;
    const wallMs = bytes.readUInt32LE(at) * 1000 + bytes.readUInt32LE(at + 4) / 1e6;
    yield { at, sizeBytes, wallMs };
    at += sizeBytes;
  }
}
