'use strict';
const { afterEach, beforeEach, describe, expect, test } = require('@jest/globals');
const {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  utimesSync,
  writeFileSync,
} = require('node:fs');
const { tmpdir } = require('node:os');
const { delimiter, join } = require('node:path');
const { fingerprint } = require('./firmware-images.cjs');
const { ARCHIVE, debianUri, fetchLwip, isThere } = require('./lwip-source.cjs');

const REAL_ARCHIVE = join(__dirname, '../../build/third-party', ARCHIVE);

/** @type {string} */
let folder;
const path = process.env['PATH'] ?? '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-setup-firmware-'));
});
afterEach(() => {
  process.env['PATH'] = path;
  rmSync(folder, { recursive: true, force: true });
});

/** An apt-get that does what this shell script says, in front of the real one. */
function fakeApt(/** @type {string} */ script) {
  const place = join(folder, 'bin');
  mkdirSync(place);
  writeFileSync(join(place, 'apt-get'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(place, 'apt-get'), 0o755);
  process.env['PATH'] = `${place}${delimiter}${path}`;
}

describe('the place of Debian', () => {
  test.each([
    [
      'a line of sources.list',
      'deb http://mirror.example/debian bookworm main contrib\n',
      'http://mirror.example/debian',
    ],
    [
      'a line with options',
      'deb [arch=amd64] https://m.example/pub/debian/ sid main\n',
      'https://m.example/pub/debian',
    ],
    [
      'a deb822 file',
      'Types: deb\nURIs: http://m.example/debian\nSuites: trixie\n',
      'http://m.example/debian',
    ],
    ['only another archive', 'deb https://deb.other.example/node_20.x nodistro main\n', undefined],
    ['only the security archive', 'URIs: http://m.example/debian-security\n', undefined],
    ['what is commented out', '# deb http://old.example/debian stretch main\n', undefined],
  ])('by %s', (_what, text, uri) => expect(debianUri([text])).toBe(uri));
});

describe("lwIP's source", () => {
  const there = existsSync(REAL_ARCHIVE) ? test : test.skip;

  there('is unpacked from an archive that lies there, without apt, and then left alone', async () => {
    fakeApt('exit 9');
    copyFileSync(REAL_ARCHIVE, join(folder, ARCHIVE));
    expect(isThere(folder)).toBe(false);
    expect(await fetchLwip(folder, join(folder, 'log'))).toBeUndefined();
    expect(isThere(folder)).toBe(true);
    const source = join(folder, 'lwip-2.1.3/src/core/tcp.c');
    expect(existsSync(source)).toBe(true);
    rmSync(source);
    expect(await fetchLwip(folder, join(folder, 'log'))).toBeUndefined();
    expect(existsSync(source)).toBe(false);
  });

  test('that is another file than the wanted one is refused', async () => {
    fakeApt(`case "$*" in *source*) echo other > ${ARCHIVE};; esac`);
    writeFileSync(join(folder, ARCHIVE), 'damaged');
    expect(await fetchLwip(folder, join(folder, 'log'))).toContain(
      `${ARCHIVE} is not the file that was expected`,
    );
    expect(isThere(folder)).toBe(false);
  });

  test('that cannot be fetched is told of with the words of apt', async () => {
    fakeApt('echo "E: could not resolve the mirror" >&2; exit 100');
    const failure = await fetchLwip(folder, join(folder, 'log'));
    expect(failure).toContain('apt-get update: exit status 100');
    expect(failure).toContain('E: could not resolve the mirror');
    expect(isThere(folder)).toBe(false);
  });
});

describe('the fingerprint of what firmware is made of', () => {
  beforeEach(() => {
    for (const part of [
      'firmware/components/sse_ota/src',
      'firmware/app',
      'firmware/open-runtime',
      'tools/runtime',
    ]) {
      mkdirSync(join(folder, part), { recursive: true });
      writeFileSync(join(folder, part, 'one.c'), 'int one;\n');
    }
  });

  test('changes with a file that is added, removed or written', () => {
    const seen = [fingerprint(folder)];
    const file = join(folder, 'firmware/open-runtime/two.c');
    writeFileSync(file, 'int two;\n');
    seen.push(fingerprint(folder));
    utimesSync(file, 1, 1);
    seen.push(fingerprint(folder));
    expect(new Set(seen).size).toBe(3);
    rmSync(file);
    expect(fingerprint(folder)).toBe(seen[0]);
  });

  test('is not changed by tests and texts', () => {
    const before = fingerprint(folder);
    writeFileSync(join(folder, 'tools/runtime/some.test.ts'), '');
    writeFileSync(join(folder, 'firmware/open-runtime/README.md'), '');
    mkdirSync(join(folder, 'firmware/components/sse_ota/test_sse_ota_host'));
    writeFileSync(join(folder, 'firmware/components/sse_ota/test_sse_ota_host/main.c'), '');
    expect(fingerprint(folder)).toBe(before);
  });
});
