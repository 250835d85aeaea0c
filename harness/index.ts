/**
 * The only door for cases, and for other projects' tests: Jest's own words, the board, the image laboratory. What is
 * behind it runs outside of the tests' world and is not loaded again for each file.
 */
export { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
export { firmware, images, metric, phase, rig, skip, soakRounds } from './jest/fixtures';
export type { Board, LogWait, MakeOptions } from './jest/board';
export type { CaseConsole } from './jest/case-console';
export type { CaseConnection, CaseDut, CaseEvents, WaitWithin, Within } from './jest/case-dut';
export type { RefusalCode } from './jest/matchers/http';
export { REFUSALS } from './jest/matchers/http';
export * as uploads from './device/dut-upload-lab';
// Types of the matchers.
export type {} from './jest/matchers';
