import type { Deadline } from '../core/deadline';
import { ProtocolError } from '../core/errors';
import { concatBytes, equalBytes, toHex } from '../core/bytes';
import { FLASH_SECTOR_BYTES } from '../chip/flash-chips';
import { encodeSlip } from '../protocol/slip';
import { readFlash, readFlashAck } from '../protocol/rom-loader';
import type { LoaderSession } from './loader-session';
import { md5Of } from './flash-writer';
import type { OnDone } from './flash-writer';

/** One READ_FLASH asks for at most this, so that a damaged read is repeated in small. */
const CHUNK_BYTES = 256 * 1024;
const MAX_BLOCKS_IN_FLIGHT = 64;
const DIGEST_BYTES = 16;

/** The chunks of a read, so that each can be repeated by itself. */
export function readChunks(
  offset: number,
  sizeBytes: number,
): readonly { offset: number; sizeBytes: number }[] {
  const chunks = [];
  for (let at = 0; at < sizeBytes; at += CHUNK_BYTES) {
    chunks.push({ offset: offset + at, sizeBytes: Math.min(CHUNK_BYTES, sizeBytes - at) });
  }
  return chunks;
}

/**
 * Reads a stretch of flash with the stub and compares it with the stub's digest.
 * @throws ProtocolError ESPRIG_ROM_BAD_REPLY when what came does not fit, ESPRIG_FLASH_VERIFY when the digest differs
 */
export async function readChunk(
  session: LoaderSession,
  offset: number,
  sizeBytes: number,
  deadline: Deadline,
  onDone: OnDone,
): Promise<Uint8Array> {
  const request = readFlash({
    flashOffset: offset,
    sizeBytes,
    blockBytes: FLASH_SECTOR_BYTES,
    maxInFlight: MAX_BLOCKS_IN_FLIGHT,
  });
  await session.command(request, deadline);
  const parts: Uint8Array[] = [];
  let received = 0;
  while (received < sizeBytes) {
    const part = await frame(session, deadline, 'flash data');
    const wanted = Math.min(FLASH_SECTOR_BYTES, sizeBytes - received);
    if (part.length !== wanted) {
      throw new ProtocolError(
        'ESPRIG_ROM_BAD_REPLY',
        `reading flash at 0x${(offset + received).toString(16)}: ${part.length} bytes came, ${wanted} were due`,
      );
    }
    parts.push(part);
    received += part.length;
    await session.link.write(encodeSlip(readFlashAck(received)));
    onDone(part.length);
  }
  const digest = await frame(session, deadline, 'digest of the flash data');
  const bytes = concatBytes(parts);
  if (
    digest.length !== DIGEST_BYTES ||
    !equalBytes(digest, new Uint8Array(Buffer.from(md5Of(bytes), 'hex')))
  ) {
    throw new ProtocolError(
      'ESPRIG_FLASH_VERIFY',
      `reading flash at 0x${offset.toString(16)}: what came has MD5 ${md5Of(bytes)}, the stub says ${toHex(digest.subarray(0, DIGEST_BYTES))}`,
      { hint: 'The line damages bytes: lower the baud rate, shorten the cable.' },
    );
  }
  return bytes;
}

async function frame(session: LoaderSession, deadline: Deadline, awaited: string): Promise<Uint8Array> {
  using wait = deadline.sub({
    phase: 'READ_FLASH',
    budgetMs: session.limits.replyMs + (FLASH_SECTOR_BYTES * 20_000) / session.link.baud,
  });
  return await session.nextFrame(wait, awaited);
}
