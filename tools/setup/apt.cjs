'use strict';
const { spawnSync } = require('node:child_process');
const { existsSync, readdirSync } = require('node:fs');
const { join } = require('node:path');
const { missingPackages } = require('./debian-packages.cjs');
const { runBounded, seconds } = require('./bounded-child.cjs');

const UPDATE_LIMIT_MS = 180_000;
const INSTALL_LIMIT_MS = 900_000;
const LISTS = '/var/lib/apt/lists';

/** A slow or dead mirror must not hang the set-up, and another apt at work is waited for, within bounds. */
const OPTIONS = [
  '-y',
  '-o',
  'DPkg::Lock::Timeout=120',
  '-o',
  'Acquire::Retries=2',
  '-o',
  'Acquire::http::Timeout=30',
  '-o',
  'Acquire::https::Timeout=30',
];

/** How to become root here, or nothing where that is impossible without asking a person. */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  const asked = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore', timeout: 5_000 });
  return asked.status === 0 ? ['sudo', '-n'] : undefined;
}

/** Package lists were fetched at some time; a fresh container image has none. */
function hasLists() {
  return existsSync(LISTS) && readdirSync(LISTS).some((name) => name.includes('_Packages'));
}

/**
 * @param {readonly string[]} prefix
 * @param {readonly string[]} args
 * @param {string} label
 * @param {number} limitMs
 * @param {string} logFolder
 */
function apt(prefix, args, label, limitMs, logFolder) {
  const [command = 'env', ...rest] = [
    ...prefix,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'LC_ALL=C',
    'apt-get',
  ];
  process.stdout.write(`esprig set-up: ${label}\n`);
  return runBounded({
    label,
    command,
    args: [...rest, ...OPTIONS, ...args],
    limitMs,
    logFile: join(logFolder, `apt-${args[0] ?? ''}.log`),
  });
}

/**
 * Installs what is missing if this machine allows it. What stays missing is told with what that disables; it is
 * never a failure of the set-up, since the tests that need it skip with a reason.
 * @param {string} mode
 * @param {string} logFolder
 */
async function installDebianPackages(mode, logFolder) {
  const missing = missingPackages(mode);
  if (missing.length === 0) return;
  const obstacle = await tryInstall(
    missing.map((row) => row.name),
    logFolder,
  );
  const still = missingPackages(mode);
  if (still.length > 0)
    process.stdout.write(describeMissing(still, obstacle ?? 'apt-get could not install them'));
}

/**
 * @param {readonly string[]} names
 * @param {string} logFolder
 * @returns {Promise<string | undefined>} why not, in a phrase
 */
async function tryInstall(names, logFolder) {
  if (!existsSync('/etc/debian_version') || !existsSync('/usr/bin/apt-get'))
    return 'this is not a Debian machine';
  const prefix = rootPrefix();
  if (prefix === undefined) return 'installing needs root, and sudo asks for a password';
  const update = () => apt(prefix, ['update'], 'fetching the package lists', UPDATE_LIMIT_MS, logFolder);
  /** @param {readonly string[]} some */
  const install = (some) =>
    apt(
      prefix,
      ['install', '--no-install-recommends', ...some],
      `installing ${some.join(', ')} (once; up to a few minutes)`,
      INSTALL_LIMIT_MS,
      logFolder,
    );

  const fresh = !hasLists();
  if (fresh) await update();
  let end = await install(names);
  if (!end.ok && !end.timedOut && !fresh) {
    // Old lists name versions that the mirror has thrown away: fetch them anew and try once more.
    await update();
    end = await install(names);
  }
  if (!end.ok && !end.timedOut && names.length > 1) {
    // One name that this release does not have must not keep out the others.
    for (const name of names) end = await install([name]);
  }
  if (end.ok) return undefined;
  return `apt-get: ${end.why} after ${seconds(end.spentMs)}; its last words:\n${end.tail.replace(/^/gm, '    ')}\n `;
}

/**
 * @param {readonly import('./debian-packages.cjs').DebianPackage[]} rows
 * @param {string} obstacle
 */
function describeMissing(rows, obstacle) {
  const lines = rows.map((row) => `  ${row.name}: ${row.use}. Without it: ${row.without}.\n`).join('');
  const names = rows.map((row) => row.name).join(' ');
  return (
    `esprig set-up: not installed, because ${obstacle}\n${lines}` +
    `  To install on Debian: sudo apt-get install --no-install-recommends ${names}\n  Going on without.\n`
  );
}

module.exports = { describeMissing, installDebianPackages };
