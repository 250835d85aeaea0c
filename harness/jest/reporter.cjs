'use strict';
const { join } = require('node:path');
require('../register.cjs');

module.exports = require(join(__dirname, 'reporter.ts')).RunReporter;
