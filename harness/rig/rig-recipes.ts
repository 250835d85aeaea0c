import type { BoardRecipeName, BoardRecipes, ResetStep } from '../device/reset-recipes';
import type { RigDescription } from './rig-schema';

/** How a rig's board is reset: a recipe's name, or the steps that its file spells out. */
export function recipesOf({ reset = 'nodemcu' }: RigDescription): BoardRecipeName | BoardRecipes {
  if (typeof reset === 'string') return reset;
  const recipe = (target: 'loader' | 'app') => ({
    name: `${target} of the rig file`,
    target,
    about: 'as the rig file says',
    needsLinesAtOnce: false,
    steps: reset[target].map((step): ResetStep =>
      'waitMs' in step ? step : { set: step, pins: `DTR ${word(step.dtr)}, RTS ${word(step.rts)}` },
    ),
  });
  return { loader: [recipe('loader')], app: [recipe('app')] };
}

function word(asserted: boolean): string {
  return asserted ? 'asserted' : 'released';
}
