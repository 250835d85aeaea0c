import { describe, expect, test } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { ROOMS } from './core/events';
import { describeViolation, findViolations, importsOf, type RoomPlan } from './rooms';
import roomsJson from './rooms.json';

const PLAN: RoomPlan = roomsJson;
const ROOT = resolve(__dirname, '..');

function sourcesOf(folder: string): ReadonlyMap<string, string> {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  const paths = names.filter((name) => name.endsWith('.ts')).map((name) => join(ROOT, folder, name));
  return new Map(
    paths.map((path) => [relative(ROOT, path).split(sep).join('/'), readFileSync(path, 'utf8')]),
  );
}

/** The rules that one planted file breaks. */
function rulesBroken(path: string, source: string): readonly string[] {
  return findViolations(new Map([[path, source]]), PLAN).map((violation) => violation.rule);
}

describe('the rooms of the house', () => {
  test('every file imports only what its room may', () => {
    const files = new Map([...sourcesOf('harness'), ...sourcesOf('cases')]);
    expect(files.size).toBeGreaterThan(10);
    expect(findViolations(files, PLAN).map(describeViolation).join('\n\n')).toBe('');
  });

  test('the plan names the rooms that events are told from', () => {
    expect([...Object.keys(PLAN.rooms), 'cases'].sort()).toEqual([...ROOMS].sort());
  });

  test('the plan itself has no loop and names no room that does not exist', () => {
    const planned = Object.entries(PLAN.rooms).map(([room, rule]): [string, string] => [
      `harness/${room}/x.ts`,
      rule.mayImport.map((to) => `import '../${to}/x';`).join('\n'),
    ]);
    expect(findViolations(new Map(planned), PLAN)).toEqual([]);
    const named = Object.values(PLAN.rooms).flatMap((rule) => [
      ...rule.mayImport,
      ...(rule.testsMayImport ?? []),
    ]);
    expect(named.filter((room) => PLAN.rooms[room] === undefined)).toEqual([]);
  });
});

describe('a planted mistake is found', () => {
  test.each([
    [
      'an upward import',
      'harness/port/a.ts',
      `import { x } from '../device/b';`,
      'port imports only core, chip',
    ],
    [
      'a type-only one',
      'harness/core/a.ts',
      `import type { X } from '../chip/b';`,
      'core imports no other room',
    ],
    ['a re-export', 'harness/chip/a.ts', `export * from '../core/b';`, 'chip imports no other room'],
    ['a dynamic import', 'harness/report/a.ts', `await import('../rig/b');`, 'report imports only core'],
    ['a require', 'harness/report/a.ts', `const b = require('../rig/b');`, 'report imports only core'],
    ['an import type', 'harness/core/a.ts', `let x: import('../rig/b').Rig;`, 'core imports no other room'],
    [
      'a node module in the emulator',
      'harness/emulator/a/b.ts',
      `import 'node:fs';`,
      'emulator uses no package',
    ],
    ['a package in the emulator', 'harness/emulator/a.ts', `import 'undici';`, 'emulator uses no package'],
    [
      'the harness in the emulator',
      'harness/emulator/a.ts',
      `import '../core/errors';`,
      'emulator imports only chip',
    ],
    [
      'the flasher’s codec in the emulator',
      'harness/emulator/rom/a.test.ts',
      `import '../../protocol/slip';`,
      'only chip',
    ],
    [
      'a serial driver in a device',
      'harness/device/a.ts',
      `import 'serialport';`,
      'device uses node:*, undici',
    ],
    [
      'a node module in a codec',
      'harness/protocol/a.ts',
      `import 'node:net';`,
      'protocol uses node:crypto, node:zlib',
    ],
    [
      'a case behind the front door',
      'cases/boot/a.test.ts',
      `import '../../harness/rig/rig';`,
      'harness/index only',
    ],
    ['a case with a socket', 'cases/boot/a.test.ts', `import 'node:net';`, 'cases uses @jest/globals'],
    ['tools in a room', 'harness/cli/a.ts', `import '../../tools/x';`, 'nothing from outside harness'],
    ['a testkit in the product', 'harness/port/a.ts', `import './testkit/b';`, 'only tests use test files'],
    [
      'a test of another room',
      'harness/rig/a.ts',
      `import '../port/port.contract';`,
      'only tests use test files',
    ],
    ['the front door from inside', 'harness/rig/a.ts', `import '../index';`, 'rig imports only'],
    ['a folder that is no room', 'harness/utils/a.ts', ``, 'every folder of harness/ is a room'],
  ])('%s', (_what, path, source, rule) => {
    const broken = rulesBroken(path, source);
    expect(broken).toHaveLength(1);
    expect(broken[0]).toContain(rule);
  });

  test('a loop between rooms, with the rooms on it', () => {
    const open = { mayImport: ['core', 'chip', 'rig'], packages: [], is: '' };
    const plan = { rooms: { core: open, chip: open, rig: open }, cases: open };
    const files = new Map([
      ['harness/core/a.ts', `import '../chip/b';`],
      ['harness/chip/b.ts', `import '../rig/c';`],
      ['harness/rig/c.ts', `import '../core/a';`],
    ]);
    expect(findViolations(files, plan)).toEqual([
      expect.objectContaining({
        file: 'harness/rig/c.ts',
        rule: 'no loops between rooms: core -> chip -> rig -> core',
      }),
    ]);
  });

  test('it is told with file, import, rule and remedy', () => {
    const [violation] = findViolations(new Map([['harness/emulator/a.ts', `import 'node:fs';`]]), PLAN);
    expect(violation && describeViolation(violation)).toBe(
      `harness/emulator/a.ts imports 'node:fs'\n` +
        '  rule:   emulator uses no package and no node module\n' +
        '  remedy: Take what is needed as an argument, and let a room that may use the package hand it in.',
    );
  });
});

describe('what is allowed is left alone', () => {
  test.each([
    ['a downward import', 'harness/device/a.ts', `import { x } from '../port/b';`],
    ['a neighbour', 'harness/emulator/cpu/a.ts', `import { x } from '../memory/b';`],
    ['a node module in a test of the emulator', 'harness/emulator/cpu/a.test.ts', `import 'node:fs';`],
    ['a node module in its testkit', 'harness/emulator/testkit/a.ts', `import 'node:child_process';`],
    ['a test that drives the far end', 'harness/port/a.test.ts', `import '../host/rfc2217-server';`],
    ['the front door for a case', 'cases/boot/a.test.ts', `import { rig } from '../../harness/index';`],
    ['the front door itself', 'harness/index.ts', `export * from './rig/rig';`],
    [
      'words in a comment or a text',
      'harness/core/a.ts',
      `// import '../rig/x'\nconst t = "import '../rig/x'";`,
    ],
  ])('%s', (_what, path, source) => {
    expect(rulesBroken(path, source)).toEqual([]);
  });

  test('all ways to import are seen', () => {
    const source = `
      import a from './1'; import type { b } from './2'; export { c } from './3'; export * from './4';
      const d = await import('./5'); const e = require('./6'); type F = import('./7').F; import './8';`;
    expect([...importsOf(source)].sort()).toEqual(['./1', './2', './3', './4', './5', './6', './7', './8']);
  });
});
