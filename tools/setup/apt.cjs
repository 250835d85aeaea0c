'use strict';
const { spawnSync } = require('node:child_process');
const { existsSync, readFileSync, readdirSync, statSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { missingPackages } = require('./debian-packages.cjs');
const { runBounded, seconds } = require('./bounded-child.cjs');

const UPDATE_LIMIT_MS = 180_000;
const INSTALL_LIMIT_MS = 900_000;
/** An attempt that did not work is not made again so soon: without a network each would cost half a minute. */
const TRY_AGAIN_MS = 3_600_000;
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
  if (missingPackages(mode).length === 0) return;
  const obstacle = await tryInstall(mode, logFolder);
  if (obstacle !== undefined) process.stdout.write(describeMissing(missingPackages(mode), obstacle));
}

/**
 * @param {string} failure the note that the last attempt left
 * @param {readonly string[]} names
 * @returns {string | undefined} when the same was tried lately, a phrase that says so
 */
function failedLately(failure, names) {
  if (!existsSync(failure)) return undefined;
  const agoMs = Date.now() - statSync(failure).mtimeMs;
  if (agoMs > TRY_AGAIN_MS || readFileSync(failure, 'utf8') !== names.join('\n')) return undefined;
  const minutes = String(Math.round(agoMs / 60_000));
  return `an attempt ${minutes} minutes ago did not work (delete build/setup to try again at once)`;
}

/**
 * @param {string} mode
 * @param {string} logFolder
 * @returns {Promise<string | undefined>} why not, in a phrase
 */
async function tryInstall(mode, logFolder) {
  const names = missingPackages(mode).map((row) => row.name);
  if (!existsSync('/etc/debian_version') || !existsSync('/usr/bin/apt-get'))
    return 'this is not a Debian machine';
  const prefix = rootPrefix();
  if (prefix === undefined) return 'installing needs root, and sudo asks for a password';
  const failure = join(logFolder, 'apt-failed.txt');
  const lately = failedLately(failure, names);
  if (lately !== undefined) return lately;
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
  const still = missingPackages(mode).map((row) => row.name);
  if (still.length === 0) return undefined;
  writeFileSync(failure, still.join('\n'));
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

module.exports = { describeMissing, failedLately, installDebianPackages };
