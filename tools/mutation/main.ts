/**
 * Plants mistakes in the codecs of harness/protocol and counts those that their tests see:
 * `npm run mutate [-- --mutate FILE]… [--resume] [--survivors] [--static]`. One file after the other, each with the tests
 * nearest to it, so that what is done stays done when a run is ended. For a person to run: all of it takes hours.
 * Exit codes: 0, 2 misuse, 3 a file could not be judged.
 */
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { nearestTests } from './nearest-tests';
import { lineOf, scoreOf, survivorsOf, totalOf, type MutationReport, type Score } from './score';

const ROOT = resolve(__dirname, '../..');
const KEPT = join(ROOT, 'build', 'mutation');
const CONFIG = join(__dirname, 'stryker.config.json');
const STRYKER = join(ROOT, 'node_modules/@stryker-mutator/core/bin/stryker.js');
const FILE_LIMIT_MS = 7_200_000;
const USAGE = 'npm run mutate [-- --mutate FILE]… [--resume] [--survivors] [--static]';

interface Kept {
  readonly sourceSha256: string;
  readonly score: Score;
  readonly survivors: readonly string[];
}

/** What Stryker is told besides the file and its tests. */
interface StrykerConfig {
  readonly jest: { readonly config: Readonly<Record<string, unknown>> };
}

/** Sources and tests of the room. */
function roomFiles(): readonly string[] {
  const names = readdirSync(join(ROOT, 'harness/protocol'), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).map((name) => `harness/protocol/${name}`);
}

/** The codecs, the short ones first. */
function codecs(room: readonly string[]): readonly string[] {
  return room
    .filter((name) => !name.endsWith('.test.ts') && !/testkit|testdata/.test(name))
    .sort((a, b) => statSync(join(ROOT, a)).size - statSync(join(ROOT, b)).size);
}

/** A Stryker configuration for one file and the tests nearest to it. */
function writeConfig(file: string, room: readonly string[], withStatic: boolean): string {
  const config = JSON.parse(readFileSync(CONFIG, 'utf8')) as StrykerConfig;
  const testMatch = nearestTests(ROOT, room, file).map((test) => `<rootDir>/${test}`);
  const path = join(KEPT, 'stryker.json');
  const jest = { ...config.jest, config: { ...config.jest.config, testMatch } };
  writeFileSync(path, JSON.stringify({ ...config, jest, mutate: [file], ignoreStatic: !withStatic }));
  return path;
}

function keptPath(file: string): string {
  return join(KEPT, `${file.replaceAll('/', '+')}.json`);
}

function sha256Of(file: string): string {
  return createHash('sha256')
    .update(readFileSync(join(ROOT, file)))
    .digest('hex');
}

function keptOf(file: string): Kept | undefined {
  try {
    const kept = JSON.parse(readFileSync(keptPath(file), 'utf8')) as Kept;
    return kept.sourceSha256 === sha256Of(file) ? kept : undefined;
  } catch {
    return undefined;
  }
}

/** @throws Error when Stryker leaves no report */
function mutate(file: string, room: readonly string[], withStatic: boolean): Kept {
  const sourceSha256 = sha256Of(file);
  const report = join(KEPT, 'mutation.json');
  rmSync(report, { force: true });
  const child = spawnSync(process.execPath, [STRYKER, 'run', writeConfig(file, room, withStatic)], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: FILE_LIMIT_MS,
    maxBuffer: 1 << 28,
  });
  let judged: MutationReport;
  try {
    judged = JSON.parse(readFileSync(report, 'utf8')) as MutationReport;
  } catch {
    const tail = `${child.stdout}\n${child.stderr}`.trimEnd().split('\n').slice(-12).join('\n');
    throw new Error(`${file}: Stryker left no report (status ${String(child.status)})\n${tail}`);
  }
  const kept: Kept = { sourceSha256, score: scoreOf(judged), survivors: survivorsOf(judged) };
  writeFileSync(keptPath(file), JSON.stringify(kept, undefined, 1));
  return kept;
}

function main(): number {
  const { values } = parseArgs({
    options: {
      mutate: { type: 'string', multiple: true },
      resume: { type: 'boolean', default: false },
      survivors: { type: 'boolean', default: false },
      static: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const room = roomFiles();
  const known = codecs(room);
  const unknown = (values.mutate ?? []).filter((file) => !known.includes(file));
  if (values.help || unknown.length > 0) {
    for (const file of unknown) console.error(`${file}: no source of harness/protocol`);
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  mkdirSync(KEPT, { recursive: true });
  const scores: Score[] = [];
  let broken = 0;
  for (const file of values.mutate ?? known) {
    const startedMs = performance.now();
    try {
      const kept = (values.resume ? keptOf(file) : undefined) ?? mutate(file, room, values.static);
      scores.push(kept.score);
      console.log(lineOf(file, kept.score, (performance.now() - startedMs) / 1000));
      if (values.survivors) for (const line of kept.survivors) console.log(`    ${line}`);
    } catch (error) {
      broken++;
      console.error((error as Error).message);
    }
  }
  console.log(lineOf('all', totalOf(scores)));
  return broken > 0 ? 3 : 0;
}

try {
  process.exitCode = main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 3;
}
