'use strict';
/*
 * The firmware that emulated boards run by default, in build/firmware. When nothing it is made of has changed since last
 * time this costs some milliseconds: names, sizes and times of the files are compared, contents only by the build itself.
 */
const { createHash } = require('node:crypto');
const { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { runBounded, seconds } = require('./bounded-child.cjs');
const { missingPackages } = require('./debian-packages.cjs');
const { fetchLwip } = require('./lwip-source.cjs');

const LIMIT_MS = 600_000;
const LAYOUTS = ['one-mb', 'two-ota-2mb'];
/** What the images are made of, and by. */
const INPUTS = ['firmware/components/sse_ota', 'firmware/app', 'firmware/open-runtime', 'tools/runtime'];
const NOT_AN_INPUT = /^(test_\w+|testkit|.*\.test\.ts|.*\.md)$/;
/** Without these nothing can be built. */
const TOOLS = ['gcc-xtensa-lx106', 'binutils-xtensa-lx106', 'picolibc-xtensa-lx106-elf'];

/**
 * @param {string} folder
 * @param {string[]} rows
 */
function addStats(folder, rows) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (NOT_AN_INPUT.test(entry.name)) continue;
    if (entry.isDirectory()) addStats(path, rows);
    else {
      const { size, mtimeMs } = statSync(path);
      rows.push(`${path} ${String(size)} ${String(mtimeMs)}`);
    }
  }
}

/**
 * Changes whenever a file is added, removed, or written.
 * @param {string} root
 */
function fingerprint(root) {
  /** @type {string[]} */
  const rows = [];
  for (const folder of INPUTS) addStats(join(root, folder), rows);
  return createHash('sha256').update(rows.sort().join('\n')).digest('hex');
}

/** @param {string} root */
function imagesAreThere(root) {
  return LAYOUTS.every((layout) => existsSync(join(root, 'build', 'firmware', layout, 'firmware.json')));
}

/**
 * @param {string} root
 * @param {string} logFolder
 * @returns {Promise<string | undefined>} why not, for a person
 */
async function build(root, logFolder) {
  const thirdParty = join(root, 'build', 'third-party');
  const lacking = missingPackages('start').filter((row) => TOOLS.includes(row.name));
  if (lacking.length > 0) {
    const names = lacking.map((row) => row.name).join(' ');
    return `these Debian packages are not installed: ${names}`;
  }
  const failure = await fetchLwip(thirdParty, logFolder);
  if (failure !== undefined) {
    return `lwIP's source is not there, because ${failure}\n  By hand: put Debian's lwip_2.1.3+dfsg1.orig.tar.xz into build/third-party`;
  }
  process.stdout.write('esprig set-up: building the firmware for emulated boards\n');
  const end = await runBounded({
    label: 'building firmware',
    command: process.execPath,
    args: [
      ...['-r', './harness/register.cjs', 'tools/runtime/build.ts', '--quiet'],
      ...LAYOUTS.flatMap((layout) => ['--layout', layout]),
    ],
    cwd: root,
    limitMs: LIMIT_MS,
    logFile: join(logFolder, 'firmware.log'),
  });
  if (!end.ok) return `the build ${end.why}:\n${end.tail.replace(/^/gm, '    ')}`;
  process.stdout.write(`esprig set-up: firmware built in ${seconds(end.spentMs)}\n`);
  return undefined;
}

/**
 * @param {string} root
 * @param {string} logFolder
 * @param {string} mode
 * @returns {Promise<boolean>} whether to go on
 */
async function buildDefaultImages(root, logFolder, mode) {
  const stamp = join(root, 'build', 'firmware', '.built-from');
  const present = fingerprint(root);
  const isBuilt = imagesAreThere(root);
  if (isBuilt && existsSync(stamp) && readFileSync(stamp, 'utf8') === present) return true;
  const failure = await build(root, logFolder);
  if (failure === undefined) {
    mkdirSync(join(root, 'build', 'firmware'), { recursive: true });
    writeFileSync(stamp, present);
    return true;
  }
  if (isBuilt) {
    process.stdout.write(
      `esprig set-up: the firmware was not built anew, ${failure}\n  Going on with the one of last time.\n`,
    );
    return true;
  }
  process.stdout.write(`esprig set-up: there is no firmware for emulated boards: ${failure}\n`);
  // The tests that need it skip and say so; the main job has nothing to run.
  return mode === 'test';
}

module.exports = { buildDefaultImages, fingerprint, imagesAreThere };
