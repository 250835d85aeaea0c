'use strict';

/**
 * @typedef {object} Count
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/**
 * Counts tests from what Jest wrote with `--json`. A file that could not even be loaded has no tests to count, so it
 * counts as one failure; so does a run that failed for a reason no test shows, and a run that left no results.
 * @param {unknown} results
 * @param {boolean} exitedWell Jest's own exit status was 0
 * @returns {Count}
 */
function countJest(results, exitedWell) {
  if (typeof results !== 'object' || results === null) return { passed: 0, failed: 1, skipped: 0 };
  const row = /** @type {Record<string, unknown>} */ (results);
  /** @param {string} name */
  const number = (name) => {
    const value = row[name];
    return typeof value === 'number' ? value : 0;
  };
  const failed = number('numFailedTests') + number('numRuntimeErrorTestSuites');
  return {
    passed: number('numPassedTests'),
    failed: failed === 0 && !exitedWell ? 1 : failed,
    skipped: number('numPendingTests') + number('numTodoTests'),
  };
}

/** @param {Count} count */
function closingLine(count) {
  const skipped = count.skipped > 0 ? `, ${String(count.skipped)} skipped` : '';
  return `${String(count.passed)} passed, ${String(count.failed)} failed${skipped}`;
}

module.exports = { closingLine, countJest };
