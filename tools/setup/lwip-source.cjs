'use strict';
/*
 * lwIP's source, which the firmware for emulated boards is built with, out of Debian's source package. Fetched by apt with
 * package lists of its own, so that nothing of the machine's changes and no root is needed; taken only if it is the very
 * file that is wanted. Whoever has no apt or no network may put the archive into build/third-party by hand.
 */
const { createHash } = require('node:crypto');
const {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} = require('node:fs');
const { join } = require('node:path');
const { runBounded, seconds } = require('./bounded-child.cjs');

const PACKAGE = 'lwip=2.1.3+dfsg1-2';
const RELEASE = 'bookworm';
const ARCHIVE = 'lwip_2.1.3+dfsg1.orig.tar.xz';
const SHA256 = '0a8276d09fc4e97bbba2f953d74af2388fc2195ea156be9d7589e297a68fde24';
const FOLDER = 'lwip-2.1.3';
/** Left in the folder once it is whole; holds the hash of what it came from. */
const STAMP = '.source-sha256';
const LIMIT_MS = 120_000;
const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** @param {string} thirdParty */
function isThere(thirdParty) {
  const stamp = join(thirdParty, FOLDER, STAMP);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === SHA256;
}

/**
 * Where this machine gets Debian from: the first source whose path is that of the main archive. A mirror or proxy that
 * somebody has set up here is thus used.
 * @param {readonly string[]} texts contents of sources.list and its kin, both formats
 * @returns {string | undefined} undefined when none of them is the main archive
 */
function debianUri(texts) {
  for (const text of texts) {
    for (const line of text.split('\n')) {
      const match =
        /^\s*deb(?:-src)?\s+(?:\[[^\]]*\]\s+)?(\S+)\s+\S+.*\bmain\b/.exec(line) ??
        /^URIs:\s*(\S+)/i.exec(line);
      if (match?.[1] !== undefined && /\/debian\/?$/.test(match[1])) return match[1].replace(/\/$/, '');
    }
  }
  return undefined;
}

/** @returns {readonly string[]} */
function machineSources() {
  const folder = '/etc/apt/sources.list.d';
  const files = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => /\.(list|sources)$/.test(name))
        .map((name) => join(folder, name))
    : [];
  return [...files, '/etc/apt/sources.list']
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'));
}

/** @param {string} file */
function isArchive(file) {
  return existsSync(file) && createHash('sha256').update(readFileSync(file)).digest('hex') === SHA256;
}

/**
 * @param {string} work a folder for apt alone
 * @param {string} logFolder
 * @returns {Promise<string | undefined>} why not, in a phrase
 */
async function download(work, logFolder) {
  if (!existsSync('/usr/bin/apt-get')) return 'there is no apt-get here';
  const uri = debianUri(machineSources());
  if (uri === undefined) return "no source of this machine's apt is Debian's main archive";
  for (const folder of ['lists/partial', 'cache/archives/partial', 'state']) {
    mkdirSync(join(work, folder), { recursive: true });
  }
  // Where the archive is signed by keys that are not here, the hash below is what protects us.
  const trust = existsSync(KEYS) ? `signed-by=${KEYS}` : 'trusted=yes';
  const list = join(work, 'sources.list');
  writeFileSync(list, `deb-src [${trust}] ${uri} ${RELEASE} main\n`);
  const options = [
    ...['-q', '-o', `Dir::Etc::sourcelist=${list}`, '-o', 'Dir::Etc::sourceparts=/dev/null'],
    ...['-o', `Dir::State=${join(work, 'state')}`, '-o', `Dir::State::lists=${join(work, 'lists')}`],
    ...[
      '-o',
      `Dir::Cache=${join(work, 'cache')}`,
      '-o',
      'Dir::State::status=/dev/null',
      '-o',
      'Debug::NoLocking=1',
    ],
    ...['-o', 'Acquire::Retries=2', '-o', 'Acquire::http::Timeout=30', '-o', 'Acquire::https::Timeout=30'],
    ...['-o', 'Acquire::Languages=none', '-o', 'APT::Sandbox::User=root'],
  ];
  for (const args of [['update'], ['source', '--download-only', PACKAGE]]) {
    const end = await runBounded({
      label: "lwIP's source",
      command: 'apt-get',
      args: [...options, ...args],
      cwd: work,
      env: { LC_ALL: 'C' },
      limitMs: LIMIT_MS,
      logFile: join(logFolder, `lwip-${args[0] ?? ''}.log`),
    });
    if (!end.ok)
      return `apt-get ${args[0] ?? ''}: ${end.why}; its last words:\n${end.tail.replace(/^/gm, '    ')}`;
  }
  return undefined;
}

/**
 * Makes sure of build/third-party/lwip-2.1.3.
 * @param {string} thirdParty
 * @param {string} logFolder
 * @returns {Promise<string | undefined>} why it is not there, for a person
 */
async function fetchLwip(thirdParty, logFolder) {
  if (isThere(thirdParty)) return undefined;
  const startedMs = Date.now();
  const work = join(thirdParty, `.fetch-${String(process.pid)}`);
  const archive = join(thirdParty, ARCHIVE);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  try {
    if (!isArchive(archive)) {
      process.stdout.write("esprig set-up: fetching lwIP's source from Debian (once)\n");
      const failure = await download(work, logFolder);
      if (failure !== undefined) return failure;
      const fetched = join(work, ARCHIVE);
      if (!isArchive(fetched)) return `${ARCHIVE} is not the file that was expected (SHA-256 ${SHA256})`;
      renameSync(fetched, archive);
    }
    const unpacked = await runBounded({
      label: "unpacking lwIP's source",
      command: 'tar',
      args: ['-xJf', archive, '-C', work, `${FOLDER}/src`, `${FOLDER}/COPYING`],
      limitMs: LIMIT_MS,
      logFile: join(logFolder, 'lwip-tar.log'),
    });
    if (!unpacked.ok) return `tar: ${unpacked.why} (it needs xz, Debian: xz-utils)\n${unpacked.tail}`;
    writeFileSync(join(work, FOLDER, STAMP), SHA256);
    rmSync(join(thirdParty, FOLDER), { recursive: true, force: true });
    renameSync(join(work, FOLDER), join(thirdParty, FOLDER));
    process.stdout.write(`esprig set-up: lwIP's source is there (${seconds(Date.now() - startedMs)})\n`);
    return undefined;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

module.exports = { ARCHIVE, SHA256, debianUri, fetchLwip, isThere };
