import { buildSync } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');
const ENTRY = 'harness/host/board-worker.ts';
/** For counting what ran: the engine's report is by file, and the one script has lost their names. */
const FROM_SOURCES = `require(${JSON.stringify(join(ROOT, 'harness/register.cjs'))});
require(${JSON.stringify(join(ROOT, ENTRY))});`;
const KEPT = join(ROOT, 'build', 'board-worker');

/** What a kept script was made of: hash of every source by its path. */
interface Kept {
  readonly node: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly script: string;
}

let script: string | undefined;

/**
 * The program of a board's thread as one script, so that it runs the same from the command, from Jest and at full
 * speed. Kept in build/ and used again only while every source is the same to the byte: bundling is most of the time
 * that a board takes to start.
 */
export function workerScript(): string {
  script ??= process.env['NODE_V8_COVERAGE'] === undefined ? (keptScript() ?? buildScript()) : FROM_SOURCES;
  return script;
}

function keptScript(): string | undefined {
  try {
    const kept = JSON.parse(readFileSync(`${KEPT}.json`, 'utf8')) as Kept;
    if (kept.node !== process.version) return undefined;
    for (const [path, hash] of Object.entries(kept.inputs)) if (hashOf(path) !== hash) return undefined;
    return kept.script;
  } catch {
    // Never built, or half of it is gone.
    return undefined;
  }
}

function buildScript(): string {
  const startedMs = Date.now();
  const { outputFiles, metafile } = buildSync({
    absWorkingDir: ROOT,
    entryPoints: [ENTRY],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    write: false,
    metafile: true,
    outdir: 'build',
  });
  const built = outputFiles[0]!.text;
  const paths = Object.keys(metafile.inputs);
  // A source that was changed while it was being read may have another hash than what became of it.
  if (paths.every((path) => statSync(join(ROOT, path)).mtimeMs < startedMs)) {
    const inputs = Object.fromEntries(paths.map((path) => [path, hashOf(path)]));
    keep({ node: process.version, inputs, script: built });
  }
  return built;
}

function keep(kept: Kept): void {
  try {
    mkdirSync(join(ROOT, 'build'), { recursive: true });
    // Several processes may come here at once: each writes its own file whole, the last one stays.
    const mine = `${KEPT}.${process.pid}`;
    writeFileSync(mine, JSON.stringify(kept));
    renameSync(mine, `${KEPT}.json`);
  } catch {
    // A checkout that cannot be written to only starts more slowly.
  }
}

function hashOf(path: string): string {
  return createHash('sha256')
    .update(readFileSync(join(ROOT, path)))
    .digest('hex');
}
