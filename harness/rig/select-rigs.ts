import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { UsageError } from '../core/errors';
import { nearestFew } from './nearest';
import { readRigFile, type RigFile } from './rig-file';
import { isRigPath, RIG_FILE_ENDING } from './rig-path';

/** Where rig files are: those of the project, and those of one's own bench. */
export interface RigPlaces {
  /** Folder that holds a `rigs/`. Default: this checkout, and the folder that the command is run in. */
  readonly root?: string;
}

/** This checkout. */
export const PROJECT_ROOT = resolve(__dirname, '..', '..');
const FOLDERS = ['rigs', join('rigs', 'local')] as const;
/** Rigs that are there to be copied: chosen by their whole name only. */
const EXAMPLES: ReadonlySet<string> = new Set(['example-bench']);

/** Names that an error proposes. */
const MOST_MEANT = 3;
/** So much of a name's beginning says what was meant. */
const LEAST_BEGUN = 3;

/** Every rig file by its name, those of one's own bench last. Files are not read. */
export function listRigFiles(
  places: RigPlaces = {},
): readonly { readonly name: string; readonly file: string }[] {
  return foldersOf(places).flatMap((folder) =>
    namesIn(folder).map((name) => ({
      name: name.slice(0, -RIG_FILE_ENDING.length),
      file: join(folder, name),
    })),
  );
}

/** The folder that the names of files in a rig file count from: the one that its `rigs/` stands in, else its own. */
export function baseOf(rigFile: string): string {
  const folder = dirname(rigFile);
  const above = dirname(folder);
  if (basename(folder) === 'rigs') return above;
  return basename(folder) === 'local' && basename(above) === 'rigs' ? dirname(above) : folder;
}

/** The folder of the project that the command is run for: this checkout, or another one that uses it. */
export function projectInUse(): string {
  const here = process.cwd();
  const way = relative(PROJECT_ROOT, here);
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way) ? here : PROJECT_ROOT;
}

function foldersOf(places: RigPlaces): readonly string[] {
  return rootsOf(places).flatMap((root) => FOLDERS.map((folder) => join(root, folder)));
}

function rootsOf({ root }: RigPlaces): readonly string[] {
  return root === undefined ? [...new Set([PROJECT_ROOT, projectInUse()])] : [root];
}

/**
 * The files of the rigs that these names, patterns (`rack-*`) or paths choose; each once, in the order asked for.
 * @throws UsageError ESPRIG_RIG_NOT_FOUND
 */
export function selectRigFiles(patterns: readonly string[], places: RigPlaces = {}): readonly string[] {
  const rigs = listRigFiles(places);
  const chosen = patterns.flatMap((pattern) => {
    if (isRigPath(pattern)) return [isAbsolute(pattern) ? pattern : resolve(pattern)];
    const regex = globRegex(pattern);
    const found = rigs.filter(({ name }) => name === pattern || (regex.test(name) && !EXAMPLES.has(name)));
    if (found.length === 0) throw notFound(pattern, rigs, places);
    const twice = found.find(({ name }, index) => found.findIndex((other) => other.name === name) !== index);
    if (twice !== undefined) {
      throw new UsageError('ESPRIG_USAGE', `two rig files are called ${twice.name}`, {
        hint: `One of them is ${twice.file}; call it something else.`,
      });
    }
    return found.map(({ file }) => file);
  });
  return [...new Set(chosen)];
}

/**
 * Reads the rig file that a name or a path means.
 * @throws UsageError ESPRIG_RIG_NOT_FOUND, ESPRIG_USAGE_FILE, ESPRIG_RIG_FILE_INVALID
 */
export function findRig(name: string, places: RigPlaces = {}): RigFile {
  const files = selectRigFiles([name], places);
  if (files.length === 1) return readRigFile(files[0]!);
  throw new UsageError('ESPRIG_USAGE', `'${name}' means ${files.length} rigs, and one is wanted`, {
    hint: `They are ${files.join(', ')}.`,
  });
}

function notFound(
  pattern: string,
  rigs: readonly { readonly name: string }[],
  places: RigPlaces,
): UsageError {
  const names = rigs.map(({ name }) => name);
  const near = nearestFew(pattern.replaceAll(/[*?]/g, ''), names, MOST_MEANT);
  const begun = names.filter((name) => pattern.length >= LEAST_BEGUN && name.startsWith(pattern));
  const meant = [...new Set([...begun, ...near])].slice(0, MOST_MEANT);
  const what = /[*?]/.test(pattern) ? `no rig has a name like '${pattern}'` : `no rig is called '${pattern}'`;
  return new UsageError('ESPRIG_RIG_NOT_FOUND', what, {
    hint:
      otherEnding(pattern, places) ??
      (meant.length === 0
        ? `There are ${names.join(', ')}. A rig file elsewhere is named by its path.`
        : `Did you mean ${meant.join(' or ')}? \`npx esprig rigs\` lists them all.`),
  });
}

/** The other ending that YAML files have is read by nobody: one kind of name is enough, and the schema goes by it. */
function otherEnding(name: string, places: RigPlaces): string | undefined {
  const file = `${name.replace(/\.yml$/, '')}.yml`;
  const found = foldersOf(places)
    .map((folder) => join(folder, file))
    .find((path) => existsSync(path));
  return found === undefined
    ? undefined
    : `There is ${found}: rig files end in ${RIG_FILE_ENDING}, so rename it.`;
}

/** `*` any characters, `?` one; nothing else has a meaning. */
function globRegex(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(RIG_FILE_ENDING))
      .sort();
  } catch {
    return [];
  }
}
