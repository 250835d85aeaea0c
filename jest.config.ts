/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

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

const config: Config = {
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/harness/**/*.test.ts', '<rootDir>/tools/**/*.test.{ts,cjs}'],
    },
    {
      ...common,
      displayName: 'virtual',
      testMatch: ['<rootDir>/cases/**/*.test.ts'],
    },
    {
      ...common,
      displayName: 'hardware',
      testMatch: ['<rootDir>/rigs/local/**/*.test.ts'],
    },
  ],
  maxWorkers: 2,
  // A machine that does other things too is no failure; what must be quick says so itself.
  testTimeout: 60_000,
};

export default config;
