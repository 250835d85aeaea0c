/** A reader of capture files of its own, from the public description of the format (ietf-opsawg-pcap). */
export interface CapturedPacket {
  readonly wallMs: number;
  readonly bytes: Buffer;
}

/** @throws Error for anything that is not as the format has it */
export function readPcap(file: Buffer): readonly CapturedPacket[] {
  const magic = file.subarray(0, 4).toString('hex');
  if (magic !== '4d3cb2a1') throw new Error(`magic ${magic} is not that of nanoseconds, low byte first`);
  const version = [file.readUInt16LE(4), file.readUInt16LE(6)].join('.');
  const [longestBytes, linkType] = [file.readUInt32LE(16), file.readUInt32LE(20)];
  if (version !== '2.4' || linkType !== 127) throw new Error(`version ${version}, link type ${linkType}`);
  const packets: CapturedPacket[] = [];
  let at = 24;
  while (at < file.length) {
    const [seconds, nanos, bytes, bytesOnAir] = [0, 4, 8, 12].map((offset) => file.readUInt32LE(at + offset));
    if (nanos! >= 1e9) throw new Error(`packet ${packets.length}: ${nanos} ns in a second`);
    if (bytes! > longestBytes || bytes! > bytesOnAir!)
      throw new Error(`packet ${packets.length}: its length`);
    at += 16;
    if (at + bytes! > file.length) throw new Error(`packet ${packets.length} ends behind the file`);
    packets.push({
      wallMs: seconds! * 1000 + nanos! / 1e6,
      bytes: file.subarray(at, at + bytes!),
    });
    at += bytes!;
  }
  return packets;
}
