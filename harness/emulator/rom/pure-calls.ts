import { floatCalls } from './float-calls';
import { hashCalls } from './hash-calls';
import { integerCalls } from './integer-calls';
import { memoryCalls } from './memory-calls';
import { miscCalls } from './misc-calls';
import type { RomCall } from './rom-call';
import { stringCalls } from './string-calls';

/** Every ROM function that only computes: no register of a peripheral, no waiting, no code of the guest. */
export const pureRomCalls: readonly RomCall[] = [
  ...memoryCalls,
  ...stringCalls,
  ...integerCalls,
  ...floatCalls,
  ...hashCalls,
  ...miscCalls,
];
