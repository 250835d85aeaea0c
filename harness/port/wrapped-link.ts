import { LinkListeners } from './link-listeners';
import type { LineStates, LinkClosed, ModemStates, ReceivedChunk, SerialLink, Unsubscribe } from './port';

/** A link around another one: shows what the inner one shows, and has listeners of its own. */
export abstract class WrappedLink implements SerialLink {
  protected readonly listeners = new LinkListeners();

  /** The link of now. */
  protected abstract get inner(): SerialLink;

  get path(): string {
    return this.inner.path;
  }

  get isOpen(): boolean {
    return this.listeners.closed === undefined && this.inner.isOpen;
  }

  get baud(): number {
    return this.inner.baud;
  }

  get lines(): LineStates {
    return this.inner.lines;
  }

  get hasLines(): boolean {
    return this.inner.hasLines;
  }

  get setsLinesAtOnce(): boolean {
    return this.inner.setsLinesAtOnce;
  }

  abstract open(): Promise<void>;
  abstract close(): Promise<void>;

  async write(bytes: Uint8Array): Promise<void> {
    await this.usable('write').write(bytes);
  }

  async drain(): Promise<void> {
    await this.usable('drain').drain();
  }

  async purge(): Promise<void> {
    await this.usable('purge').purge();
  }

  async setBaud(baud: number): Promise<void> {
    await this.usable(`set ${baud} baud`).setBaud(baud);
  }

  async setLines(lines: LineStates): Promise<void> {
    await this.usable('set DTR and RTS').setLines(lines);
  }

  async readModemState(): Promise<ModemStates> {
    return await this.usable('read modem state').readModemState();
  }

  onData(listener: (chunk: ReceivedChunk) => void): Unsubscribe {
    return this.listeners.onData(listener);
  }

  onClose(listener: (closed: LinkClosed) => void): Unsubscribe {
    return this.listeners.onClose(listener);
  }

  /** The link that carries out `what`. @throws LinkError when there is none to ask now */
  protected abstract usable(what: string): SerialLink;
}
