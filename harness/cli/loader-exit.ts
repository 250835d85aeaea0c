/** A serial command that breaks off does not leave the board in its loader, off the network, without a word. */
import type { RealClock } from '../core/clock';
import { Deadline } from '../core/deadline';
import { EsprigError, toEsprigError } from '../core/errors';
import type { EventBus } from '../core/events';
import type { FlashProgress } from '../device/flash-types';
import { notifyOn } from '../device/notify';
import { runRecipe } from '../device/reset';
import { recipesFor } from '../device/reset-recipes';
import type { SerialLink } from '../port/port';
import type { SerialTarget } from './serial-target';

/** Of its own: the command's time may be over, or somebody pressed Ctrl-C. The reset takes a tenth of a second. */
const LEAVE_LIMIT_MS = 3000;

/** Where the chip is, as far as a command knows. */
export type ChipState = 'unknown' | 'in loader' | 'may stay' | 'in app';

export interface BrokenWork {
  readonly link: SerialLink;
  readonly target: SerialTarget;
  readonly bus: EventBus;
  readonly clock: RealClock;
  readonly chip: ChipState;
  /** What the flash holds a part of. */
  readonly halfDone: string | undefined;
}

/**
 * Resets the board into its app and answers what is to be thrown: `error`, with what a person has to know besides. An
 * app that is half written gets no other start than power would give it: its bootloader refuses it or takes the other slot.
 */
export async function backToApp(error: unknown, work: BrokenWork): Promise<unknown> {
  const { chip, halfDone, target } = work;
  const why = chip === 'may stay' || chip === 'in app' ? undefined : await resetFailure(work);
  const isStuck = why !== undefined && chip === 'in loader';
  if (!isStuck && halfDone === undefined) return error;
  const { code, message, blame, hint, evidence } = toEsprigError(error);
  const stuck = isStuck ? `; the board is still in its loader, and was not reset into its app (${why})` : '';
  const which = target.rig === undefined ? `--port ${target.port}` : `--rig ${target.rig.description.name}`;
  const hints = [
    hint,
    halfDone === undefined ? undefined : `Run ${target.command} again: what is half done may not start.`,
    isStuck
      ? `\`npx esprig reset ${which}\` starts the app; without a reset line, the RESET button.`
      : undefined,
  ];
  return new EsprigError(code, `${message}${halfDone === undefined ? '' : `; ${halfDone}`}${stuck}`, {
    ...{ blame, evidence, cause: error },
    hint: hints.filter((each) => each !== undefined).join(' '),
  });
}

/** Why the board was not reset; undefined when it was. */
async function resetFailure({ link, target, bus, clock }: BrokenWork): Promise<string | undefined> {
  const [recipe] = recipesFor(target.recipes, 'app', link);
  if (recipe === undefined) return 'no reset line';
  using limit = new Deadline({ clock, budgetMs: LEAVE_LIMIT_MS, phase: 'leave', blame: 'rig' });
  try {
    await limit.wait(runRecipe(link, recipe, limit, notifyOn(bus)), 'reset into the app');
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Remembers from what a flasher tells what would stay half done if it ended now. */
export class HalfDone {
  #words: string | undefined;

  get words(): string | undefined {
    return this.#words;
  }

  /** A part is written and verified. */
  partDone(): void {
    this.#words = undefined;
  }

  progress({ phase, name, doneBytes, totalBytes }: FlashProgress): void {
    switch (phase) {
      case 'erase':
        this.#words = doneBytes < totalBytes ? `the flash (${name}) is half erased` : undefined;
        break;
      case 'compare':
        // Erasing for the first block comes behind it and is not told.
        this.#words = `${name} may be half written`;
        break;
      case 'write':
        this.#words = `${name} is half written`;
        break;
      case 'verify':
        this.#words = `${name} is written and not verified`;
        break;
      case 'read':
        break;
    }
  }
}
