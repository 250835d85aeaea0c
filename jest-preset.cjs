'use strict';
// `preset: 'esprig'` in another project's Jest configuration.
module.exports = require('./harness/jest/preset.cjs');
