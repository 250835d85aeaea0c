import type { Clock } from '../core/clock';
import type { Deadline } from '../core/deadline';
import type { EventBus } from '../core/events';
import { RigError } from '../core/errors';
import { Console } from '../device/console';
import type { FlashPart } from '../device/flash-plan';
import type { FlashResult, WriteOptions } from '../device/flash-types';
import { connectFlasher, type Flasher } from '../device/flasher';
import {
  recipesFor,
  type BoardRecipeName,
  type BoardRecipes,
  type ResetRecipe,
} from '../device/reset-recipes';
import type { SerialLink } from '../port/port';

export interface SerialBoardOptions {
  /** Open; the board closes it. */
  readonly link: SerialLink;
  readonly clock: Clock;
  readonly bus: EventBus;
  readonly recipes: BoardRecipeName | BoardRecipes;
  readonly appBaud: number;
  readonly flashBaud: number;
  /** Nothing is written unless the chip has it. */
  readonly expectMac: string | undefined;
  /** The link hears every rate, as the emulated one does: nothing has to be guessed. */
  readonly hearsAllRates?: boolean;
}

type LoaderWork<T> = (flasher: Flasher, limit: Deadline) => Promise<T>;

/**
 * A board behind its serial line: one owner of the line from flashing to the last log byte. The console listens all the
 * time; the flasher borrows the line and gives it back.
 */
export class SerialBoard implements AsyncDisposable {
  readonly console: Console;
  readonly #options: SerialBoardOptions;

  constructor(options: SerialBoardOptions) {
    this.#options = options;
    this.console = new Console({
      link: options.link,
      clock: options.clock,
      bus: options.bus,
      appBaud: options.appBaud,
      fixedBaud: options.hearsAllRates === true,
    });
  }

  /** Leaves the chip in the loader. @throws RigError ESPRIG_RIG_WRONG_BOARD before anything is written */
  flash(parts: readonly FlashPart[], deadline: Deadline, options: WriteOptions = {}): Promise<FlashResult> {
    return this.#withLoader('the flasher', deadline, (flasher, limit) =>
      flasher.write(parts, options, limit),
    );
  }

  /** Leaves the chip in the loader. */
  read(offset: number, lengthBytes: number, deadline: Deadline): Promise<Uint8Array> {
    return this.#withLoader('the flash reader', deadline, (flasher, limit) =>
      flasher.read(offset, lengthBytes, limit),
    );
  }

  /** The loader and its time, for several things to be done with the flash; leaves the chip in it. */
  withFlash<T>(deadline: Deadline, work: LoaderWork<T>): Promise<T> {
    return this.#withLoader('the flasher', deadline, work);
  }

  /** Into the app; capture goes on before reset is released. */
  async resetIntoApp(deadline: Deadline): Promise<void> {
    await this.console.reset(this.#appRecipe(), deadline);
  }

  #appRecipe(): ResetRecipe {
    const { link, recipes } = this.#options;
    const [recipe] = recipesFor(recipes, 'app', link);
    if (recipe !== undefined) return recipe;
    throw new RigError('ESPRIG_PORT_NO_LINES', `${link.path}: no way to reset this board`, {
      hint: 'Give the rig file a `reset:` recipe that its wiring can do, or `power:` that can be switched.',
    });
  }

  /** @throws nothing that blames the firmware: while the loader is at work none runs */
  async #withLoader<T>(borrower: string, deadline: Deadline, work: LoaderWork<T>): Promise<T> {
    // Time that somebody else has used up is not the loader's.
    deadline.check(`time for ${borrower}`);
    using limit = deadline.sub({ phase: 'loader', blame: 'rig' });
    const { bus, recipes, flashBaud, expectMac, appBaud } = this.#options;
    // The loader's greeting is the reset that was asked for.
    this.console.allowResets(1);
    return await this.console.borrow(borrower, async (link) => {
      using flasher = await connectFlasher(
        {
          link,
          bus,
          board: recipes,
          baud: appBaud,
          flashBaud,
          ...(expectMac === undefined ? {} : { expectMac }),
          onProgress: (progress) => bus.emit('device', 'flash-progress', { ...progress }),
        },
        limit,
      );
      return await work(flasher, limit);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.console[Symbol.dispose]();
    if (this.#options.link.isOpen) await this.#options.link.close();
  }
}
