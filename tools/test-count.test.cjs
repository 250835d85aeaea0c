'use strict';
const { describe, expect, test } = require('@jest/globals');
const { closingLine, countJest } = require('./test-count.cjs');

const results = {
  numPassedTests: 40,
  numFailedTests: 0,
  numPendingTests: 2,
  numTodoTests: 1,
  numRuntimeErrorTestSuites: 0,
};

describe('counting what Jest reports', () => {
  test('passed, failed, and skipped with what is still to do', () => {
    expect(countJest(results, true)).toEqual({ passed: 40, failed: 0, skipped: 3 });
    expect(countJest({ ...results, numFailedTests: 5 }, false)).toEqual({
      passed: 40,
      failed: 5,
      skipped: 3,
    });
  });

  test('a file that could not be loaded is a failure although it has no tests', () => {
    expect(countJest({ ...results, numRuntimeErrorTestSuites: 2 }, false).failed).toBe(2);
  });

  test('a run that ended badly without a failed test is a failure', () => {
    expect(countJest(results, false).failed).toBe(1);
  });

  test.each([[undefined], [null], ['text']])('no results (%s) are a failure', (none) => {
    expect(countJest(none, true)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});

describe('the closing line', () => {
  test('has the skipped ones only when there are any', () => {
    expect(closingLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed');
    expect(closingLine({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped');
  });
});
