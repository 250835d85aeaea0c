'use strict';
const { lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync } = require('node:fs');
const { join, resolve } = require('node:path');

/**
 * npm links the commands of dependencies into node_modules/.bin but not the package's own. With this link
 * `npx esprig` finds the command at once and without asking anyone. Also run by npm itself, as `postinstall`.
 * @param {string} root
 */
function linkOwnCommand(root) {
  const folder = join(root, 'node_modules', '.bin');
  const link = join(folder, 'esprig');
  const target = join('..', '..', 'harness', 'cli', 'bin.cjs');
  const there = lstatSync(link, { throwIfNoEntry: false });
  if (there?.isSymbolicLink() === true && readlinkSync(link) === target) return;
  try {
    mkdirSync(folder, { recursive: true });
    rmSync(link, { force: true });
    symlinkSync(target, link);
  } catch (error) {
    // `node harness/cli/bin.cjs` does the same; a file system without links is no reason to stop.
    process.stdout.write(`esprig set-up: no link for "npx esprig" (${String(error)})\n`);
  }
}

module.exports = { linkOwnCommand };

if (require.main === module) linkOwnCommand(resolve(__dirname, '..', '..'));
