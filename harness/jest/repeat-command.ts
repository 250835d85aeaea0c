import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** In place of a title, of what goes wrong outside of the cases of a file. */
export const FILE_ITSELF = 'the file itself';

/** A shell line that runs one case alone, or the file where it was the file itself. */
export function repeatCommand(options: {
  readonly rootDir: string;
  /** From rootDir, with forward slashes. */
  readonly file: string;
  readonly titlePath: readonly string[];
  readonly rig: string;
}): string {
  const { rootDir, file, titlePath, rig } = options;
  const pattern = titlePath.join(' ').replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const title = titlePath[0] === FILE_ITSELF ? '' : ` -t ${quote(`^${pattern}$`)}`;
  const hasCommand = existsSync(join(rootDir, 'harness', 'cli', 'bin.cjs'));
  if (hasCommand) return `npx esprig run --rig ${quote(rig)} --case ${quote(file)}${title}`;
  return `ESPRIG_RIG=${quote(rig)} npx jest ${quote(file)}${title}`;
}

/** As it may be typed again: node and the path of its script become one word. */
export function commandLine(argv: readonly string[]): string {
  const [, script = 'jest', ...rest] = argv;
  const name = /([^/\\]+?)(\.[cm]?js)?$/.exec(script)?.[1] ?? 'jest';
  return [name, ...rest]
    .map((word) => (/^[\w./@:=+,-]+$/.test(word) ? word : JSON.stringify(word)))
    .join(' ');
}

function quote(text: string): string {
  return /^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
