#!/usr/bin/env node
'use strict';
/*
 * `esprig`. Runs from the TypeScript source of the checkout. Whatever goes wrong becomes one clear message and the exit
 * code that belongs to it; ESPRIG_DEBUG=1 shows the stack trace too.
 */
const { join } = require('node:path');
const { nodeVersionProblem } = require('../../tools/setup/node-version.cjs');

function run() {
  const problem = nodeVersionProblem(process.versions.node);
  if (problem !== undefined) {
    process.stderr.write(`${problem}\n`);
    process.exitCode = 3;
    return;
  }
  if (process.env['ESPRIG_DEBUG']) process.setSourceMapsEnabled(true);
  try {
    require('../register.cjs');
    require.resolve('commander');
  } catch {
    process.stderr.write('esprig is not set up yet. Run `node tools/setup.cjs start` in its folder first.\n');
    process.exitCode = 3;
    return;
  }
  require(join(__dirname, 'esprig.ts')).runAsProcess();
}

run();
