import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { UsageError } from '../../core/errors';
import { titlesIn } from './case-titles';

/** What Jest is told about which cases to run. */
export interface ChosenCases {
  /** Regular expression on paths; undefined: all files. */
  readonly files: string | undefined;
  /** Regular expression on full titles. */
  readonly titles: string | undefined;
}

/** Every case file, from the project's folder, with forward slashes. */
export function listCaseFiles(root: string): readonly string[] {
  const folder = join(root, 'cases');
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => relative(root, join(folder, name)).split(sep).join('/'))
      .sort();
  } catch {
    return [];
  }
}

/**
 * What `--case` means, said once or several times: files whose path one of them matches, or, when none matches any, cases
 * by their titles.
 * @throws UsageError ESPRIG_USAGE for what is no regular expression, and for a path among titles
 */
export function chooseCases(
  files: readonly string[],
  patterns: readonly string[],
  titles: string | undefined,
): ChosenCases {
  if (titles !== undefined) regexOf(titles, '--title');
  if (patterns.length === 0) return { files: undefined, titles };
  const strangers = patterns.filter((pattern) => {
    const regex = regexOf(pattern, '--case');
    return !files.some((file) => regex.test(file));
  });
  const [stranger] = strangers;
  if (stranger === undefined) return { files: anyOf(patterns), titles };
  if (titles === undefined && strangers.length === patterns.length) {
    return { files: undefined, titles: anyOf(patterns) };
  }
  throw new UsageError('ESPRIG_USAGE', `--case ${stranger}: no case file has such a path`, {
    hint:
      titles === undefined
        ? 'Several --case are all of them paths, or all of them titles.'
        : 'With --title, --case chooses files.',
  });
}

function anyOf(patterns: readonly string[]): string {
  const [only = ''] = patterns;
  return patterns.length === 1 ? only : patterns.map((pattern) => `(${pattern})`).join('|');
}

/** Those of the files that a choice means, as far as they tell their titles without being run. */
export function filesOf(
  files: readonly string[],
  { files: paths, titles }: ChosenCases,
  sourceOf: (file: string) => string,
): readonly string[] {
  const path = paths === undefined ? undefined : regexOf(paths, '--case');
  const title = titles === undefined ? undefined : regexOf(titles, '--title');
  return files.filter(
    (file) =>
      (path === undefined || path.test(file)) &&
      (title === undefined || titlesIn(sourceOf(file)).some((each) => title.test(each))),
  );
}

/** What was chosen means no case at all. */
export function noSuchCase(patterns: readonly string[], titles: string | undefined): UsageError {
  const chosen = patterns.map((pattern) => `'${pattern}'`).join(' or ');
  const what =
    titles === undefined
      ? `no case file or title matches ${chosen}`
      : `no case title${chosen === '' ? '' : ` in the files of --case ${chosen}`} matches '${titles}'`;
  return new UsageError('ESPRIG_USAGE', what, {
    hint:
      '`npx esprig run --list` shows the case files. A full title is that of the group, a blank and that of the case; ' +
      'what a table fills in is known only when it runs.',
  });
}

function regexOf(text: string, option: string): RegExp {
  try {
    return new RegExp(text, 'i');
  } catch (error) {
    throw new UsageError('ESPRIG_USAGE', `${option} ${text}: ${(error as Error).message}`, {
      hint: 'It is a regular expression; a part of a path or a title is one, too.',
      cause: error,
    });
  }
}
