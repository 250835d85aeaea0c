import type { Deadline, WaitReport } from '../core/deadline';

/** Something that changes, and those who wait for it to be as they want. */
export class Changes {
  readonly #onlookers = new Set<() => void>();

  /** Something changed: everybody who waits looks. */
  tell(): void {
    for (const look of [...this.#onlookers]) look();
  }

  /**
   * Waits until `look` gives a value. It is called at once and at every change; what it throws ends the wait.
   * @throws DeadlineError
   */
  async until<T>(
    look: () => T | undefined,
    awaited: string,
    deadline: Deadline,
    report?: () => WaitReport,
  ): Promise<T> {
    let leave = (): void => undefined;
    const found = new Promise<T>((resolve, reject) => {
      const onlooker = (): void => {
        try {
          const value = look();
          if (value === undefined) return;
          resolve(value);
        } catch (error) {
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- passed on as it is
          reject(error);
        }
        leave();
      };
      leave = () => void this.#onlookers.delete(onlooker);
      this.#onlookers.add(onlooker);
      onlooker();
    });
    found.catch(() => undefined);
    try {
      return await deadline.wait(found, awaited, report);
    } finally {
      leave();
    }
  }
}
