import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { ROOT, WORK } from './paths';
import { GCC, hashOf, inParallel, PICOLIBC, runTool, toolsVersion, writeWhole } from './tool';

/** One source file and how it is compiled. */
export interface Unit {
  readonly component: string;
  /** Whole path. */
  readonly source: string;
  /** Folders, whole paths. */
  readonly includes: readonly string[];
  readonly flags: readonly string[];
}

export interface CompiledObject {
  readonly component: string;
  /** Relative to the checkout. */
  readonly path: string;
  /** Files of the checkout that went in, with their hashes. */
  readonly inputs: ReadonlyMap<string, string>;
}

// prettier-ignore
const FLAGS = [
  '-std=gnu99', '-g', '-ffreestanding', '-fno-builtin-printf', '-mlongcalls', '-mtext-section-literals', '-fno-common',
  '-ffunction-sections', '-fdata-sections', '-fno-strict-aliasing', '-fno-ident',
];
/** For what we wrote. */
export const STRICT_FLAGS = ['-Wall', '-Wextra', '-Wshadow', '-Wconversion', '-Werror'] as const;

/** What a compiled object was made of; kept beside it. */
interface KeptRecord {
  readonly inputs: Readonly<Record<string, string>>;
}

/** Compiles what changed since last time; objects stay in build/runtime/objects. @throws Error with the compiler's words */
export function compileAll(units: readonly Unit[]): Promise<readonly CompiledObject[]> {
  const hashes = new FileHashes();
  return inParallel(units, (unit) => compile(unit, hashes));
}

async function compile(unit: Unit, hashes: FileHashes): Promise<CompiledObject> {
  const source = relative(ROOT, unit.source);
  const includes = unit.includes.map((folder) => `-I${relative(ROOT, folder)}`);
  const flags = [...FLAGS, ...unit.flags, ...includes, '-isystem', `${PICOLIBC}/include`];
  // The checkout's own place gets into no object: neither through __FILE__ nor through debug information.
  const prefixes = [`-ffile-prefix-map=${ROOT}/=`, `-fdebug-prefix-map=${ROOT}=.`];
  const key = hashOf(toolsVersion(), flags.join(' '), source).slice(0, 16);
  const folder = join(WORK, 'objects', unit.component, key);
  const object = join(folder, `${basename(source).replace(/\.\w+$/, '')}.o`);
  const record = `${object}.json`;
  const kept = readRecord(record);
  if (kept === undefined || !existsSync(object) || !hashes.areSame(kept.inputs)) {
    mkdirSync(folder, { recursive: true });
    const partial = `${object}.${process.pid}`;
    const depfile = `${partial}.d`;
    await runTool(GCC, [...flags, ...prefixes, '-MD', '-MF', depfile, '-c', source, '-o', partial], source);
    const inputs = Object.fromEntries(
      readDependencies(readFileSync(depfile, 'utf8')).map((path) => [path, hashes.of(path)]),
    );
    rmSync(depfile);
    renameSync(partial, object);
    writeWhole(record, JSON.stringify({ inputs }));
    return result(unit, object, inputs);
  }
  return result(unit, object, kept.inputs);
}

function result(unit: Unit, object: string, inputs: Readonly<Record<string, string>>): CompiledObject {
  return { component: unit.component, path: relative(ROOT, object), inputs: new Map(Object.entries(inputs)) };
}

function readRecord(path: string): KeptRecord | undefined {
  if (!existsSync(path)) return undefined;
  return JSON.parse(readFileSync(path, 'utf8')) as KeptRecord;
}

/** The files in a rule `object: source header …` of make that belong to the checkout. */
function readDependencies(rule: string): readonly string[] {
  const words = rule
    .replace(/\\\n/g, ' ')
    .replace(/^[^:]*:/, '')
    .split(/\s+/);
  return words.filter((word) => word !== '' && !word.startsWith('/')).sort();
}

/** Contents of files by hash, each read once. */
class FileHashes {
  private readonly known = new Map<string, string>();

  of(path: string): string {
    let hash = this.known.get(path);
    if (hash === undefined) {
      const whole = join(ROOT, path);
      hash = existsSync(whole) ? hashOf(readFileSync(whole)) : 'gone';
      this.known.set(path, hash);
    }
    return hash;
  }

  areSame(inputs: Readonly<Record<string, string>>): boolean {
    return Object.entries(inputs).every(([path, hash]) => this.of(path) === hash);
  }
}
