'use strict';
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { runBounded, seconds } = require('./bounded-child.cjs');

const LIMIT_MS = 600_000;

/**
 * @param {string} path
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean }> | undefined}
 */
function lockedPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/**
 * Why node_modules is not what package-lock.json asks for, or nothing when it is. npm writes what it installed into
 * node_modules/.package-lock.json as its last act, so an interrupted install is noticed too.
 * @param {string} root
 * @returns {string | undefined}
 */
function nodeModulesProblem(root) {
  const wanted = lockedPackages(join(root, 'package-lock.json'));
  if (wanted === undefined) return 'package-lock.json cannot be read';
  const installed = lockedPackages(join(root, 'node_modules', '.package-lock.json'));
  if (installed === undefined) return 'node_modules is missing or incomplete';
  for (const [place, row] of Object.entries(wanted)) {
    if (place === '') continue;
    const found = installed[place];
    // Optional rows are mostly other machines' binaries.
    if (found === undefined && row.optional === true) continue;
    // Rows of other machines may have no hash (complete-lock.cjs); npm notes the one it found there.
    const otherHash = row.integrity !== undefined && found?.integrity !== row.integrity;
    if (found?.version !== row.version || otherHash) return `package-lock.json changed (${place})`;
    if (!existsSync(join(root, place))) return `${place} is gone`;
  }
  const extra = Object.keys(installed).find((place) => wanted[place] === undefined);
  return extra === undefined ? undefined : `package-lock.json changed (${extra} is no longer in it)`;
}

/**
 * Brings node_modules in line with package-lock.json; nothing to do on most runs.
 * @param {string} root
 * @param {string} logFolder
 * @returns {Promise<boolean>} false: it could not be done, the reason is printed
 */
async function installNodeModules(root, logFolder) {
  const problem = nodeModulesProblem(root);
  if (problem === undefined) return true;
  process.stdout.write(`esprig set-up: npm ci, because ${problem} (under a minute on most machines)\n`);
  const npm = process.env['npm_execpath'];
  const throughNode = npm !== undefined && npm.endsWith('.js');
  const end = await runBounded({
    label: 'npm ci',
    command: throughNode ? process.execPath : 'npm',
    args: [
      ...(throughNode ? [npm] : []),
      'ci',
      '--include=dev',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ],
    cwd: root,
    // An outer `npm --silent` or NODE_ENV=production must not reach the inner one.
    env: { npm_config_loglevel: undefined, NODE_ENV: undefined },
    limitMs: LIMIT_MS,
    logFile: join(logFolder, 'npm-ci.log'),
  });
  const left = end.ok ? nodeModulesProblem(root) : undefined;
  if (end.ok && left === undefined) {
    process.stdout.write(`esprig set-up: node modules are in place (${seconds(end.spentMs)})\n`);
    return true;
  }
  process.stderr.write(
    `esprig set-up: npm ci did not work: ${left ?? end.why}. Its last words:\n${end.tail.replace(/^/gm, '    ')}\n` +
      '  Is the npm registry reachable from here? Then run the command again.\n',
  );
  return false;
}

module.exports = { installNodeModules, nodeModulesProblem };
