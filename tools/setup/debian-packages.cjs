'use strict';
const { existsSync, statSync } = require('node:fs');
const { delimiter, isAbsolute, join } = require('node:path');

/**
 * Programs from outside npm, one row a Debian package.
 * @typedef {object} DebianPackage
 * @property {string} name Debian's name of it
 * @property {string} probe a command looked for on PATH, or a file by its whole path: there = installed
 * @property {readonly string[]} modes the modes of `tools/setup.cjs` that install it
 * @property {string} use what it is for
 * @property {string} without what is disabled while it is missing
 */

/** @type {readonly DebianPackage[]} */
const DEBIAN_PACKAGES = [
  {
    name: 'gcc-xtensa-lx106',
    probe: 'xtensa-lx106-elf-gcc',
    modes: ['start', 'test'],
    use: "compiles firmware and test programs for the board's CPU",
    without: 'no firmware can be built for emulated boards, and tests that compile programs are skipped',
  },
  {
    name: 'binutils-xtensa-lx106',
    probe: 'xtensa-lx106-elf-objcopy',
    modes: ['start', 'test'],
    use: 'assembles and links test programs, turns addresses into source lines',
    without: 'no firmware can be built for emulated boards; crashes are shown with addresses only',
  },
  {
    name: 'picolibc-xtensa-lx106-elf',
    probe: '/usr/lib/xtensa-lx106-elf/picolibc.specs',
    modes: ['start', 'test'],
    use: 'C library of firmware and test programs',
    without: 'no firmware can be built for emulated boards',
  },
  {
    name: 'xz-utils',
    probe: 'xz',
    modes: ['start', 'test'],
    use: "unpacks lwIP's source, which the firmware is built with",
    without: 'no firmware can be built for emulated boards',
  },
  {
    name: 'gcc',
    probe: 'gcc',
    modes: ['test'],
    use: "builds the firmware's component and its tests for this machine",
    without: "the component's own tests are skipped",
  },
  {
    name: 'libc6-dev',
    probe: '/usr/include/stdio.h',
    modes: ['test'],
    use: 'headers for what gcc and clang build',
    without: "the component's own tests fail to build",
  },
  {
    name: 'make',
    probe: 'make',
    modes: ['test'],
    use: "runs the component's tests",
    without: "the component's own tests are skipped",
  },
  {
    name: 'clang',
    probe: 'clang',
    modes: ['test'],
    use: "a second compiler for the component's tests, and fuzzing",
    without: 'the component is tested with one compiler and not fuzzed',
  },
  {
    name: 'libclang-rt-14-dev',
    probe: '/usr/lib/llvm-14/lib/clang/14.0.6/include/fuzzer/FuzzedDataProvider.h',
    modes: ['test'],
    use: 'sanitizers and the fuzzer of clang',
    without: 'the component is not fuzzed',
  },
  {
    name: 'qemu-system-misc',
    probe: 'qemu-system-xtensa',
    modes: ['test'],
    use: 'second opinion on every instruction of the CPU',
    without: 'comparisons with QEMU are skipped, the recorded vectors run in their place',
  },
  {
    name: 'python3-serial',
    probe: '/usr/lib/python3/dist-packages/serial/rfc2217.py',
    modes: ['test'],
    use: 'pyserial drives the emulated board over RFC 2217, as a client that is not ours',
    without: 'tests of the serial line with pyserial are skipped',
  },
  {
    name: 'ser2net',
    probe: '/usr/sbin/ser2net',
    modes: ['test'],
    use: 'a serial server of others between flasher and emulated board',
    without: 'tests through ser2net are skipped',
  },
  {
    name: 'socat',
    probe: 'socat',
    modes: ['test'],
    use: 'pairs of pseudo-terminals in place of serial adapters',
    without: 'tests of local serial ports are skipped',
  },
  {
    name: 'tshark',
    probe: 'tshark',
    modes: ['test'],
    use: 'second opinion on the frames in capture files',
    without: 'capture files are not compared with what tshark reads in them',
  },
  {
    name: 'chromium',
    probe: 'chromium',
    modes: ['test'],
    use: 'opens the report page from disk, as a reader does',
    without: 'the report page is tested without a browser',
  },
];

/**
 * @param {string} probe
 * @param {string | undefined} path the PATH to search
 */
function isThere(probe, path = process.env['PATH']) {
  if (isAbsolute(probe)) return existsSync(probe);
  return (path ?? '').split(delimiter).some((folder) => {
    try {
      const file = folder === '' ? undefined : statSync(join(folder, probe));
      return file !== undefined && file.isFile() && (file.mode & 0o111) !== 0;
    } catch {
      // Not there, or a folder on PATH that this user may not look into.
      return false;
    }
  });
}

/**
 * The packages that a mode wants and this machine lacks.
 * @param {string} mode
 * @param {readonly DebianPackage[]} packages
 * @param {string} [path] the PATH to search
 */
function missingPackages(mode, packages = DEBIAN_PACKAGES, path = undefined) {
  return packages.filter(
    (row) => row.modes.includes(mode) && !isThere(row.probe, path ?? process.env['PATH']),
  );
}

module.exports = { DEBIAN_PACKAGES, missingPackages };
