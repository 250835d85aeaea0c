import type { Console } from '../device/console';

/**
 * Restarts that are the device's answer to an upload, and no fault. One may begin before its answer has been read, so it
 * is allowed first and withdrawn after a refusal, unless it is another upload's that is still due.
 */
export class RestartAllowance {
  readonly #console: Pick<Console, 'allowResets' | 'allowedResets'>;
  #underWay = 0;
  /** What was allowed before the first of those under way. */
  #before = 0;
  /** One of those under way, or that ended meanwhile, will be followed by a restart. */
  #isDue = false;

  constructor(console: Pick<Console, 'allowResets' | 'allowedResets'>) {
    this.#console = console;
  }

  /** `restarts`: whether what came of the upload is followed by a restart; one that throws is not. */
  async during<T>(upload: () => Promise<T>, restarts: (result: T) => boolean): Promise<T> {
    if (this.#underWay === 0) {
      this.#before = this.#console.allowedResets;
      this.#isDue = false;
    }
    this.#underWay += 1;
    this.#console.allowResets(1);
    try {
      const result = await upload();
      this.#isDue ||= restarts(result);
      return result;
    } finally {
      this.#underWay -= 1;
      // What was used up meanwhile is not given back.
      if (this.#underWay === 0 && !this.#isDue) {
        this.#console.allowResets(Math.min(this.#before, this.#console.allowedResets));
      }
    }
  }
}
