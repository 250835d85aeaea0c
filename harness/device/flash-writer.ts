import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import { createHash } from 'node:crypto';
import { equalBytes, toHex } from '../core/bytes';
import type { Deadline } from '../core/deadline';
import { ProtocolError } from '../core/errors';
import {
  deflateBegin,
  deflateData,
  deflateEnd,
  flashBegin,
  flashData,
  flashEnd,
  flashMd5,
  md5FromResponse,
  ROM_BLOCK_BYTES,
  STUB_BLOCK_BYTES,
} from '../protocol/rom-loader';
import type { LoaderRequest } from '../protocol/rom-loader';
import { beginWithRom } from './flash-eraser';
import { blocksOf, cutAt, flashOffsetText, joinNeighbours, padded, sectorsOf } from './flash-plan';
import type { FlashRegion } from './flash-plan';
import type { LoaderSession } from './loader-session';
import { readWordsByRegisters } from './spi-registers';

const deflateAsync = promisify(deflate) as (bytes: Uint8Array, options: { level: number }) => Promise<Buffer>;

/** Told as bytes of the image (not of what went over the wire) are done. */
export type OnDone = (bytes: number) => void;

/** One begin-data-end: large enough to keep the line busy, small enough that a time limit means something. */
const JOB_BYTES = 256 * 1024;
/** How often one block is sent again when the loader says that its checksum is wrong. */
const MAX_BLOCK_SENDS = 4;

/** MD5 of a stretch of flash as the stub computes it, in hex. */
export async function md5OfFlash(
  session: LoaderSession,
  offset: number,
  sizeBytes: number,
  deadline: Deadline,
): Promise<string> {
  const limitMs = session.limitFor(session.limits.md5MsPerMiB, sizeBytes);
  return md5FromResponse(await session.command(flashMd5(offset, sizeBytes), deadline, limitMs));
}

export function md5Of(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

/** Whether the flash already holds these bytes. Needs the stub. */
export async function holds(
  session: LoaderSession,
  region: FlashRegion,
  deadline: Deadline,
): Promise<boolean> {
  return (await md5OfFlash(session, region.offset, region.bytes.length, deadline)) === md5Of(region.bytes);
}

/**
 * What of a part the flash does not hold yet. Three sectors are asked about first: a flash that differs in all of them
 * holds something else, and comparing the rest would cost more than it saves.
 */
export async function missingRegions(
  session: LoaderSession,
  part: FlashRegion,
  deadline: Deadline,
): Promise<FlashRegion[]> {
  const sectors = sectorsOf(part);
  const probes = [...new Set([0, sectors.length >> 1, sectors.length - 1])].map((index) => sectors[index]!);
  let same = 0;
  for (const probe of probes) if (await holds(session, probe, deadline)) same++;
  if (same === 0) return [part];
  if (same === probes.length && (await holds(session, part, deadline))) return [];
  const missing: FlashRegion[] = [];
  for (const block of blocksOf(part)) {
    if (await holds(session, block, deadline)) continue;
    const inside = sectorsOf(block);
    if (inside.length === 1) missing.push(block);
    else for (const sector of inside) if (!(await holds(session, sector, deadline))) missing.push(sector);
  }
  return joinNeighbours(part, missing);
}

export interface StubWriteListener {
  /** Bytes of the present job that are done. */
  onDone(jobBytes: number): void;
  /** A job is finished: what it held, and what went over the line for it. */
  onJob(job: { readonly sizeBytes: number; readonly sentBytes: number }): void;
}

/** Erases and writes a region with the stub: compressed, or raw where compression does not pay. */
export async function writeWithStub(
  session: LoaderSession,
  region: FlashRegion,
  deadline: Deadline,
  listener: StubWriteListener,
): Promise<void> {
  const jobs = cutAt(region, JOB_BYTES);
  let next = squeeze(jobs[0]);
  for (const [index, job] of jobs.entries()) {
    const packed = (await next)!;
    // The next job is compressed on another thread while this one is on the line.
    next = squeeze(jobs[index + 1]);
    next.catch(() => undefined);
    const whole = { offset: job.offset, bytes: padded(job.bytes, 4) };
    const pays = packed.length < whole.bytes.length;
    if (pays) await writeDeflated(session, whole, packed, deadline, listener);
    else await writeRaw(session, whole, deadline, listener);
    listener.onJob({ sizeBytes: job.bytes.length, sentBytes: pays ? packed.length : whole.bytes.length });
  }
}

async function squeeze(job: FlashRegion | undefined): Promise<Uint8Array | undefined> {
  return job === undefined ? undefined : await deflateAsync(padded(job.bytes, 4), { level: 9 });
}

async function writeDeflated(
  session: LoaderSession,
  job: FlashRegion,
  packed: Uint8Array,
  deadline: Deadline,
  listener: StubWriteListener,
): Promise<void> {
  const sizeBytes = job.bytes.length;
  const blocks = Math.ceil(packed.length / STUB_BLOCK_BYTES);
  const begin = { sizeBytes, blocks, blockBytes: STUB_BLOCK_BYTES, flashOffset: job.offset };
  await session.command(
    deflateBegin(begin),
    deadline,
    session.limitFor(session.limits.eraseMsPerMiB, sizeBytes),
  );
  // The stub answers a block before it writes it, so each answer waits for the block before; how much that inflates to
  // is not known here, at most the whole job.
  const limitMs = session.limitFor(session.limits.writeMsPerMiB + session.limits.eraseMsPerMiB, sizeBytes);
  for (let block = 0; block < blocks; block++) {
    const payload = packed.subarray(block * STUB_BLOCK_BYTES, (block + 1) * STUB_BLOCK_BYTES);
    await sendBlock(session, () => deflateData(payload, block), deadline, limitMs);
    listener.onDone(Math.floor((sizeBytes * (block + 1)) / blocks));
  }
  await session.command(deflateEnd({ reboot: false }), deadline, limitMs);
}

async function writeRaw(
  session: LoaderSession,
  job: FlashRegion,
  deadline: Deadline,
  listener: StubWriteListener,
): Promise<void> {
  const sizeBytes = job.bytes.length;
  const blockBytes = Math.min(STUB_BLOCK_BYTES, sizeBytes);
  const blocks = Math.ceil(sizeBytes / blockBytes);
  const begin = { eraseBytes: sizeBytes, blocks, blockBytes, flashOffset: job.offset };
  await session.command(
    flashBegin(begin),
    deadline,
    session.limitFor(session.limits.eraseMsPerMiB, sizeBytes),
  );
  const limitMs = session.limitFor(
    session.limits.writeMsPerMiB + session.limits.eraseMsPerMiB,
    blockBytes * 2,
  );
  for (let block = 0; block < blocks; block++) {
    const bytes = job.bytes.subarray(block * blockBytes, (block + 1) * blockBytes);
    await sendBlock(session, () => flashData(padded(bytes, blockBytes), block), deadline, limitMs);
    listener.onDone(Math.min(sizeBytes, (block + 1) * blockBytes));
  }
  await session.command(flashEnd({ reboot: false }), deadline, limitMs);
}

/** Sends a block again when the loader found its checksum wrong; anything else is for the caller to mend. */
async function sendBlock(
  session: LoaderSession,
  request: (send: number) => LoaderRequest,
  deadline: Deadline,
  limitMs: number,
): Promise<number> {
  for (let send = 0; ; send++) {
    try {
      await session.command(request(send), deadline, limitMs);
      return send;
    } catch (error) {
      if ((error as { code?: string }).code !== 'ESPRIG_ROM_BAD_CHECKSUM' || send + 1 >= MAX_BLOCK_SENDS)
        throw error;
    }
  }
}

/**
 * Erases and writes a region with the boot ROM alone. The ROM reads each block back and compares checksums before it
 * answers; that is all the verification there is.
 */
export async function writeWithRom(
  session: LoaderSession,
  region: FlashRegion,
  deadline: Deadline,
  onDone: OnDone,
): Promise<{ readonly sentBytes: number }> {
  const sizeBytes = region.bytes.length;
  const blocks = Math.ceil(sizeBytes / ROM_BLOCK_BYTES);
  await beginWithRom(session, region.offset, sizeBytes, blocks, deadline);
  // The ROM counts a block before it looks at the checksum: what is sent again needs the next number, and is written to
  // the place where the damaged one belonged (chip.md 6.2).
  let again = 0;
  for (let block = 0; block < blocks; block++) {
    const bytes = region.bytes.subarray(block * ROM_BLOCK_BYTES, (block + 1) * ROM_BLOCK_BYTES);
    const payload = padded(bytes, ROM_BLOCK_BYTES);
    const base = block + again;
    again += await sendBlock(
      session,
      (send) => flashData(payload, base + send),
      deadline,
      session.limits.replyMs,
    );
    onDone(bytes.length);
  }
  await checkPlaceByRom(session, region, deadline);
  return { sentBytes: blocks * ROM_BLOCK_BYTES };
}

const PROBE_WORDS = 4;

/**
 * Looks at both ends of what was written. The checksum of a block does not cover the place it goes to, so a bit lost in
 * FLASH_BEGIN would write everything somewhere else without any complaint.
 */
async function checkPlaceByRom(
  session: LoaderSession,
  region: FlashRegion,
  deadline: Deadline,
): Promise<void> {
  const whole = padded(region.bytes, PROBE_WORDS * 4);
  for (const at of new Set([0, whole.length - PROBE_WORDS * 4])) {
    const seen = await readWordsByRegisters(session, region.offset + at, PROBE_WORDS, deadline);
    if (!equalBytes(seen, whole.subarray(at, at + PROBE_WORDS * 4))) {
      throw new ProtocolError(
        'ESPRIG_FLASH_VERIFY',
        `the flash at ${flashOffsetText(region.offset + at)} holds ${toHex(seen)} and not what was written there`,
        { hint: 'The line damages bytes, or the flash chip does not keep them: check supply and cable.' },
      );
    }
  }
}
