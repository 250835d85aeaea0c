import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** What the emulator may not touch: it is a sealed room (docs/adr/0001). */
const sealed = ['setTimeout', 'setInterval', 'setImmediate', 'performance', 'console', 'Buffer', 'process'];

export default tseslint.config(
  { ignores: ['node_modules/', 'build/', 'reports/', 'coverage/', '**/*.cjs', '**/*.mjs'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { project: './tsconfig.json' } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ['harness/emulator/**/*.ts'],
    ignores: ['**/*.test.ts', 'harness/emulator/testkit/**'],
    rules: {
      'no-restricted-globals': ['error', ...sealed, 'Date'],
      'no-restricted-imports': ['error', { patterns: ['node:*'] }],
    },
  },
);
