import type { LinkClosed, ReceivedChunk, Unsubscribe } from './port';

/** Who listens to a link, and how the link ended: told once, and at once to whoever asks later. */
export class LinkListeners {
  #closed: LinkClosed | undefined;
  readonly #dataListeners = new Set<(chunk: ReceivedChunk) => void>();
  readonly #closeListeners = new Set<(closed: LinkClosed) => void>();

  /** Why it is not open any more; undefined until then. */
  get closed(): LinkClosed | undefined {
    return this.#closed;
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

  deliver(chunk: ReceivedChunk): void {
    for (const listener of this.#dataListeners) listener(chunk);
  }

  /** The link is over; only the first end counts. */
  end(closed: LinkClosed): void {
    if (this.#closed !== undefined) return;
    this.#closed = closed;
    for (const listener of this.#closeListeners) listener(closed);
    this.#closeListeners.clear();
    this.#dataListeners.clear();
  }
}
