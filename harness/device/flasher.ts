import type { Deadline } from '../core/deadline';
import { ProtocolError, RigError, UsageError } from '../core/errors';
import { concatBytes } from '../core/bytes';
import { FLASH_SECTOR_BYTES } from '../chip/flash-chips';
import { eraseChip, flashEnd, runUserCode } from '../protocol/rom-loader';
import { encodeSlip } from '../protocol/slip';
import type { ChipIdentity } from './chip-identity';
import { checkParts, cutAt, flashOffsetText } from './flash-plan';
import type { FlashPart, FlashRegion } from './flash-plan';
import { eraseSectors } from './flash-eraser';
import { readChunk, readChunks } from './flash-reader';
import { holds, md5OfFlash, missingRegions, writeWithRom, writeWithStub } from './flash-writer';
import { rigsTrouble } from './line-trouble';
import { LoaderConnection } from './loader-connection';
import type { LoaderKind, LoaderSession } from './loader-session';
import { notifyOn } from './notify';
import type { Notify } from './notify';
import { runRecipe } from './reset';
import { recipesFor } from './reset-recipes';
import type { FlasherOptions, FlashProgress, FlashResult, WriteOptions, WrittenPart } from './flash-types';

const ROM_JOB_BYTES = 16 * 1024;

/** Connects to the chip behind a link, and is ready to read and write its flash. The link must be open and stays so. */
export async function connectFlasher(options: FlasherOptions, deadline: Deadline): Promise<Flasher> {
  const flasher = new Flasher(options);
  try {
    await flasher.connect(deadline);
  } catch (error) {
    flasher[Symbol.dispose]();
    throw error;
  }
  return flasher;
}

/** Reads and writes the flash of one ESP8266. Made by `connectFlasher`. */
export class Flasher implements Disposable {
  readonly #connection: LoaderConnection;
  readonly #options: FlasherOptions;
  readonly #notify: Notify;

  constructor(options: FlasherOptions) {
    this.#options = options;
    this.#notify = notifyOn(options.bus);
    this.#connection = new LoaderConnection(options, this.#notify);
  }

  /** Who the board is. */
  get identity(): ChipIdentity {
    return this.#connection.identity;
  }

  /** What does the work: the stub, or the ROM alone. */
  get loader(): LoaderKind {
    return this.#live.kind;
  }

  get baud(): number {
    return this.#options.link.baud;
  }

  get #live(): LoaderSession {
    return this.#connection.session;
  }

  /** First contact. @throws RigError ESPRIG_ROM_NO_SYNC, ESPRIG_RIG_WRONG_BOARD */
  async connect(deadline: Deadline): Promise<void> {
    await this.#connection.connect(deadline);
  }

  /**
   * Writes files: checked before anything is touched, only what differs, verified afterwards.
   * @throws UsageError, ProtocolError ESPRIG_IMAGE_BAD from `checkParts`; ProtocolError ESPRIG_FLASH_VERIFY
   */
  async write(parts: readonly FlashPart[], options: WriteOptions, deadline: Deadline): Promise<FlashResult> {
    const startMs = deadline.clock.nowMs();
    checkParts(parts, { flashSizeBytes: this.identity.flashSizeBytes, force: options.force === true });
    if (options.eraseAll === true) await this.eraseAll(deadline);
    const written: WrittenPart[] = [];
    for (const part of parts) {
      const done =
        this.loader === 'stub'
          ? await this.#writePart(part, options, deadline)
          : await this.#writePartByRom(part, deadline);
      this.#notify('flash-part', { ...done });
      written.push(done);
    }
    return {
      parts: written,
      loader: this.loader,
      baud: this.baud,
      elapsedMs: deadline.clock.nowMs() - startMs,
      recoveries: this.#connection.recoveries,
    };
  }

  async #writePart(part: FlashPart, options: WriteOptions, deadline: Deadline): Promise<WrittenPart> {
    const total = part.bytes.length;
    let regions: readonly FlashRegion[] = [part];
    if (options.rewrite !== true && options.eraseAll !== true) {
      this.#progress('compare', part.name, 0, total);
      regions = await this.#connection.mending(
        () => missingRegions(this.#live, part, deadline),
        deadline,
        `compare ${part.name}`,
      );
    }
    const partial = sizeOf(regions) < total;
    let sentBytes = await this.#writeRegions(part, regions, deadline);
    let rewritten = false;
    // Nothing to write means that the digest has just been compared.
    if (regions.length > 0 && !(await this.#verify(part, deadline))) {
      this.#notify('verify-failed', { name: part.name, partial });
      rewritten = true;
      sentBytes += await this.#writeRegions(part, [part], deadline);
      if (!(await this.#verify(part, deadline))) throw verifyError(part);
    }
    const all = rewritten || !partial;
    return {
      name: part.name,
      offset: part.offset,
      sizeBytes: total,
      action: regions.length === 0 ? 'skipped' : all ? 'written' : 'sectors',
      writtenBytes: rewritten ? total : sizeOf(regions),
      sectorsWritten: (rewritten ? [part] : regions).reduce((sum, region) => sum + sectorCount(region), 0),
      sentBytes,
      verifiedBy: 'md5',
      rewritten,
    };
  }

  async #writeRegions(part: FlashPart, regions: readonly FlashRegion[], deadline: Deadline): Promise<number> {
    const total = sizeOf(regions);
    let sentBytes = 0;
    let before = 0;
    for (const region of regions) {
      // What is finished stays finished when the line breaks in the middle; the digest at the end covers all of it.
      let finished = 0;
      const write = async (): Promise<void> => {
        const rest = { offset: region.offset + finished, bytes: region.bytes.subarray(finished) };
        await writeWithStub(this.#live, rest, deadline, {
          onDone: (bytes) =>
            this.#progress('write', part.name, Math.min(before + finished + bytes, total), total),
          onJob: (job) => {
            finished += job.sizeBytes;
            sentBytes += job.sentBytes;
            this.#connection.progressed();
          },
        });
      };
      await this.#connection.mending(
        write,
        deadline,
        `write ${part.name} at ${flashOffsetText(region.offset)}`,
      );
      before += region.bytes.length;
    }
    return sentBytes;
  }

  async #verify(part: FlashPart, deadline: Deadline): Promise<boolean> {
    this.#progress('verify', part.name, 0, part.bytes.length);
    const same = await this.#connection.mending(
      () => holds(this.#live, part, deadline),
      deadline,
      `verify ${part.name}`,
    );
    this.#progress('verify', part.name, part.bytes.length, part.bytes.length);
    return same;
  }

  async #writePartByRom(part: FlashPart, deadline: Deadline): Promise<WrittenPart> {
    const total = part.bytes.length;
    let sentBytes = 0;
    let finished = 0;
    // In small jobs, because each is begun again from its start when the line breaks.
    for (const job of cutAt(part, ROM_JOB_BYTES)) {
      const write = async (): Promise<number> => {
        let done = finished;
        const result = await writeWithRom(this.#live, job, deadline, (bytes) => {
          done += bytes;
          this.#progress('write', part.name, done, total);
        });
        return result.sentBytes;
      };
      sentBytes += await this.#connection.mending(
        write,
        deadline,
        `write ${part.name} at ${flashOffsetText(job.offset)}`,
      );
      finished += job.bytes.length;
    }
    return {
      name: part.name,
      offset: part.offset,
      sizeBytes: total,
      action: 'written',
      writtenBytes: total,
      sectorsWritten: sectorCount(part),
      sentBytes,
      verifiedBy: 'rom-readback',
      rewritten: false,
    };
  }

  /**
   * Reads flash, each piece compared with the stub's digest.
   * @throws UsageError ESPRIG_USAGE_TOO_LARGE outside the flash, RigError ESPRIG_RIG_CANNOT without the stub
   */
  async read(offset: number, sizeBytes: number, deadline: Deadline): Promise<Uint8Array> {
    this.#mustLieInFlash(offset, sizeBytes);
    this.#needStub('reading flash');
    // The flash controller reads whole words.
    const lead = offset % 4;
    const wholeBytes = Math.ceil((lead + sizeBytes) / 4) * 4;
    const parts: Uint8Array[] = [];
    let before = 0;
    for (const chunk of readChunks(offset - lead, wholeBytes)) {
      const read = (): Promise<Uint8Array> => {
        let done = before;
        return readChunk(this.#live, chunk.offset, chunk.sizeBytes, deadline, (bytes) => {
          done += bytes;
          this.#progress('read', 'flash', Math.min(done, sizeBytes), sizeBytes);
        });
      };
      parts.push(
        await this.#connection.mending(read, deadline, `read flash at ${flashOffsetText(chunk.offset)}`),
      );
      before += chunk.sizeBytes;
    }
    return concatBytes(parts).slice(lead, lead + sizeBytes);
  }

  /** MD5 of a stretch of flash, in hex. Needs the stub. */
  async md5(offset: number, sizeBytes: number, deadline: Deadline): Promise<string> {
    this.#mustLieInFlash(offset, sizeBytes);
    this.#needStub('a digest of the flash');
    return this.#connection.mending(
      () => md5OfFlash(this.#live, offset, sizeBytes, deadline),
      deadline,
      'digest of the flash',
    );
  }

  /** Erases whole sectors. @throws UsageError ESPRIG_USAGE_OFFSET when the region is not made of whole sectors */
  async erase(offset: number, sizeBytes: number, deadline: Deadline): Promise<void> {
    this.#mustLieInFlash(offset, sizeBytes);
    if (offset % FLASH_SECTOR_BYTES !== 0 || sizeBytes % FLASH_SECTOR_BYTES !== 0 || sizeBytes === 0) {
      throw new UsageError(
        'ESPRIG_USAGE_OFFSET',
        `erase ${flashOffsetText(offset)} ${flashOffsetText(sizeBytes)}: flash is erased in sectors of 0x1000 bytes`,
        {
          hint: 'Give multiples of 0x1000.',
        },
      );
    }
    this.#progress('erase', flashOffsetText(offset), 0, sizeBytes);
    await this.#connection.mending(
      () => eraseSectors(this.#live, offset, sizeBytes, deadline),
      deadline,
      'erase',
    );
    this.#progress('erase', flashOffsetText(offset), sizeBytes, sizeBytes);
  }

  /** Erases the whole chip. */
  async eraseAll(deadline: Deadline): Promise<void> {
    const { flashSizeBytes } = this.identity;
    if (this.loader === 'rom') return this.erase(0, flashSizeBytes, deadline);
    this.#progress('erase', 'chip', 0, flashSizeBytes);
    await this.#connection.mending(
      () => this.#live.command(eraseChip(), deadline, this.#live.limits.chipEraseMs),
      deadline,
      'erase the chip',
    );
    this.#progress('erase', 'chip', flashSizeBytes, flashSizeBytes);
  }

  /**
   * Leaves the loader for the app: by the reset line where there is one, else by the loader's own command. Whether the
   * app came up is for the console to tell.
   */
  async leave(deadline: Deadline): Promise<void> {
    const session = this.#live;
    const { link, board = 'nodemcu' } = this.#options;
    const [recipe] = recipesFor(board, 'app', link);
    try {
      if (recipe !== undefined) await runRecipe(link, recipe, deadline, this.#notify);
      else if (session.kind === 'stub') await link.write(encodeSlip(runUserCode().packet));
      else await session.command(flashEnd({ reboot: true }), deadline);
    } catch (error) {
      throw rigsTrouble(error);
    }
    this[Symbol.dispose]();
  }

  /** Lets go of the link; the chip stays where it is. */
  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }

  #needStub(what: string): void {
    if (this.loader === 'stub') return;
    throw new RigError('ESPRIG_RIG_CANNOT', `${what} needs the stub; the boot ROM alone cannot`, {
      hint: 'Leave --no-stub away.',
    });
  }

  #mustLieInFlash(offset: number, sizeBytes: number): void {
    const { flashSizeBytes } = this.identity;
    if (!Number.isInteger(offset) || !Number.isInteger(sizeBytes) || offset < 0 || sizeBytes < 0) {
      throw new UsageError('ESPRIG_USAGE_OFFSET', `no place in a flash: offset ${offset}, size ${sizeBytes}`);
    }
    if (offset + sizeBytes > flashSizeBytes) {
      throw new UsageError(
        'ESPRIG_USAGE_TOO_LARGE',
        `${flashOffsetText(offset)} and ${flashOffsetText(sizeBytes)} bytes on: behind the end of the flash at ${flashOffsetText(flashSizeBytes)}`,
      );
    }
  }

  #progress(phase: FlashProgress['phase'], name: string, doneBytes: number, totalBytes: number): void {
    this.#options.onProgress?.({ phase, name, doneBytes, totalBytes });
  }
}

function sizeOf(regions: readonly FlashRegion[]): number {
  return regions.reduce((sum, region) => sum + region.bytes.length, 0);
}

function sectorCount(region: FlashRegion): number {
  return Math.ceil(region.bytes.length / FLASH_SECTOR_BYTES);
}

function verifyError(part: FlashPart): ProtocolError {
  return new ProtocolError(
    'ESPRIG_FLASH_VERIFY',
    `${part.name} at ${flashOffsetText(part.offset)}: the flash does not hold what was written, twice`,
    {
      blame: 'rig',
      hint: 'Check the 3.3 V supply first, then the flash mode; a worn-out flash chip shows like this too.',
    },
  );
}
