import type { Clock } from '../core/clock';
import type { Deadline } from '../core/deadline';
import { DutError, LinkError, UsageError } from '../core/errors';
import type { EsprigError } from '../core/errors';
import type { EventBus } from '../core/events';
import { LineReader } from '../port/line-reader';
import type { TimedLine } from '../port/line-reader';
import type { LinkClosed, ReceivedChunk, SerialLink, Unsubscribe } from '../port/port';
import { BaudFollower } from './baud-follower';
import { ConsoleText, MAX_MATCH_CHARS } from './console-text';
import type { TextMatch } from './console-text';
import { CrashWatch } from './crash-watch';
import type { Incident } from './crash-watch';
import { notifyOn } from './notify';
import type { Notify } from './notify';
import { ROM_BAUD, runRecipe } from './reset';
import type { ResetRecipe } from './reset-recipes';

export interface ConsoleOptions {
  /** Open, and handed over: from now on the console is its one owner. */
  readonly link: SerialLink;
  readonly clock: Clock;
  readonly bus?: EventBus | undefined;
  /** Rate of the app. The console listens at the ROM's rate after a reset and changes over when text becomes garbage. */
  readonly appBaud?: number;
  /** Keep the rate whatever comes. */
  readonly fixedBaud?: boolean;
}

/** Bytes as they came, with the rate the link was set to. */
export interface CapturedChunk extends ReceivedChunk {
  readonly baud: number;
  /** Who had borrowed the line meanwhile: these bytes are no console text. */
  readonly borrower: string | undefined;
}

export interface ExpectOptions {
  /** A position from `mark()`; default: behind the last thing that was found. */
  readonly since?: number;
  /** Do not fail when the board crashes or resets in the meantime. */
  readonly evenIfItDies?: boolean;
}

interface Wait {
  readonly pattern: RegExp;
  from: number;
  readonly since: number;
  readonly evenIfItDies: boolean;
  readonly resolve: (match: TextMatch) => void;
  readonly reject: (error: EsprigError) => void;
}

const MAX_LINES = 20_000;
const MAX_CAPTURE_BYTES = 16 * 1024 * 1024;
const MAX_INCIDENTS = 100;
const MAX_PATTERN_CHARS = 1000;
const EVIDENCE_LINES = 50;

/**
 * A board's console: the one owner of its serial line from flashing to the last log byte. Keeps raw bytes with their
 * times, makes lines, watches for crashes, and finds what has already come.
 */
export class Console implements Disposable {
  readonly link: SerialLink;
  /** The last lines, oldest first. */
  readonly lines: TimedLine[] = [];
  /** The last bytes as they came, oldest first. */
  readonly capture: CapturedChunk[] = [];
  readonly incidents: (Incident & { readonly position: number })[] = [];
  readonly crashWatch = new CrashWatch();
  #captureBytes = 0;
  #cursor = 0;
  #borrower: string | undefined;
  #closed: LinkClosed | undefined;
  #disposed = false;
  #switching = false;
  readonly #text = new ConsoleText();
  readonly #reader = new LineReader();
  readonly #follower: BaudFollower;
  readonly #waits = new Set<Wait>();
  readonly #lineListeners = new Set<(line: TimedLine) => void>();
  readonly #leave: readonly Unsubscribe[];
  readonly #notify: Notify;

  constructor(options: ConsoleOptions) {
    this.link = options.link;
    this.#notify = notifyOn(options.bus);
    const appBaud = options.appBaud ?? 115200;
    const bauds = options.fixedBaud === true ? [] : [...new Set([ROM_BAUD, appBaud])];
    this.#follower = new BaudFollower(bauds, options.link.baud);
    this.#leave = [
      options.link.onData((chunk) => this.#receive(chunk)),
      options.link.onClose((closed) => this.#lost(closed)),
    ];
  }

  /** Position behind the last character so far, for `since`. */
  mark(): number {
    return this.#text.end;
  }

  /** Text from a mark on, its last `limit` characters. */
  textSince(mark: number, limit = 65_536): string {
    return this.#text.tail(mark, limit);
  }

  /** Told of each line from now on. */
  onLine(listener: (line: TimedLine) => void): Unsubscribe {
    this.#lineListeners.add(listener);
    return () => void this.#lineListeners.delete(listener);
  }

  /**
   * Waits until the pattern is found in what came since the mark; what has come already counts. Ends at once when the
   * board crashes or resets by itself.
   * @throws DutError ESPRIG_DUT_CRASH, ESPRIG_DUT_RESET, ESPRIG_DUT_WATCHDOG, ESPRIG_DUT_BOOT_FAILED; DeadlineError;
   * LinkError; UsageError ESPRIG_USAGE for a pattern without bound, ESPRIG_LINE_BORROWED
   */
  async expect(
    pattern: RegExp | string,
    deadline: Deadline,
    options: ExpectOptions = {},
  ): Promise<TextMatch> {
    this.#mustBeFree('expect');
    const regex = boundedPattern(pattern);
    const since = options.since ?? this.#cursor;
    const evenIfItDies = options.evenIfItDies === true;
    let wait: Wait | undefined;
    const found = new Promise<TextMatch>((resolve, reject) => {
      wait = { pattern: regex, from: since, since, evenIfItDies, resolve, reject };
    });
    this.#waits.add(wait!);
    this.#check(wait!);
    try {
      return await deadline.wait(found, `${String(pattern)} on the console`, () => ({
        lastSeen: this.lines.at(-1)?.text ?? '',
        evidence: this.#evidence(),
      }));
    } finally {
      this.#waits.delete(wait!);
      found.catch(() => undefined);
    }
  }

  /** Sends bytes or text to the board. */
  async send(data: string | Uint8Array): Promise<void> {
    this.#mustBeFree('send');
    await this.link.write(typeof data === 'string' ? Buffer.from(data) : data);
  }

  /** Changes the rate because somebody knows that the board has. */
  async setBaud(baud: number): Promise<void> {
    this.#mustBeFree('setBaud');
    await this.#changeBaud(baud, 'told');
  }

  /**
   * Resets the board, listening at the boot ROM's rate before its reset is released, so that the first byte is not
   * missed. What is expected next is looked for behind this point.
   */
  async reset(recipe: ResetRecipe, deadline: Deadline): Promise<void> {
    this.#mustBeFree('reset');
    await this.#changeBaud(ROM_BAUD, 'reset');
    this.#cursor = this.#text.end;
    this.crashWatch.allowResets(1);
    await runRecipe(this.link, recipe, deadline, this.#notify);
  }

  /** The next resets are wanted, as after an update. */
  allowResets(count: number): void {
    this.crashWatch.allowResets(count);
  }

  /** How many are still to come. */
  get allowedResets(): number {
    return this.crashWatch.allowedResets;
  }

  /**
   * Lends the line, as to the flasher. Until `work` has ended the console refuses everything; the bytes are kept, but are
   * no text. Rate and listening come back however it ends.
   * @throws UsageError ESPRIG_LINE_BORROWED when it is lent already
   */
  async borrow<T>(borrower: string, work: (link: SerialLink) => Promise<T>): Promise<T> {
    this.#mustBeFree(`lending the line to ${borrower}`);
    this.#endWaits(
      new UsageError('ESPRIG_LINE_BORROWED', `the wait ended because ${borrower} borrowed the line`),
    );
    this.#cutLine();
    this.#borrower = borrower;
    const { baud } = this.link;
    this.#notify('line-borrowed', { borrower });
    try {
      return await work(this.link);
    } finally {
      this.#borrower = undefined;
      this.#notify('line-returned', { borrower });
      if (this.link.isOpen && this.link.baud !== baud) await this.#changeBaud(baud, 'returned');
    }
  }

  /** Lets go of the link, which stays open. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const leave of this.#leave) leave();
    this.#endWaits(new UsageError('ESPRIG_DISPOSED', 'the console was closed while something was awaited'));
  }

  #receive(chunk: ReceivedChunk): void {
    const { baud } = this.link;
    // A copy: the link may use its buffer again.
    const bytes = chunk.bytes.slice();
    this.capture.push({ bytes, atMs: chunk.atMs, baud, borrower: this.#borrower });
    this.#captureBytes += bytes.length;
    while (this.#captureBytes > MAX_CAPTURE_BYTES) this.#captureBytes -= this.capture.shift()!.bytes.length;
    if (this.#borrower !== undefined) return;
    this.#notify('console-bytes', { bytes, atMs: chunk.atMs, baud });
    this.#text.feed(bytes, chunk.atMs);
    this.#takeLines(this.#reader.feed(bytes, chunk.atMs));
    for (const wait of [...this.#waits]) this.#check(wait);
    const next = this.#follower.feed(bytes);
    if (next !== undefined && !this.#switching) void this.#follow(next);
  }

  async #follow(baud: number): Promise<void> {
    this.#switching = true;
    try {
      await this.#changeBaud(baud, 'garbage');
    } catch (error) {
      this.#notify('baud-failed', { baud, error: (error as Error).message });
    } finally {
      this.#switching = false;
    }
  }

  async #changeBaud(baud: number, why: string): Promise<void> {
    if (this.link.baud !== baud) {
      await this.link.setBaud(baud);
      this.#cutLine();
      this.#notify('console-baud', { baud, why });
    }
    if (why !== 'garbage') this.#follower.at(baud);
    this.crashWatch.missBanner(why === 'garbage' && baud === ROM_BAUD);
  }

  #cutLine(): void {
    this.#text.restartDecoding();
    this.#takeLines(this.#reader.cut());
  }

  #takeLines(lines: readonly TimedLine[]): void {
    for (const line of lines) {
      this.lines.push(line);
      if (this.lines.length > MAX_LINES) this.lines.splice(0, MAX_LINES >> 2);
      const incident = this.crashWatch.feedLine(line.text, line.atMs);
      if (incident !== undefined) {
        this.incidents.push({ ...incident, position: this.#text.end });
        if (this.incidents.length > MAX_INCIDENTS) this.incidents.shift();
        this.#notify('incident', { ...incident });
      }
      for (const listener of this.#lineListeners) listener(line);
    }
  }

  /** Settles a wait if it can be: found first, for what came before a crash has come. */
  #check(wait: Wait): void {
    const found = this.#text.find(wait.pattern, wait.from);
    if (found !== undefined) {
      this.#waits.delete(wait);
      this.#cursor = found.end;
      wait.resolve(found);
      return;
    }
    wait.from = this.#text.searchedTo(wait.from);
    const incident = this.incidents.find((candidate) => candidate.position > wait.since);
    if (incident !== undefined && !wait.evenIfItDies) {
      this.#fail(wait, this.#deathError(wait, incident));
    } else if (this.#closed !== undefined) {
      this.#fail(wait, this.#closedError(this.#closed));
    }
  }

  #deathError(wait: Wait, incident: Incident): DutError {
    return new DutError(
      incident.code,
      `${incident.text}, while waiting for ${String(wait.pattern)} on the console`,
      {
        evidence: this.#evidence(),
      },
    );
  }

  #fail(wait: Wait, error: EsprigError): void {
    this.#waits.delete(wait);
    wait.reject(error);
  }

  #endWaits(error: EsprigError): void {
    for (const wait of [...this.#waits]) this.#fail(wait, error);
  }

  #lost(closed: LinkClosed): void {
    this.#closed = closed;
    this.#cutLine();
    for (const wait of [...this.#waits]) this.#check(wait);
  }

  #closedError(closed: LinkClosed): LinkError {
    return new LinkError(
      closed.reason === 'unplugged' ? 'ESPRIG_PORT_UNPLUGGED' : 'ESPRIG_PORT_CLOSED',
      `${this.link.path} went away while the console was being read: ${closed.detail}`,
      { evidence: this.#evidence() },
    );
  }

  #evidence(): readonly { title: string; lines: readonly string[] }[] {
    return [
      { title: 'last console lines', lines: this.lines.slice(-EVIDENCE_LINES).map((line) => line.text) },
    ];
  }

  #mustBeFree(what: string): void {
    if (this.#disposed) throw new UsageError('ESPRIG_DISPOSED', `${what}: the console is closed`);
    if (this.#borrower !== undefined) {
      throw new UsageError('ESPRIG_LINE_BORROWED', `${what}: the line is lent to ${this.#borrower}`, {
        hint: 'Wait until the borrower has given it back.',
      });
    }
  }
}

/** A pattern to search with: no state of its own, no absurd length. Text is taken literally. */
function boundedPattern(pattern: RegExp | string): RegExp {
  const source =
    typeof pattern === 'string' ? pattern.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&') : pattern.source;
  if (source.length > MAX_PATTERN_CHARS) {
    throw new UsageError(
      'ESPRIG_USAGE',
      `a console pattern of ${source.length} characters; at most ${MAX_PATTERN_CHARS}`,
      {
        hint: `A match spans at most ${MAX_MATCH_CHARS} characters; wait for something shorter.`,
      },
    );
  }
  const flags =
    typeof pattern === 'string' ? 'm' : [...new Set(pattern.flags.replaceAll(/[gy]/g, '') + 'm')].join('');
  return new RegExp(source, flags);
}
