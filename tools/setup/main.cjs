'use strict';
const { join, resolve } = require('node:path');
const { installDebianPackages } = require('./apt.cjs');
const { buildDefaultImages } = require('./firmware-images.cjs');
const { linkOwnCommand } = require('./link-bin.cjs');
const { installNodeModules } = require('./node-modules.cjs');

const ROOT = resolve(__dirname, '..', '..');
const LOGS = join(ROOT, 'build', 'setup');
const MODES = ['start', 'test'];

/**
 * The steps in order. A step answers false when nothing after it makes sense; it prints why itself. Each is silent
 * and quick when there is nothing to do.
 * @type {readonly { readonly modes: readonly string[], readonly run: (mode: string) => Promise<boolean> | boolean }[]}
 */
const STEPS = [
  { modes: ['start', 'test'], run: () => installNodeModules(ROOT, LOGS) },
  {
    modes: ['start', 'test'],
    run: () => {
      linkOwnCommand(ROOT);
      return true;
    },
  },
  {
    modes: ['start', 'test'],
    run: async (mode) => {
      await installDebianPackages(mode, LOGS);
      return true;
    },
  },
  { modes: ['start', 'test'], run: (mode) => buildDefaultImages(ROOT, LOGS, mode) },
];

/**
 * @param {readonly string[]} args
 */
async function main(args) {
  const mode = args[0] ?? '';
  if (args.length !== 1 || !MODES.includes(mode)) {
    process.stderr.write(`usage: node tools/setup.cjs ${MODES.join('|')}\n`);
    process.exitCode = 2;
    return;
  }
  for (const step of STEPS.filter((row) => row.modes.includes(mode))) {
    if (!(await step.run(mode))) {
      process.exitCode = 3;
      return;
    }
    if (process.exitCode) return;
  }
}

module.exports = { main };
