import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { UsageError } from '../../core/errors';

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
 * What `--case` means: files whose path it matches, or, when it matches none, cases by their titles.
 * @throws UsageError ESPRIG_USAGE for what is no regular expression
 */
export function chooseCases(
  files: readonly string[],
  pattern: string | undefined,
  titles: string | undefined,
): ChosenCases {
  if (titles !== undefined) regexOf(titles, '--title');
  if (pattern === undefined) return { files: undefined, titles };
  const regex = regexOf(pattern, '--case');
  if (files.some((file) => regex.test(file))) return { files: pattern, titles };
  if (titles === undefined) return { files: undefined, titles: pattern };
  throw new UsageError('ESPRIG_USAGE', `--case ${pattern}: no case file has such a path`, {
    hint: 'With --title, --case chooses files.',
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
