'use strict';
/*
 * `npm run lock` calls this after npm has written package-lock.json. A registry that mirrors only some machines' binaries
 * makes npm leave the optional packages of all others out of the lock, and then `npm ci` refuses the lock on every
 * machine. Each that was left out gets an entry here: version, and the machine its name tells. Without an integrity
 * hash, since nobody here has seen the file; npm fetches it only on a machine of that kind.
 */
const { readFileSync, writeFileSync } = require('node:fs');
const { join, resolve } = require('node:path');

/**
 * @typedef {object} LockRow
 * @property {string} [version]
 * @property {string} [integrity]
 * @property {boolean} [optional]
 * @property {boolean} [dev]
 * @property {readonly string[]} [os]
 * @property {readonly string[]} [cpu]
 * @property {readonly string[]} [libc]
 * @property {Readonly<Record<string, string>>} [optionalDependencies]
 *
 * @typedef {Record<string, LockRow>} LockRows
 */

const MACHINE_NAME =
  /-(?<os>android|darwin|freebsd|linux|openharmony|win32)-(?<cpu>[a-z0-9]+?)(?:-(?<abi>gnu|musl|msvc|gnueabihf|musleabihf|eabi))?$/;

/**
 * The place in the lock where a package's dependency stands: its own node_modules first, then those above.
 * @param {LockRows} rows
 * @param {string} from
 * @param {string} name
 */
function placeOf(rows, from, name) {
  const folders = from
    .split('/node_modules/')
    .map((_part, index, parts) => parts.slice(0, index + 1).join('/node_modules/'));
  const places = ['', ...folders].map((folder) => `${folder === '' ? '' : `${folder}/`}node_modules/${name}`);
  return places.reverse().find((place) => rows[place] !== undefined);
}

/**
 * Optional packages that a locked package names and the lock does not have.
 * @param {LockRows} rows
 */
function missingOptional(rows) {
  return Object.entries(rows).flatMap(([from, row]) =>
    Object.entries(row.optionalDependencies ?? {})
      .filter(([name]) => placeOf(rows, from, name) === undefined)
      .map(([name, version]) => ({ from, name, version })),
  );
}

/**
 * The same rows with the missing ones, in npm's order.
 * @param {LockRows} rows
 * @returns {LockRows}
 */
function completeRows(rows) {
  const added = missingOptional(rows).map(({ from, name, version }) => {
    const machine = MACHINE_NAME.exec(name)?.groups;
    if (machine === undefined || !/^\d+\.\d+\.\d+$/.test(version)) {
      throw new Error(
        `${from} wants ${name}@${version}, and nothing tells for which machine: add it by hand`,
      );
    }
    const { os = '', cpu = '', abi = '' } = machine;
    const libc = os !== 'linux' ? undefined : abi.startsWith('musl') ? 'musl' : 'glibc';
    /** @type {LockRow} */
    const row = {
      version,
      cpu: [cpu],
      ...(rows[from]?.dev === true ? { dev: true } : {}),
      ...(libc === undefined ? {} : { libc: [libc] }),
      optional: true,
      os: [os],
    };
    return /** @type {const} */ ([`node_modules/${name}`, row]);
  });
  const order = new Intl.Collator('en').compare;
  return Object.fromEntries([...Object.entries(rows), ...added].sort(([a], [b]) => order(a, b)));
}

module.exports = { completeRows, missingOptional };

if (require.main === module) {
  const path = join(resolve(__dirname, '..', '..'), 'package-lock.json');
  const lock = JSON.parse(readFileSync(path, 'utf8'));
  const missing = missingOptional(lock.packages);
  lock.packages = completeRows(lock.packages);
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
  process.stdout.write(`package-lock.json: ${String(missing.length)} packages of other machines added\n`);
}
