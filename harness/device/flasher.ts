import type { Deadline } from '../core/deadline';
import { ProtocolError, RigError, UsageError } from '../core/errors';
import { concatBytes } from '../core/bytes';
import { FLASH_SECTOR_BYTES } from '../chip/flash-chips';
import {
  changeBaud,
  CHIP_MAGIC_ADDR,
  eraseChip,
  flashEnd,
  readReg,
  runUserCode,
} from '../protocol/rom-loader';
import { encodeSlip } from '../protocol/slip';
import { identify, normalizeMac } from './chip-identity';
import type { ChipIdentity } from './chip-identity';
import { connectLoader } from './connect-loader';
import { checkParts, cutAt, flashOffsetText } from './flash-plan';
import type { FlashPart, FlashRegion } from './flash-plan';
import { eraseSectors } from './flash-eraser';
import { readChunk, readChunks } from './flash-reader';
import { holds, md5OfFlash, missingRegions, writeWithRom, writeWithStub } from './flash-writer';
import { isLineTrouble } from './line-trouble';
import type { LoaderKind, LoaderSession } from './loader-session';
import { notifyOn } from './notify';
import type { Notify } from './notify';
import { runRecipe } from './reset';
import { recipesFor } from './reset-recipes';
import type { FlasherOptions, FlashProgress, FlashResult, WriteOptions, WrittenPart } from './flash-types';
import { startStub } from './stub';

const DEFAULT_FLASH_BAUD = 460800;
const BAUD_STEPS = [921600, 460800, 230400, 115200] as const;
const DEFAULT_RECOVERIES = 5;
const ROM_JOB_BYTES = 16 * 1024;
/** The stub answers CHANGE_BAUD, waits 10 ms, then switches and drops what is in its FIFO. */
const BAUD_SETTLE_MS = 30;

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
  #session: LoaderSession | undefined;
  #identity: ChipIdentity | undefined;
  #useStub: boolean;
  #flashBaud: number;
  #recoveries = 0;
  #recoveriesInARow = 0;
  #stubFailures = 0;
  readonly #options: FlasherOptions;
  readonly #notify: Notify;

  constructor(options: FlasherOptions) {
    this.#options = options;
    this.#notify = notifyOn(options.bus);
    this.#useStub = options.stub !== 'never';
    this.#flashBaud = options.flashBaud ?? DEFAULT_FLASH_BAUD;
    if (options.expectMac !== undefined) normalizeMac(options.expectMac);
  }

  /** Who the board is. */
  get identity(): ChipIdentity {
    if (this.#identity === undefined) throw new UsageError('ESPRIG_USAGE', 'the flasher is not connected');
    return this.#identity;
  }

  /** What does the work: the stub, or the ROM alone. */
  get loader(): LoaderKind {
    return this.#live.kind;
  }

  get baud(): number {
    return this.#options.link.baud;
  }

  get #live(): LoaderSession {
    if (this.#session === undefined) throw new UsageError('ESPRIG_USAGE', 'the flasher is not connected');
    return this.#session;
  }

  /** First contact; repeated after errors on the line. @throws RigError ESPRIG_ROM_NO_SYNC, ESPRIG_RIG_WRONG_BOARD */
  async connect(deadline: Deadline): Promise<void> {
    await this.#mending(() => this.#connectOnce(deadline), deadline, 'connect', false);
  }

  async #connectOnce(deadline: Deadline): Promise<void> {
    this.#session?.[Symbol.dispose]();
    this.#session = undefined;
    const { link, board = 'nodemcu', baud = 115200, expectMac } = this.#options;
    const session = await connectLoader(
      {
        link,
        board,
        baud,
        notify: this.#notify,
        attempts: this.#options.connectAttempts,
        limits: this.#options.limits,
      },
      deadline,
    );
    this.#session = session;
    const identity = await identify(session, deadline);
    const before = this.#identity;
    if (before !== undefined && before.mac !== identity.mac) {
      throw wrongBoard(identity.mac, before.mac, 'the board was changed in the middle of the work');
    }
    if (expectMac !== undefined && identity.mac !== normalizeMac(expectMac)) {
      throw wrongBoard(identity.mac, normalizeMac(expectMac), 'nothing was written');
    }
    this.#identity = identity;
    if (this.#useStub && session.kind === 'rom') await this.#bringUpStub(session, deadline);
  }

  async #bringUpStub(session: LoaderSession, deadline: Deadline): Promise<void> {
    try {
      await startStub(session, deadline);
    } catch (error) {
      if (!isLineTrouble(error, deadline) || this.#options.stub === 'always') throw error;
      // Twice in a row without a stub, and the ROM has to do; a single failure may be a damaged byte.
      if (++this.#stubFailures < 2) throw error;
      this.#notify('stub-failed', { error: (error as Error).message });
      this.#useStub = false;
      await this.#connectOnce(deadline);
      return;
    }
    this.#stubFailures = 0;
    await this.#raiseBaud(session, deadline);
  }

  /** Goes to the working rate; a rate that does not work is not tried again. */
  async #raiseBaud(session: LoaderSession, deadline: Deadline): Promise<void> {
    const from = session.link.baud;
    if (this.#flashBaud === from) return;
    try {
      await session.command(changeBaud(this.#flashBaud, from), deadline);
      await session.link.setBaud(this.#flashBaud);
      await deadline.sleep(BAUD_SETTLE_MS, 'the stub to change its rate');
      session.forget();
      await session.command(readReg(CHIP_MAGIC_ADDR), deadline, session.limits.syncMs * 5);
    } catch (error) {
      if (!isLineTrouble(error, deadline) && (error as { code?: string }).code !== 'ESPRIG_PORT_BAUD')
        throw error;
      throw new ProtocolError('ESPRIG_ROM_BAD_REPLY', `the line does not work at ${this.#flashBaud} baud`, {
        cause: error,
      });
    }
    this.#notify('baud', { baud: this.#flashBaud });
  }

  #stepDown(): void {
    const floor = this.#options.baud ?? 115200;
    this.#flashBaud = BAUD_STEPS.find((step) => step < this.#flashBaud && step > floor) ?? floor;
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
      recoveries: this.#recoveries,
    };
  }

  async #writePart(part: FlashPart, options: WriteOptions, deadline: Deadline): Promise<WrittenPart> {
    const total = part.bytes.length;
    let regions: readonly FlashRegion[] = [part];
    if (options.rewrite !== true && options.eraseAll !== true) {
      this.#progress('compare', part.name, 0, total);
      regions = await this.#mending(
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
            this.#recoveriesInARow = 0;
          },
        });
      };
      await this.#mending(write, deadline, `write ${part.name} at ${flashOffsetText(region.offset)}`);
      before += region.bytes.length;
    }
    return sentBytes;
  }

  async #verify(part: FlashPart, deadline: Deadline): Promise<boolean> {
    this.#progress('verify', part.name, 0, part.bytes.length);
    const same = await this.#mending(
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
      sentBytes += await this.#mending(
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
      parts.push(await this.#mending(read, deadline, `read flash at ${flashOffsetText(chunk.offset)}`));
      before += chunk.sizeBytes;
    }
    return concatBytes(parts).slice(lead, lead + sizeBytes);
  }

  /** MD5 of a stretch of flash, in hex. Needs the stub. */
  async md5(offset: number, sizeBytes: number, deadline: Deadline): Promise<string> {
    this.#mustLieInFlash(offset, sizeBytes);
    this.#needStub('a digest of the flash');
    return this.#mending(
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
    await this.#mending(() => eraseSectors(this.#live, offset, sizeBytes, deadline), deadline, 'erase');
    this.#progress('erase', flashOffsetText(offset), sizeBytes, sizeBytes);
  }

  /** Erases the whole chip. */
  async eraseAll(deadline: Deadline): Promise<void> {
    const { flashSizeBytes } = this.identity;
    if (this.loader === 'rom') return this.erase(0, flashSizeBytes, deadline);
    this.#progress('erase', 'chip', 0, flashSizeBytes);
    await this.#mending(
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
    if (recipe !== undefined) await runRecipe(link, recipe, deadline, this.#notify);
    else if (session.kind === 'stub') await link.write(encodeSlip(runUserCode().packet));
    else await session.command(flashEnd({ reboot: true }), deadline);
    this[Symbol.dispose]();
  }

  /** Lets go of the link; the chip stays where it is. */
  [Symbol.dispose](): void {
    this.#session?.[Symbol.dispose]();
    this.#session = undefined;
  }

  /**
   * Does a step that may be done again from its start. After trouble on the line the connection is made anew at a lower
   * rate and the step repeated; each time is told, and after a number of times without getting on it ends.
   */
  async #mending<T>(step: () => Promise<T>, deadline: Deadline, what: string, reconnect = true): Promise<T> {
    const limit = this.#options.recoveries ?? DEFAULT_RECOVERIES;
    let broken = false;
    for (;;) {
      try {
        if (broken && reconnect) await this.#connectOnce(deadline);
        const result = await step();
        this.#recoveriesInARow = 0;
        return result;
      } catch (error) {
        if (!isLineTrouble(error, deadline) || this.#recoveriesInARow >= limit) throw error;
        this.#recoveriesInARow++;
        this.#recoveries++;
        broken = true;
        if (this.#session?.kind === 'stub') this.#stepDown();
        const data = { what, error: (error as Error).message, attempt: this.#recoveriesInARow };
        this.#notify('flash-retry', { ...data, nextBaud: this.#flashBaud });
      }
    }
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

function wrongBoard(seen: string, expected: string, outcome: string): RigError {
  return new RigError('ESPRIG_RIG_WRONG_BOARD', `the board is ${seen}, expected ${expected}; ${outcome}`, {
    hint: 'Check which board hangs on this port, or correct the MAC in the rig file.',
  });
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
