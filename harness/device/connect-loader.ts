import { BOOT_STRAPS } from '../chip/esp8266';
import type { Deadline } from '../core/deadline';
import { RigError } from '../core/errors';
import type { EsprigError } from '../core/errors';
import type { SerialLink } from '../port/port';
import { latin1 } from '../protocol/bytes';
import { bootModeHint, describeSeen, resetAndListen, runRecipe } from './reset';
import { LoaderSession } from './loader-session';
import type { LoaderLimits } from './loader-session';
import type { Notify } from './notify';
import { recipesFor } from './reset-recipes';
import type { BoardRecipeName, BoardRecipes, ResetRecipe } from './reset-recipes';

export interface ConnectOptions {
  readonly link: SerialLink;
  /** How the board's reset is wired. */
  readonly board: BoardRecipeName | BoardRecipes;
  readonly baud: number;
  readonly notify: Notify;
  /** Resets tried before giving up; the recipes take turns. */
  readonly attempts?: number | undefined;
  readonly limits?: Partial<LoaderLimits> | undefined;
}

const ATTEMPTS = 6;
/** Without a reset circuit: how many rounds of SYNC a person has to press the button. */
const PATIENT_ROUNDS = 30;

/**
 * Brings the chip into its serial loader and shakes hands with it. A stub that still runs from an earlier session is
 * reset away, so that what answers is the boot ROM.
 * @throws RigError ESPRIG_ROM_NO_SYNC with what was found instead, and what to do
 */
export async function connectLoader(options: ConnectOptions, deadline: Deadline): Promise<LoaderSession> {
  const { link, board, baud, notify } = options;
  if (link.baud !== baud) await link.setBaud(baud);
  const session = new LoaderSession(link, options.limits);
  try {
    const recipes = recipesFor(board, 'loader', link);
    const attempts = recipes.length === 0 ? PATIENT_ROUNDS : (options.attempts ?? ATTEMPTS);
    const startMs = deadline.clock.nowMs();
    for (let attempt = 0; attempt < attempts; attempt++) {
      const recipe = recipes[attempt % Math.max(1, recipes.length)];
      session.forget();
      session.kind = 'rom';
      if (recipe !== undefined) await runRecipe(link, recipe, deadline, notify);
      const kind = await session.sync(deadline);
      // Without a reset circuit a stub of an earlier session is as good as the ROM for those who can use it.
      if (kind === 'rom' || (kind === 'stub' && recipe === undefined)) return session;
      notify('sync-failed', {
        attempt: attempt + 1,
        recipe: recipe?.name ?? 'none',
        answered: kind ?? 'nobody',
      });
    }
    throw await explain(options, session, recipes, attempts, deadline.clock.nowMs() - startMs, deadline);
  } catch (error) {
    session[Symbol.dispose]();
    throw error;
  }
}

/** Finds out what the board does instead of answering, so that the error can say what to look at. */
async function explain(
  { link, notify }: ConnectOptions,
  session: LoaderSession,
  recipes: readonly ResetRecipe[],
  attempts: number,
  spentMs: number,
  deadline: Deadline,
): Promise<EsprigError> {
  const noise = latin1(session.noise);
  const tried = `sync on ${link.path}: no answer after ${attempts} attempts in ${Math.round(spentMs)} ms`;
  const error = (what: string, hint: string): EsprigError =>
    new RigError('ESPRIG_ROM_NO_SYNC', `${tried}; ${what}`, { hint });
  const [recipe] = recipes;
  if (recipe === undefined) {
    return error(
      describeSeen(noise),
      link.hasLines
        ? 'The rig names no reset circuit: hold FLASH (GPIO0 to ground), press RESET, then start again.'
        : 'This link cannot reset the board: hold FLASH (GPIO0 to ground), press RESET, then start again.',
    );
  }
  const { banner, seen } = await resetAndListen(link, recipe, deadline, notify);
  if (banner?.bootMode === BOOT_STRAPS.UART_DOWNLOAD) {
    return error(
      'the chip is in its serial loader and does not hear us',
      'Bytes from the host do not reach the board: check the wire to its RX pin, and that nothing else drives it.',
    );
  }
  if (banner !== undefined) {
    return error(
      `reset works, but the chip came up in boot mode ${banner.bootMode} instead of ${BOOT_STRAPS.UART_DOWNLOAD}`,
      banner.bootMode === BOOT_STRAPS.FLASH
        ? 'GPIO0 is not pulled low at reset: check DTR to GPIO0, try another reset recipe, or hold the FLASH button.'
        : bootModeHint(banner.bootMode),
    );
  }
  if (seen !== '' || noise !== '') {
    return error(
      `the board goes on sending and does not reset; ${describeSeen(seen === '' ? noise : seen)}`,
      'The board is in no reset circuit: wire RTS to EN and DTR to GPIO0 (two transistors), or hold FLASH and press RESET.',
    );
  }
  return error(
    'the board is silent',
    'Is it powered? Is this the right port? Are TX and RX swapped? Does RTS hold it in reset?',
  );
}
