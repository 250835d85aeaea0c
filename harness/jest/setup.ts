/** Runs in the tests' world before each file: the matchers. */
import { expect } from '@jest/globals';
import { MATCHERS } from './matchers';

expect.extend(MATCHERS);
