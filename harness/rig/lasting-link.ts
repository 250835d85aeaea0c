import type { Deadline } from '../core/deadline';
import { LinkError } from '../core/errors';
import type {
  LineStates,
  LinkClosed,
  ModemStates,
  ReceivedChunk,
  SerialLink,
  Unsubscribe,
} from '../port/port';

const RETRY_MS = 100;

/**
 * One serial link to its owner although the adapter vanishes while the board has no power, as with boards that hang on a
 * switched USB port. Only an announced power cut is hidden like that; a cable that is pulled is told as ever.
 */
export class LastingLink implements SerialLink {
  readonly #make: () => SerialLink;
  #link: SerialLink;
  #isPowerCut = false;
  #baud: number;
  #closed: LinkClosed | undefined;
  #leave: readonly Unsubscribe[] = [];
  readonly #dataListeners = new Set<(chunk: ReceivedChunk) => void>();
  readonly #closeListeners = new Set<(closed: LinkClosed) => void>();

  constructor(make: () => SerialLink) {
    this.#make = make;
    this.#link = make();
    this.#baud = this.#link.baud;
  }

  get path(): string {
    return this.#link.path;
  }

  get isOpen(): boolean {
    return this.#closed === undefined && (this.#isPowerCut || this.#link.isOpen);
  }

  get baud(): number {
    return this.#baud;
  }

  get lines(): LineStates {
    return this.#link.lines;
  }

  get hasLines(): boolean {
    return this.#link.hasLines;
  }

  get setsLinesAtOnce(): boolean {
    return this.#link.setsLinesAtOnce;
  }

  async open(): Promise<void> {
    await this.#link.open();
    this.#listen();
  }

  async close(): Promise<void> {
    await this.#link.close();
    if (this.#isPowerCut) this.#tellClosed({ reason: 'closed', detail: 'closed', atMs: 0 });
  }

  /** From now on the adapter may vanish. */
  expectPowerCut(): void {
    this.#isPowerCut = true;
  }

  /**
   * Power is back: goes on where it was, with a new link if the adapter had vanished.
   * @throws DeadlineError; LinkError when the port can never be opened
   */
  async resume(deadline: Deadline): Promise<void> {
    while (!this.#link.isOpen) {
      this.#link = this.#make();
      try {
        await this.#link.open();
        this.#listen();
        if (this.#link.baud !== this.#baud) await this.#link.setBaud(this.#baud);
      } catch (error) {
        if (
          !['ESPRIG_PORT_MISSING', 'ESPRIG_PORT_DENIED', 'ESPRIG_PORT_FAILED'].includes(
            (error as LinkError).code,
          )
        )
          throw error;
        // Permissions, too, come only when udev has done its work.
        deadline.check(`${this.path} after power on`, () => ({ lastSeen: (error as Error).message }));
        await deadline.sleep(Math.min(RETRY_MS, deadline.remainingMs()), 'the serial adapter');
      }
    }
    this.#isPowerCut = false;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#live('write').write(bytes);
  }

  drain(): Promise<void> {
    return this.#live('drain').drain();
  }

  purge(): Promise<void> {
    return this.#live('purge').purge();
  }

  async setBaud(baud: number): Promise<void> {
    // Without an adapter the rate is remembered for the next one.
    if (this.#link.isOpen || !this.#isPowerCut) await this.#link.setBaud(baud);
    this.#baud = baud;
  }

  setLines(lines: LineStates): Promise<void> {
    return this.#live('set DTR and RTS').setLines(lines);
  }

  readModemState(): Promise<ModemStates> {
    return this.#live('read modem state').readModemState();
  }

  onData(listener: (chunk: ReceivedChunk) => void): Unsubscribe {
    this.#dataListeners.add(listener);
    return () => void this.#dataListeners.delete(listener);
  }

  onClose(listener: (closed: LinkClosed) => void): Unsubscribe {
    if (this.#closed !== undefined) {
      listener(this.#closed);
      return () => undefined;
    }
    this.#closeListeners.add(listener);
    return () => void this.#closeListeners.delete(listener);
  }

  #listen(): void {
    for (const leave of this.#leave) leave();
    this.#leave = [
      this.#link.onData((chunk) => {
        for (const listener of this.#dataListeners) listener(chunk);
      }),
      this.#link.onClose((closed) => {
        if (!this.#isPowerCut) this.#tellClosed(closed);
      }),
    ];
  }

  #tellClosed(closed: LinkClosed): void {
    if (this.#closed !== undefined) return;
    this.#closed = closed;
    for (const listener of this.#closeListeners) listener(closed);
    this.#closeListeners.clear();
  }

  #live(what: string): SerialLink {
    if (this.#link.isOpen || !this.#isPowerCut) return this.#link;
    throw new LinkError('ESPRIG_PORT_UNPLUGGED', `${what} on ${this.path}: the board has no power`, {
      blame: 'case',
      hint: 'Switch it on first.',
    });
  }
}
