import type { Deadline } from '../core/deadline';
import { LinkError } from '../core/errors';
import type { SerialLink, Unsubscribe } from '../port/port';
import { WrappedLink } from '../port/wrapped-link';

const RETRY_MS = 100;

/**
 * One serial link to its owner although the adapter vanishes while the board has no power, as with boards that hang on a
 * switched USB port. Only an announced power cut is hidden like that; a cable that is pulled is told as ever.
 */
export class LastingLink extends WrappedLink {
  readonly #make: () => SerialLink;
  #link: SerialLink;
  #isPowerCut = false;
  #baud: number;
  #leave: readonly Unsubscribe[] = [];

  constructor(make: () => SerialLink) {
    super();
    this.#make = make;
    this.#link = make();
    this.#baud = this.#link.baud;
  }

  override get isOpen(): boolean {
    return this.listeners.closed === undefined && (this.#isPowerCut || this.#link.isOpen);
  }

  override get baud(): number {
    return this.#baud;
  }

  protected override get inner(): SerialLink {
    return this.#link;
  }

  async open(): Promise<void> {
    await this.#link.open();
    this.#listen();
  }

  async close(): Promise<void> {
    await this.#link.close();
    if (this.#isPowerCut) this.listeners.end({ reason: 'closed', detail: 'closed', atMs: 0 });
  }

  /** From now on the adapter may vanish. */
  expectPowerCut(): void {
    this.#isPowerCut = true;
  }

  /**
   * Power is back: goes on where it was, with a new link if the adapter had vanished.
   * @returns true when it had: what the board said until now nobody has heard
   * @throws DeadlineError; LinkError when the port can never be opened
   */
  async resume(deadline: Deadline): Promise<boolean> {
    const hadVanished = !this.#link.isOpen;
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
    return hadVanished;
  }

  override async setBaud(baud: number): Promise<void> {
    // Without an adapter the rate is remembered for the next one.
    if (this.#link.isOpen || !this.#isPowerCut) await this.#link.setBaud(baud);
    this.#baud = baud;
  }

  #listen(): void {
    for (const leave of this.#leave) leave();
    this.#leave = [
      this.#link.onData((chunk) => this.listeners.deliver(chunk)),
      this.#link.onClose((closed) => {
        if (!this.#isPowerCut) this.listeners.end(closed);
      }),
    ];
  }

  protected override usable(what: string): SerialLink {
    if (this.#link.isOpen || !this.#isPowerCut) return this.#link;
    throw new LinkError('ESPRIG_PORT_UNPLUGGED', `${what} on ${this.path}: the board has no power`, {
      blame: 'case',
      hint: 'Switch it on first.',
    });
  }
}
