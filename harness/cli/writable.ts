import { closeSync, openSync, rmSync, statSync } from 'node:fs';
import { UsageError } from '../core/errors';

/**
 * Tells before the work whether its result can be put where it should go. What is there keeps its content until then,
 * and what is not there is not left behind.
 * @param what the option or argument, for the message
 * @throws UsageError ESPRIG_USAGE_FILE
 */
export function mustBeWritable(what: string, path: string): void {
  try {
    const before = statSync(path, { throwIfNoEntry: false });
    // Opening a pipe would wait for its reader, and a device may do anything.
    if (before !== undefined && !before.isFile() && !before.isDirectory()) return;
    closeSync(openSync(path, 'a'));
    if (before === undefined) rmSync(path);
  } catch (error) {
    throw cannotWrite(what, path, error);
  }
}

/** The file system's refusal for the person who named the file. */
export function cannotWrite(what: string, path: string, error: unknown): UsageError {
  const { code, message } = error as NodeJS.ErrnoException;
  const why = code === 'ENOENT' ? 'there is no such folder' : message;
  return new UsageError('ESPRIG_USAGE_FILE', `${what}: cannot write ${path}: ${why}`, {
    cause: error,
    hint: 'Name a file in a folder that you may write to, and that has space.',
  });
}
