'use strict';
/*
 * Lets Node load the project's TypeScript as it stands: `node -r ./harness/register.cjs FILE.ts`. Types are stripped,
 * not checked (`npm run types` does that). Jest has a transform of its own and does not come by here.
 *
 * What was compiled is kept in build/typescript, one entry a source file, and counts only while the source is the same
 * to the byte: a warm start loads no compiler at all.
 */
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { dirname, join, relative, resolve, sep } = require('node:path');

const ROOT = resolve(__dirname, '..');
const CACHE = join(ROOT, 'build', 'typescript');

/** @type {import('@swc/core').Options} */
const OPTIONS = {
  configFile: false,
  swcrc: false,
  sourceMaps: 'inline',
  jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  module: { type: 'commonjs' },
};

/** Changes with the compiler, with its options, and with Node. */
const SALT = JSON.stringify([OPTIONS, require('../package.json').dependencies['@swc/core'], process.version]);

/**
 * @param {string} path
 * @param {string} source
 */
function compile(path, source) {
  return require('@swc/core').transformSync(source, { ...OPTIONS, filename: path }).code;
}

/** @param {string} path */
function load(path) {
  const source = readFileSync(path, 'utf8');
  const inside = relative(ROOT, path);
  // Two files of one name must not share an entry, nor may anything be written outside the cache.
  if (inside.startsWith('..')) return compile(path, source);
  const entry = join(CACHE, `${inside.split(sep).join('+')}.js`);
  const stamp = `//${createHash('sha256').update(SALT).update(source).digest('hex')}\n`;
  try {
    const kept = readFileSync(entry, 'utf8');
    if (kept.startsWith(stamp)) return kept.slice(stamp.length);
  } catch {
    // Not compiled yet.
  }
  const code = compile(path, source);
  try {
    mkdirSync(dirname(entry), { recursive: true });
    // Several processes may come here at once: each writes its own file whole, the last one stays.
    const mine = `${entry}.${String(process.pid)}`;
    writeFileSync(mine, stamp + code);
    renameSync(mine, entry);
  } catch {
    // A checkout that cannot be written to only starts more slowly.
  }
  return code;
}

/**
 * @param {{ _compile(code: string, path: string): void }} module
 * @param {string} path
 */
function loadTypeScript(module, path) {
  module._compile(load(path), path);
}

Object.assign(Reflect.get(Module, '_extensions'), { '.ts': loadTypeScript });

module.exports = { compile };
