'use strict';
/*
 * Everything that must hold, behind `npm test`: format, lint, types, and the Jest projects that need no board.
 * Extra arguments go to Jest as they are: `npm test -- harness/core`. The last line is `N passed, N failed`.
 */
const { mkdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { join, resolve } = require('node:path');
const { runBounded, seconds } = require('./setup/bounded-child.cjs');
const { closingLine, countJest } = require('./test-count.cjs');

const ROOT = resolve(__dirname, '..');
const BUILD = join(ROOT, 'build');
const RESULTS = join(BUILD, 'jest-results.json');
const CHECK_LIMIT_MS = 600_000;
const JEST_LIMIT_MS = 1_500_000;
const LOG_LINES = 200;

/**
 * Each names its file inside node_modules: no shell, no PATH, no npx in between.
 * @type {readonly { readonly name: string, readonly bin: string, readonly args: readonly string[], readonly remedy: string }[]}
 */
const CHECKS = [
  {
    name: 'format',
    bin: 'prettier/bin/prettier.cjs',
    args: ['--check', '--log-level=warn', '.'],
    remedy: 'npm run format',
  },
  { name: 'types', bin: 'typescript/bin/tsc', args: ['--noEmit'], remedy: 'npm run types' },
  {
    name: 'script-types',
    bin: 'typescript/bin/tsc',
    args: ['--noEmit', '-p', 'tools'],
    remedy: 'npm run types',
  },
  {
    name: 'page-types',
    bin: 'typescript/bin/tsc',
    args: ['--noEmit', '-p', 'harness/report/page'],
    remedy: 'npm run types',
  },
];

/** Takes as long as all others together; the tests do not wait for it. */
const LINT = { name: 'lint', bin: 'eslint/bin/eslint.js', args: ['.'], remedy: 'npm run lint' };

/**
 * @param {(typeof CHECKS)[number]} check
 * @returns {Promise<boolean>}
 */
async function runCheck(check) {
  const logFile = join(BUILD, `${check.name}.log`);
  const end = await runBounded({
    label: check.name,
    command: process.execPath,
    args: [join(ROOT, 'node_modules', check.bin), ...check.args],
    cwd: ROOT,
    // What they say is kept in files and shown indented: no colours.
    env: { NO_COLOR: '1', FORCE_COLOR: undefined },
    limitMs: CHECK_LIMIT_MS,
    logFile,
  });
  process.stdout.write(`${end.ok ? 'ok    ' : 'FAILED'} ${check.name} (${seconds(end.spentMs)})\n`);
  if (!end.ok) {
    const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(1);
    const cut = lines.length > LOG_LINES ? [`  … ${String(lines.length - LOG_LINES)} more lines`] : [];
    const shown = [...lines.slice(0, LOG_LINES).map((line) => `  ${line}`), ...cut];
    process.stdout.write(`${shown.join('\n')}\n  ${end.why}; again by itself: ${check.remedy}\n`);
  }
  return end.ok;
}

/** @param {readonly string[]} extraArgs */
async function runJest(extraArgs) {
  rmSync(RESULTS, { force: true });
  const end = await runBounded({
    label: 'jest',
    command: process.execPath,
    args: [
      join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js'),
      // First, so that --selectProjects, which takes every word after it, does not swallow them.
      ...extraArgs,
      '--json',
      `--outputFile=${RESULTS}`,
      '--selectProjects',
      'unit',
      'virtual',
    ],
    cwd: ROOT,
    limitMs: JEST_LIMIT_MS,
  });
  /** @type {unknown} */
  let results;
  try {
    results = JSON.parse(readFileSync(RESULTS, 'utf8'));
  } catch {
    process.stdout.write(`jest left no results: ${end.why}\n`);
  }
  return countJest(results, end.ok);
}

/** @param {readonly string[]} extraArgs */
async function main(extraArgs) {
  mkdirSync(BUILD, { recursive: true });
  // All at once: each is one thread.
  const linted = runCheck(LINT);
  const checks = await Promise.all(CHECKS.map(runCheck));
  const jest = await runJest(extraArgs);
  const all = [...checks, await linted];
  const total = { ...jest, failed: jest.failed + all.filter((ok) => !ok).length };
  const line = closingLine(total);
  writeFileSync(join(BUILD, 'test-summary.txt'), `${line}\n`);
  process.stdout.write(`${line}\n`);
  if (process.exitCode === undefined) process.exitCode = total.failed === 0 ? 0 : 1;
}

void main(process.argv.slice(2));
