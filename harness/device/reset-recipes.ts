/**
 * How to move a board with two lines, as data. DTR and RTS are named by what the host asserts; asserted = low on the pin.
 * On the usual two-transistor circuit (NodeMCU, Wemos and their kin):
 *
 *     DTR released, RTS asserted   EN low      the chip is held in reset
 *     DTR asserted, RTS released   GPIO0 low   the next reset lands in the serial loader
 *     both alike                   neither
 *
 * The circuit cannot pull both pins at once, so every way into the loader passes through "neither": it works because EN
 * rises slowly (a capacitor on EN) and the straps are sampled only when it is up.
 * Sources: schematics of the NodeMCU devkit 1.0; line order as in espressif/esptool-js `reset.ts`.
 */
import type { LineStates } from '../port/port';

export type ResetStep = { readonly set: LineStates; readonly pins: string } | { readonly waitMs: number };

export type ResetTarget = 'loader' | 'app';

export interface ResetRecipe {
  readonly name: string;
  readonly target: ResetTarget;
  readonly about: string;
  /** True when the steps mean nothing on a link that changes the two lines one after the other. */
  readonly needsLinesAtOnce: boolean;
  readonly steps: readonly ResetStep[];
}

const NEITHER: ResetStep = { set: { dtr: false, rts: false }, pins: 'EN high, GPIO0 high' };
const BOTH: ResetStep = { set: { dtr: true, rts: true }, pins: 'EN high, GPIO0 high' };
const EN_LOW: ResetStep = { set: { dtr: false, rts: true }, pins: 'EN low: held in reset' };
const GPIO0_LOW: ResetStep = { set: { dtr: true, rts: false }, pins: 'EN rises while GPIO0 is low: loader' };

export const RESET_RECIPES = {
  classic: {
    name: 'classic',
    target: 'loader',
    about: 'two-transistor circuit, lines changed one after the other',
    needsLinesAtOnce: false,
    steps: [
      NEITHER,
      EN_LOW,
      { waitMs: 100 },
      // DTR first: both asserted for an instant, EN begins to rise, the capacitor holds it below the threshold.
      BOTH,
      GPIO0_LOW,
      { waitMs: 50 },
      NEITHER,
    ],
  },
  tight: {
    name: 'tight',
    target: 'loader',
    about: 'two-transistor circuit with little or no capacitor on EN; needs both lines in one step',
    needsLinesAtOnce: true,
    steps: [NEITHER, BOTH, EN_LOW, { waitMs: 100 }, GPIO0_LOW, { waitMs: 50 }, NEITHER],
  },
  'rfc2217-safe': {
    name: 'rfc2217-safe',
    target: 'loader',
    about: 'over a network: longer holds, so that delays between the line commands do not matter',
    needsLinesAtOnce: false,
    steps: [NEITHER, EN_LOW, { waitMs: 250 }, GPIO0_LOW, { waitMs: 400 }, NEITHER],
  },
  'direct-loader': {
    name: 'direct-loader',
    target: 'loader',
    about: 'adapter wired straight through: RTS on EN, DTR on GPIO0',
    needsLinesAtOnce: false,
    steps: [
      { set: { dtr: true, rts: true }, pins: 'EN low, GPIO0 low' },
      { waitMs: 100 },
      { set: { dtr: true, rts: false }, pins: 'EN high, GPIO0 low: loader' },
      { waitMs: 50 },
      { set: { dtr: false, rts: false }, pins: 'EN high, GPIO0 high' },
    ],
  },
  hard: {
    name: 'hard',
    target: 'app',
    about: 'reset with GPIO0 high: the chip boots from flash',
    needsLinesAtOnce: false,
    steps: [NEITHER, EN_LOW, { waitMs: 100 }, NEITHER],
  },
} as const satisfies Record<string, ResetRecipe>;

export type ResetRecipeName = keyof typeof RESET_RECIPES;

/** Names a rig file may use for the recipes of a whole board: one way into the loader, one into the app. */
export const BOARD_RECIPES = {
  nodemcu: { loader: ['classic', 'rfc2217-safe'], app: ['hard'] },
  'nodemcu-tight': { loader: ['tight', 'classic'], app: ['hard'] },
  direct: { loader: ['direct-loader'], app: ['hard'] },
  /** A person holds the button. */
  none: { loader: [], app: [] },
} as const satisfies Record<string, { loader: readonly ResetRecipeName[]; app: readonly ResetRecipeName[] }>;

export type BoardRecipeName = keyof typeof BOARD_RECIPES;

/** A board's own recipes, as a rig file may spell them out. */
export interface BoardRecipes {
  readonly loader: readonly ResetRecipe[];
  readonly app: readonly ResetRecipe[];
}

/** Ways to try in turn for a link: what the link cannot do is left out. */
export function recipesFor(
  board: BoardRecipeName | BoardRecipes,
  target: ResetTarget,
  link: { readonly hasLines: boolean; readonly setsLinesAtOnce: boolean },
): readonly ResetRecipe[] {
  if (!link.hasLines) return [];
  const recipes: readonly ResetRecipe[] =
    typeof board === 'string'
      ? BOARD_RECIPES[board][target].map((name) => RESET_RECIPES[name])
      : board[target];
  return recipes.filter((recipe) => link.setsLinesAtOnce || !recipe.needsLinesAtOnce);
}

/** How long the steps take, for a deadline. */
export function recipeDurationMs(recipe: ResetRecipe): number {
  return recipe.steps.reduce((sum, step) => sum + ('waitMs' in step ? step.waitMs : 0), 0);
}
