import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/**
 * The emulator is a sealed room (docs/adr/0001): it knows no machine but its own, so that it runs the same in Node,
 * in a worker and in a browser. Imports are checked by harness/rooms.test.ts, names of the global object here.
 */
const HOST_GLOBALS = [
  'Buffer',
  'console',
  'Date',
  'fetch',
  'global',
  'globalThis',
  'performance',
  'process',
  'queueMicrotask',
  'require',
  'setImmediate',
  'setInterval',
  'setTimeout',
];

const SEALED = HOST_GLOBALS.map((name) => ({
  name,
  message: 'The emulator is sealed: take what you need as an argument; harness/host has the machine.',
}));

/** Real time enters by Clock and Deadline arguments (harness/core/clock.ts), so that tests never wait. */
const WALL_TIME = ['Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate'].map((name) => ({
  name,
  message: 'Take a Clock or a Deadline as an argument (harness/core); real time enters there only.',
}));

const NO_DEFAULT_EXPORT = {
  selector: 'ExportDefaultDeclaration',
  message: 'Named exports only: one name for one thing, everywhere.',
};
const NO_ENUM = {
  selector: 'TSEnumDeclaration',
  message: 'A string union or an `as const` object instead of an enum.',
};

export default defineConfig(
  globalIgnores(['node_modules/', 'build/', 'reports/', 'coverage/', '**/*.mjs', '**/testdata/']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json' } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        // `return this.halt()` in a function that returns nothing: leaving at once reads well in tables and switches.
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
    },
  },
  {
    files: ['harness/**/*.ts', 'cases/**/*.ts', 'tools/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', NO_DEFAULT_EXPORT, NO_ENUM] },
  },
  {
    files: ['harness/**/*.ts', 'cases/**/*.ts'],
    ignores: [
      '**/*.test.ts',
      'harness/core/clock.ts',
      'harness/port/**',
      'harness/host/**',
      'harness/emulator/**',
    ],
    rules: { 'no-restricted-globals': ['error', ...WALL_TIME] },
  },
  {
    files: ['harness/emulator/**/*.ts'],
    ignores: ['**/*.test.ts', 'harness/emulator/testkit/**'],
    rules: {
      'no-restricted-globals': ['error', ...SEALED],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Runs must repeat: use the seeded generator.' },
      ],
    },
  },
  {
    // What runs before node_modules exist, and what Node loads before TypeScript can be: checked by tsc through JSDoc.
    files: ['**/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: {
        ...Object.fromEntries(HOST_GLOBALS.map((name) => [name, 'readonly'])),
        __dirname: 'readonly',
        clearInterval: 'readonly',
        clearTimeout: 'readonly',
        module: 'writable',
        NodeJS: 'readonly',
      },
    },
  },
);
