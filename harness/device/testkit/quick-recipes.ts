import type { BoardRecipes } from '../reset-recipes';

/** The ways of `nodemcu` with waits that a simulated chip is content with. */
export const QUICK_RECIPES: BoardRecipes = {
  loader: [
    {
      name: 'quick',
      target: 'loader',
      about: 'classic, with short waits',
      needsLinesAtOnce: false,
      steps: [
        { set: { dtr: false, rts: true }, pins: 'EN low' },
        { waitMs: 4 },
        { set: { dtr: true, rts: false }, pins: 'EN rises while GPIO0 is low: loader' },
        { waitMs: 12 },
        { set: { dtr: false, rts: false }, pins: 'EN high, GPIO0 high' },
      ],
    },
  ],
  app: [
    {
      name: 'quick-app',
      target: 'app',
      about: 'reset with GPIO0 high',
      needsLinesAtOnce: false,
      steps: [
        { set: { dtr: false, rts: true }, pins: 'EN low' },
        { waitMs: 4 },
        { set: { dtr: false, rts: false }, pins: 'EN high, GPIO0 high' },
      ],
    },
  ],
};
