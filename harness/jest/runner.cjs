'use strict';
const { join } = require('node:path');
// Jest wants a runner as the module itself; ours is TypeScript outside Jest's own transform.
require('../register.cjs');

module.exports = require(join(__dirname, 'runner.ts')).RigRunner;
