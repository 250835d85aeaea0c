'use strict';
const { afterEach, beforeEach, describe, expect, test } = require('@jest/globals');
const { spawnSync } = require('node:child_process');
const {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { describeMissing, failedLately } = require('./apt.cjs');
const { runBounded } = require('./bounded-child.cjs');
const { DEBIAN_PACKAGES, missingPackages } = require('./debian-packages.cjs');
const { linkOwnCommand } = require('./link-bin.cjs');
const { completeRows, missingOptional } = require('./complete-lock.cjs');
const { nodeModulesProblem } = require('./node-modules.cjs');
const { nodeVersionProblem } = require('./node-version.cjs');

/** @type {string} */
let folder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-setup-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the version of Node', () => {
  test.each(['20.18.1', '20.19.0', '20.20.2'])('%s will do', (version) => {
    expect(nodeVersionProblem(version)).toBeUndefined();
  });

  test.each(['18.20.4', '20.18.0', '20.9.0', '21.0.0', '22.12.0', ''])(
    '%s is refused in one clear line',
    (version) => {
      const problem = nodeVersionProblem(version);
      expect(problem).toMatch(/^esprig needs Node 20 \(20\.18\.1 .*this is Node .*Install Node 20[^\n]*$/);
      expect(problem).toContain(`this is Node ${version}.`);
    },
  );

  test('the package says the same', () => {
    const { engines } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8'));
    expect(engines.node).toBe('>=20.18.1 <21');
  });
});

describe('node modules', () => {
  /** @param {string} version */
  const row = (version) => ({ version, integrity: `sha512-${version}` });
  /**
   * @param {Record<string, unknown>} locked
   * @param {Record<string, unknown> | undefined} installed
   */
  const lay = (locked, installed) => {
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...locked } }));
    mkdirSync(join(folder, 'node_modules', 'a'), { recursive: true });
    if (installed === undefined) return;
    writeFileSync(
      join(folder, 'node_modules', '.package-lock.json'),
      JSON.stringify({ packages: installed }),
    );
  };

  test('that are as locked need nothing', () => {
    const other = { ...row('1.0.0'), optional: true };
    lay(
      { 'node_modules/a': row('1.0.0'), 'node_modules/other-cpu': other },
      { 'node_modules/a': row('1.0.0') },
    );
    expect(nodeModulesProblem(folder)).toBeUndefined();
  });

  test.each([
    ['an interrupted install', { 'node_modules/a': row('1.0.0') }, undefined, 'missing or incomplete'],
    [
      'another version',
      { 'node_modules/a': row('1.0.1') },
      { 'node_modules/a': row('1.0.0') },
      'changed (node_modules/a)',
    ],
    ['a package too many', {}, { 'node_modules/a': row('1.0.0') }, 'node_modules/a is no longer in it'],
    ['a package too few', { 'node_modules/a': row('1.0.0') }, {}, 'changed (node_modules/a)'],
    [
      'a deleted folder',
      { 'node_modules/b': row('1.0.0') },
      { 'node_modules/b': row('1.0.0') },
      'node_modules/b is gone',
    ],
  ])('%s is noticed', (_what, locked, installed, problem) => {
    lay(locked, installed);
    expect(nodeModulesProblem(folder)).toContain(problem);
  });

  test('those of this checkout are in place', () => {
    expect(nodeModulesProblem(join(__dirname, '..', '..'))).toBeUndefined();
  });
});

describe('the lock', () => {
  const rows = {
    '': {},
    'node_modules/core': {
      version: '1.2.3',
      dev: true,
      optionalDependencies: {
        '@core/core-linux-x64-gnu': '1.2.3',
        '@core/core-linux-arm-musleabihf': '1.2.3',
        '@core/core-win32-ia32-msvc': '1.2.3',
        '@core/core-darwin-arm64': '1.2.3',
        nested: '^1.0.0',
        above: '^1.0.0',
      },
    },
    'node_modules/@core/core-linux-x64-gnu': { version: '1.2.3', integrity: 'sha512-x', optional: true },
    'node_modules/core/node_modules/nested': { version: '1.0.0', optional: true },
    'node_modules/core/node_modules/nested/node_modules/deep': {
      version: '1.0.0',
      optionalDependencies: { above: '^1.0.0', nested: '^1.0.0' },
    },
    'node_modules/above': { version: '1.0.0', optional: true },
  };

  test('gets a row for each machine whose package the registry did not offer', () => {
    const complete = completeRows(rows);
    expect(missingOptional(rows)).toHaveLength(3);
    expect(missingOptional(complete)).toEqual([]);
    expect(complete['node_modules/@core/core-linux-arm-musleabihf']).toEqual({
      version: '1.2.3',
      cpu: ['arm'],
      dev: true,
      libc: ['musl'],
      optional: true,
      os: ['linux'],
    });
    expect(complete['node_modules/@core/core-win32-ia32-msvc']).toMatchObject({
      cpu: ['ia32'],
      os: ['win32'],
    });
    expect(complete['node_modules/@core/core-darwin-arm64']).not.toHaveProperty('libc');
    expect(Object.keys(complete)).toEqual([...Object.keys(complete)].sort(new Intl.Collator('en').compare));
    expect(complete).toMatchObject(rows);
  });

  test('is not guessed at where a name tells no machine', () => {
    const odd = { 'node_modules/a': { version: '1.0.0', optionalDependencies: { fsevents: '~2.3.2' } } };
    expect(() => completeRows(odd)).toThrow('fsevents@~2.3.2');
  });

  test('of this project is complete, else `npm ci` refuses it: run `npm run lock`', () => {
    const text = readFileSync(join(__dirname, '..', '..', 'package-lock.json'), 'utf8');
    expect(missingOptional(JSON.parse(text).packages).map(({ name }) => name)).toEqual([]);
  });
});

describe('Debian packages', () => {
  const table = [
    { name: 'one', probe: 'tool-one', modes: ['test'], use: 'counts', without: 'nothing is counted' },
    {
      name: 'two',
      probe: '/no/such/file',
      modes: ['start', 'test'],
      use: 'adds',
      without: 'nothing is added',
    },
  ];
  /** @param {string} mode */
  const missing = (mode) => missingPackages(mode, table, folder).map((found) => found.name);

  test('a command counts when it is on PATH and can be run', () => {
    expect(missing('test')).toEqual(['one', 'two']);
    writeFileSync(join(folder, 'tool-one'), '');
    expect(missing('test')).toEqual(['one', 'two']);
    chmodSync(join(folder, 'tool-one'), 0o755);
    expect(missing('test')).toEqual(['two']);
  });

  test('a folder on PATH that cannot be looked into is passed over', () => {
    writeFileSync(join(folder, 'no-folder'), '');
    const path = [join(folder, 'no-folder'), '', folder].join(':');
    expect(missingPackages('test', table, path).map((found) => found.name)).toEqual(['one', 'two']);
  });

  test('a mode looks only for what it needs', () => {
    expect(missing('start')).toEqual(['two']);
  });

  test('what stays missing is told with its use, what is disabled, and the command that installs it', () => {
    const text = describeMissing(table, 'this is not a Debian machine');
    expect(text).toContain('because this is not a Debian machine');
    expect(text).toContain('  one: counts. Without it: nothing is counted.\n');
    expect(text).toContain('sudo apt-get install --no-install-recommends one two');
  });

  test('an attempt that failed is made again after an hour, or for other packages', () => {
    const note = join(folder, 'apt-failed.txt');
    expect(failedLately(note, ['one'])).toBeUndefined();
    writeFileSync(note, 'one\ntwo');
    expect(failedLately(note, ['one', 'two'])).toContain('an attempt 0 minutes ago did not work');
    expect(failedLately(note, ['one'])).toBeUndefined();
    const longAgo = new Date(Date.now() - 3_700_000);
    utimesSync(note, longAgo, longAgo);
    expect(failedLately(note, ['one', 'two'])).toBeUndefined();
  });

  test('every row of the real table is complete', () => {
    expect(DEBIAN_PACKAGES.length).toBeGreaterThan(0);
    for (const { name, probe, modes, use, without } of DEBIAN_PACKAGES) {
      expect(name).toMatch(/^[a-z0-9][a-z0-9.+-]+$/);
      expect([probe, use, without].every((text) => text.length > 1)).toBe(true);
      expect(modes.length).toBeGreaterThan(0);
    }
  });
});

describe('a bounded child', () => {
  /** @param {string} script */
  const plan = (script, limitMs = 20_000) => ({
    label: 'child',
    command: process.execPath,
    args: ['-e', script],
    limitMs,
    logFile: join(folder, 'child.log'),
    quiet: true,
  });

  test('hands back how it ended and its last words', async () => {
    const end = await runBounded(plan('console.log("one"); console.error("two"); process.exitCode = 4'));
    expect(end).toMatchObject({ ok: false, status: 4, timedOut: false, why: 'exit status 4' });
    expect(end.tail.split('\n').slice(1).sort()).toEqual(['one', 'two']);
  });

  test('that does well is ok', async () => {
    expect(await runBounded(plan(''))).toMatchObject({ ok: true, status: 0 });
  });

  test('is ended at its limit together with what it started', async () => {
    const pidFile = join(folder, 'pid');
    const grandchild = `require('fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setTimeout(() => {}, 60000)`;
    const script = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}]); setTimeout(() => {}, 60000)`;
    const end = await runBounded(plan(script, 1_500));
    expect(end).toMatchObject({ ok: false, timedOut: true, why: 'ended after its limit of 1.5 s' });
    expect(existsSync(pidFile)).toBe(true);
    const pid = Number(readFileSync(pidFile, 'utf8'));
    let alive = true;
    for (let turn = 0; alive && turn < 100; turn++) {
      try {
        process.kill(pid, 0);
        // Dead, and only waiting for a lazy process 1 to notice.
        if (existsSync(`/proc/${pid}/stat`) && / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')))
          alive = false;
        else await new Promise((resolve) => setTimeout(resolve, 20));
      } catch {
        alive = false;
      }
    }
    expect(alive).toBe(false);
  }, 30_000);

  test('that cannot be started is told in words', async () => {
    const end = await runBounded({ ...plan(''), command: join(folder, 'nothing-here') });
    expect(end).toMatchObject({ ok: false, status: undefined });
    expect(end.why).toContain('ENOENT');
  });
});

describe('the command of the checkout', () => {
  test('is linked where npx looks for it, once and again', () => {
    for (let turn = 0; turn < 2; turn++) {
      linkOwnCommand(folder);
      mkdirSync(join(folder, 'harness', 'cli'), { recursive: true });
      writeFileSync(join(folder, 'harness', 'cli', 'bin.cjs'), 'the command');
      expect(readFileSync(join(folder, 'node_modules', '.bin', 'esprig'), 'utf8')).toBe('the command');
    }
  });

  test('replaces whatever stood in its place', () => {
    mkdirSync(join(folder, 'node_modules', '.bin'), { recursive: true });
    writeFileSync(join(folder, 'node_modules', '.bin', 'esprig'), 'something else');
    linkOwnCommand(folder);
    expect(existsSync(join(folder, 'node_modules', '.bin', 'esprig'))).toBe(false);
  });
});

describe('the set-up command', () => {
  const script = join(__dirname, '..', 'setup.cjs');

  test.each([[[]], [['bench']], [['test', 'more']]])(
    'with %j says how to call it, and ends with 2',
    (args) => {
      const run = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', timeout: 20_000 });
      expect(run.status).toBe(2);
      expect(run.stderr).toBe('usage: node tools/setup.cjs start|test\n');
    },
  );

  test('has nothing to do and nothing to say where all is in place', () => {
    /** @param {number} limitMs */
    const setUp = (limitMs) =>
      spawnSync(process.execPath, [script, 'start'], { encoding: 'utf8', timeout: limitMs });
    // Source of the firmware that was edited since the last set-up is built by this one.
    setUp(300_000);
    const startedMs = Date.now();
    const run = setUp(20_000);
    expect([run.status, run.stdout, run.stderr]).toEqual([0, '', '']);
    expect(Date.now() - startedMs).toBeLessThan(2_000);
  });
});
