/**
 * How much of harness/ the tests run, by lines that hold code: `npm run coverage [-- --check PERCENT] [--missed] [PATH …]`.
 * Counts what runs within Jest, and in the processes and threads that tests start: the command, emulated boards, Jest itself.
 * Exit codes: 0, 1 below --check or tests failed, 2 misuse, 3 nothing to count.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { readProcessCoverage } from './process-coverage';
import { percentRun, spansOf, sumOf, tableOf, type FileLines } from './rooms';
import { compileSource, type CompiledSource } from './source-lines';

const ROOT = resolve(__dirname, '../..');
const SCRATCH = join(ROOT, 'build', 'coverage');
const PROCESSES = join(SCRATCH, 'processes');
/** Counting makes the emulated boards slower. */
const LIMIT_MS = 3_600_000;
const USAGE = 'npm run coverage [-- --check PERCENT] [--missed] [PATH of tests …]';

/** What Jest's own report has of one file: a "statement" a line. @source https://github.com/istanbuljs/istanbuljs */
interface JestFile {
  readonly statementMap: Readonly<Record<string, { readonly start: { readonly line: number } }>>;
  readonly s: Readonly<Record<string, number>>;
}

function sourcesOf(): ReadonlyMap<string, CompiledSource> {
  const names = readdirSync(join(ROOT, 'harness'), { recursive: true, encoding: 'utf8' });
  const wanted = names.filter(
    (name) => name.endsWith('.ts') && !/\.(test|contract)\.ts$/.test(name) && !name.includes(`testkit${sep}`),
  );
  return new Map(
    wanted
      // Runs in a browser, which counts nothing here; harness/report/page has tests that drive it.
      .filter((name) => !name.startsWith(join('report', 'page')))
      .map((name) => join(ROOT, 'harness', name))
      .map((path) => [path, compileSource(path)]),
  );
}

/** @returns true when all of them passed */
function runTests(paths: readonly string[]): boolean {
  rmSync(SCRATCH, { recursive: true, force: true });
  mkdirSync(PROCESSES, { recursive: true });
  const jest = spawnSync(
    process.execPath,
    [
      join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js'),
      ...paths,
      '--coverage',
      '--coverageProvider=v8',
      '--coverageReporters=json',
      `--coverageDirectory=${SCRATCH}`,
      '--collectCoverageFrom=harness/**/*.ts',
      '--selectProjects',
      'unit',
      'virtual',
    ],
    {
      cwd: ROOT,
      env: { ...process.env, NODE_V8_COVERAGE: PROCESSES },
      stdio: 'inherit',
      timeout: LIMIT_MS,
    },
  );
  return jest.status === 0;
}

function countLines(sources: ReadonlyMap<string, CompiledSource>): readonly FileLines[] {
  const inJest = JSON.parse(readFileSync(join(SCRATCH, 'coverage-final.json'), 'utf8')) as Readonly<
    Record<string, JestFile>
  >;
  const inProcesses = readProcessCoverage(PROCESSES, (path) => sources.get(path)?.codeLength);
  return [...sources].map(([path, { offsetOfLine }]) => {
    const run = new Set<number>();
    const { statementMap = {}, s = {} } = inJest[path] ?? {};
    for (const [id, { start }] of Object.entries(statementMap)) if (s[id]! > 0) run.add(start.line);
    const ran = inProcesses.get(path);
    const missed = [...offsetOfLine]
      .filter(([line, offset]) => !run.has(line) && ran?.[offset] !== 1)
      .map(([line]) => line)
      .sort((a, b) => a - b);
    return { path: relative(ROOT, path).split(sep).join('/'), lines: offsetOfLine.size, missed };
  });
}

function main(): number {
  const { values, positionals } = parseArgs({
    options: {
      check: { type: 'string' },
      missed: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const barPercent = values.check === undefined ? 0 : Number(values.check);
  if (values.help || !(barPercent >= 0 && barPercent <= 100)) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  const startedMs = performance.now();
  const sources = sourcesOf();
  const isGreen = runTests(positionals);
  const files = countLines(sources);
  writeFileSync(join(SCRATCH, 'lines.json'), JSON.stringify(files, undefined, 1));
  if (values.missed) {
    for (const { path, missed } of files)
      if (missed.length > 0) console.log(`${path}: ${missed.length} (${spansOf(missed)})`);
    console.log('');
  }
  for (const line of tableOf(files)) console.log(line);
  const elapsedS = Math.round((performance.now() - startedMs) / 1000);
  console.log(`in ${elapsedS} s; every file in ${relative(ROOT, SCRATCH)}/lines.json`);
  const sum = sumOf(files);
  return isGreen && percentRun(sum) >= barPercent ? 0 : 1;
}

try {
  process.exitCode = main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 3;
}
