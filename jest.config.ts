/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One transform for all projects: swc strips the types, `npm run types` checks them. */
const common = {
  testEnvironment: 'node',
  transform: {
    '^.+\\.(t|mj|j)s$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'commonjs' },
      },
    ],
  },
  // esptool-js is published as ESM only; Jest runs CommonJS.
  transformIgnorePatterns: ['/node_modules/(?!(esptool-js)/)'],
} satisfies Config;

/** What runs leave behind; with --watch, a change there would start the next run, and that one the next. */
const HERE = __dirname.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
const modulePathIgnorePatterns = [`^${HERE}/(build|reports)/`];

/** Names of the boards on this bench: `rigs/local/bench-1.yaml` is `bench-1`. */
function benchRigs(): readonly string[] {
  const folder = join(__dirname, 'rigs', 'local');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.filter((name) => name.endsWith('.yaml')).map((name) => name.slice(0, -'.yaml'.length));
}

const config: Config = {
  projects: [
    {
      ...common,
      modulePathIgnorePatterns,
      displayName: 'unit',
      testMatch: ['<rootDir>/harness/**/*.test.ts', '<rootDir>/tools/**/*.test.{ts,cjs}'],
    },
    // The cases on one emulated board a worker; `esprig run` takes several rigs.
    {
      preset: './harness/jest/preset.cjs',
      modulePathIgnorePatterns,
      displayName: 'virtual',
      testMatch: ['<rootDir>/cases/**/*.test.ts'],
      testEnvironmentOptions: { rig: process.env['ESPRIG_RIG'] || 'virtual-1mb' },
    },
    // The same cases on each board of this bench; none without files of your own in rigs/local.
    ...benchRigs().map((rig) => ({
      preset: './harness/jest/preset.cjs',
      modulePathIgnorePatterns,
      displayName: 'hardware',
      testMatch: ['<rootDir>/cases/**/*.test.ts'],
      testEnvironmentOptions: { rig },
    })),
  ],
  reporters: ['default', '<rootDir>/harness/jest/reporter.cjs'],
  maxWorkers: 2,
  // A machine that does other things too is no failure; what must be quick says so itself.
  testTimeout: 60_000,
};

export default config;
