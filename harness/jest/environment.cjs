'use strict';
const { join } = require('node:path');
// Runs in the worker's own world, outside of the tests' one: what it holds lives as long as the worker.
require('../register.cjs');

module.exports = require(join(__dirname, 'environment.ts')).RigEnvironment;
