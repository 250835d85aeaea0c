'use strict';
/*
 * What a Jest project needs to have boards: `preset: 'esprig'`, and `reporters: ['default', 'esprig/harness/jest/reporter.cjs']`
 * at the top (Jest takes reporters there only). testEnvironmentOptions: see options.ts.
 */

/** Types are stripped, not checked. */
const transform = {
  '^.+\\.(t|mj|j)s$': [
    require.resolve('@swc/jest'),
    {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
    },
  ],
};

module.exports = {
  globalSetup: require.resolve('./global-setup.cjs'),
  // A report that a run writes is no change of the sources: with --watch that run would call for the next one. No
  // <rootDir> here: Jest puts it in as it is, and a folder called c++ makes no pattern.
  modulePathIgnorePatterns: ['/\\d{4}-\\d\\d-\\d\\dT\\d\\d-\\d\\d-\\d\\dZ-[^/]+/[^/]+\\.json$'],
  runner: require.resolve('./runner.cjs'),
  setupFilesAfterEnv: [require.resolve('./setup.ts')],
  testEnvironment: require.resolve('./environment.cjs'),
  transform,
  // esptool-js is published as ESM only; Jest runs CommonJS. esprig itself is TypeScript.
  transformIgnorePatterns: ['/node_modules/(?!(esptool-js|esprig)/)'],
};
