import { toHex } from '../core/bytes';
import type { Deadline } from '../core/deadline';
import { LinkError, ProtocolError } from '../core/errors';
import type { EsprigError } from '../core/errors';
import { SlipDecoder, encodeSlip } from '../protocol/slip';
import {
  decodeResponse,
  expectOk,
  isUnsupported,
  LOADER_OP,
  sync,
  SYNC_VALUE_ROM,
} from '../protocol/rom-loader';
import type { LoaderRequest, LoaderResponse } from '../protocol/rom-loader';
import type { LinkClosed, SerialLink, Unsubscribe } from '../port/port';

/** What answers at the other end. */
export type LoaderKind = 'rom' | 'stub';

/** Time limits of the protocol. Sources: espressif/esptool `esptool/loader.py`; chip.md 6.3. */
export interface LoaderLimits {
  readonly syncMs: number;
  readonly syncTries: number;
  /** A command that touches no flash. */
  readonly replyMs: number;
  /** From the start of the stub to its greeting; it waits 10 ms, a slow serial server adds its own delay. */
  readonly greetingMs: number;
  /** Erasing: a worn chip takes 400 ms for a sector of 4 KiB. */
  readonly eraseMsPerMiB: number;
  readonly writeMsPerMiB: number;
  readonly md5MsPerMiB: number;
  readonly chipEraseMs: number;
}

export const LOADER_LIMITS: LoaderLimits = {
  syncMs: 100,
  syncTries: 5,
  replyMs: 3000,
  greetingMs: 1000,
  eraseMsPerMiB: 40_000,
  writeMsPerMiB: 40_000,
  md5MsPerMiB: 8000,
  chipEraseMs: 120_000,
};

/** Frames kept that nobody has asked for; a board that talks without end costs no more. */
const MAX_FRAMES = 256;
/** Bytes outside frames that are kept to be shown. */
const MAX_NOISE_BYTES = 4096;
/** Answers to other questions that one command skips: eight to each SYNC, some more after a noisy line. */
const MAX_STRAY_REPLIES = 128;

/**
 * The dialogue with the serial loader or its stub over an open link: one command at a time, each with its own share of
 * the deadline. Answers that belong to other questions, noise and broken frames are skipped and remembered for the error.
 */
export class LoaderSession implements Disposable {
  readonly link: SerialLink;
  readonly limits: LoaderLimits;
  /** Set by whoever has found out; decides how some refusals are read. */
  kind: LoaderKind = 'rom';
  #frames: Uint8Array[] = [];
  #waiting: { resolve(frame: Uint8Array): void; reject(error: EsprigError): void } | undefined;
  #closed: LinkClosed | undefined;
  #noise: number[] = [];
  #broken = 0;
  readonly #slip = new SlipDecoder();
  readonly #leave: readonly Unsubscribe[];

  constructor(link: SerialLink, limits: Partial<LoaderLimits> = {}) {
    this.link = link;
    this.limits = { ...LOADER_LIMITS, ...limits };
    this.#leave = [
      link.onData((chunk) => this.#receive(chunk.bytes)),
      link.onClose((closed) => this.#lost(closed)),
    ];
  }

  /** Bytes that came outside frames since the last `forget`: a boot log, or a running program's. */
  get noise(): Uint8Array {
    return Uint8Array.from(this.#noise);
  }

  /** How long a step whose work grows with its size may take: never less than one ordinary reply. */
  limitFor(msPerMiB: number, sizeBytes: number): number {
    return this.limits.replyMs + (msPerMiB * sizeBytes) / 0x100000;
  }

  /** Throws away what has come so far, as after a reset. */
  forget(): void {
    this.#frames = [];
    this.#noise = [];
    this.#broken = 0;
    this.#slip.reset();
  }

  /**
   * Sends one command and returns the loader's answer, refusals included.
   * @throws DeadlineError ESPRIG_DEADLINE, LinkError ESPRIG_PORT_UNPLUGGED, EsprigError ESPRIG_CANCELLED
   */
  async ask(
    request: LoaderRequest,
    deadline: Deadline,
    limitMs: number = this.limits.replyMs,
  ): Promise<LoaderResponse> {
    using wait = deadline.sub({
      phase: request.name,
      budgetMs: limitMs + this.#wireMs(request.packet.length),
    });
    this.#frames = [];
    await wait.wait(this.link.write(encodeSlip(request.packet)), 'room for the command on the line');
    for (let strays = 0; strays < MAX_STRAY_REPLIES; strays++) {
      const frame = await this.nextFrame(wait, 'reply');
      let response: LoaderResponse;
      try {
        response = decodeResponse(frame);
      } catch {
        this.#broken++;
        continue;
      }
      if (response.op === request.op) return response;
      // The ROM refuses what it does not know in the name of the command before (chip.md 6.2).
      if (this.kind === 'rom' && request.op > LOADER_OP.SPI_SET_PARAMS && isUnsupported(response))
        return response;
    }
    throw new ProtocolError(
      'ESPRIG_ROM_BAD_REPLY',
      `${request.name}: ${MAX_STRAY_REPLIES} frames in a row that answer something else`,
      { details: { command: request.op }, hint: 'Reset the board; another program may be talking to it.' },
    );
  }

  /**
   * As `ask`, and a refusal is an error.
   * @throws ProtocolError ESPRIG_ROM_STATUS, ESPRIG_ROM_BAD_CHECKSUM, ESPRIG_FLASH_VERIFY and what `ask` throws
   */
  async command(request: LoaderRequest, deadline: Deadline, limitMs?: number): Promise<LoaderResponse> {
    return expectOk(await this.ask(request, deadline, limitMs), request);
  }

  /**
   * Sends SYNC until something answers, a bounded number of times.
   * @returns who answers, or undefined when nobody does
   */
  async sync(deadline: Deadline, tries: number = this.limits.syncTries): Promise<LoaderKind | undefined> {
    for (let attempt = 0; attempt < tries; attempt++) {
      try {
        const { value, status } = await this.ask(sync(), deadline, this.limits.syncMs);
        if (!status.ok) continue;
        // The ROM gives back the first word of the payload; the stub 0 (chip.md 6.2).
        this.kind = value === SYNC_VALUE_ROM ? 'rom' : 'stub';
        return this.kind;
      } catch (error) {
        if ((error as { code?: string }).code !== 'ESPRIG_DEADLINE' || deadline.expired) throw error;
      }
    }
    return undefined;
  }

  /** The next frame, whatever it is. */
  async nextFrame(wait: Deadline, awaited: string): Promise<Uint8Array> {
    const queued = this.#frames.shift();
    if (queued !== undefined) return queued;
    if (this.#closed !== undefined) throw this.#lostError(this.#closed);
    const frame = new Promise<Uint8Array>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    try {
      return await wait.wait(frame, awaited, () => ({ lastSeen: this.#lastSeen() }));
    } finally {
      this.#waiting = undefined;
      frame.catch(() => undefined);
    }
  }

  /** Waits until nothing has come for `quietMs`, at most `limitMs`; what came is thrown away. */
  async settle(deadline: Deadline, quietMs: number, limitMs: number): Promise<void> {
    const { clock } = deadline;
    const endMs = clock.nowMs() + limitMs;
    let lastMs = clock.nowMs();
    const leave = this.link.onData(() => {
      lastMs = clock.nowMs();
    });
    try {
      while (clock.nowMs() < endMs && clock.nowMs() - lastMs < quietMs) {
        await deadline.sleep(Math.min(5, quietMs), 'the line to fall quiet');
      }
    } finally {
      leave();
    }
    this.forget();
  }

  /** Lets go of the link; it stays open. */
  [Symbol.dispose](): void {
    for (const leave of this.#leave) leave();
  }

  #receive(bytes: Uint8Array): void {
    for (const event of this.#slip.feed(bytes)) {
      if (event.kind === 'frame') this.#take(event.payload);
      else if (event.kind === 'noise') this.#keepNoise(event.bytes);
      else this.#broken++;
    }
  }

  #take(frame: Uint8Array): void {
    const waiting = this.#waiting;
    if (waiting !== undefined) {
      this.#waiting = undefined;
      waiting.resolve(frame);
      return;
    }
    this.#frames.push(frame);
    if (this.#frames.length > MAX_FRAMES) this.#frames.shift();
  }

  #keepNoise(bytes: Uint8Array): void {
    for (const byte of bytes) this.#noise.push(byte);
    if (this.#noise.length > MAX_NOISE_BYTES) this.#noise = this.#noise.slice(-MAX_NOISE_BYTES);
  }

  #lost(closed: LinkClosed): void {
    this.#closed = closed;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(this.#lostError(closed));
  }

  #lostError(closed: LinkClosed): LinkError {
    const unplugged = closed.reason === 'unplugged';
    return new LinkError(
      unplugged ? 'ESPRIG_PORT_UNPLUGGED' : 'ESPRIG_PORT_CLOSED',
      `${this.link.path} went away while the loader was at work: ${closed.detail}`,
      {
        hint: 'Check the USB cable or the serial server, then flash again: a half-written image does not start.',
      },
    );
  }

  #lastSeen(): string {
    const tail = this.#noise.slice(-24);
    const parts = [];
    if (tail.length > 0) parts.push(`bytes ${toHex(Uint8Array.from(tail))}`);
    if (this.#broken > 0) parts.push(`${this.#broken} broken frames`);
    return parts.join(', ');
  }

  /** Time on the wire at the link's rate, doubled: what a slow rate costs is no sign of a dead board. */
  #wireMs(sizeBytes: number): number {
    return (sizeBytes * 20_000) / this.link.baud;
  }
}
