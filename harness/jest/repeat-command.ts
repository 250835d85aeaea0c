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
  /** Folder of a firmware set, where it was not the rig's own: with another one it would be another case. */
  readonly firmware?: string | undefined;
}): string {
  const { rootDir, file, titlePath, rig, firmware } = options;
  const title = `^${titlePath.join(' ').replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;
  const titles = titlePath[0] === FILE_ITSELF ? [] : ['-t', quote(title)];
  const hasCommand = existsSync(join(rootDir, 'harness', 'cli', 'bin.cjs'));
  const words = hasCommand
    ? [
        ...['npx esprig run --rig', quote(rig)],
        ...(firmware === undefined ? [] : ['--firmware', quote(firmware)]),
        ...['--case', quote(file)],
      ]
    : [
        `ESPRIG_RIG=${quote(rig)}`,
        ...(firmware === undefined ? [] : [`ESPRIG_FIRMWARE=${quote(firmware)}`]),
        ...['npx jest', quote(file)],
      ];
  return [...words, ...titles].join(' ');
}

/** As it may be typed again: node and the path of its script become one word. */
export function commandLine(argv: readonly string[]): string {
  const [, script = 'jest', ...rest] = argv;
  const name = /([^/\\]+?)(\.[cm]?js)?$/.exec(script)?.[1] ?? 'jest';
  return [name, ...rest.map(quote)].join(' ');
}

/** A word as a shell takes it for itself. */
function quote(text: string): string {
  return /^[\w./@:=+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
