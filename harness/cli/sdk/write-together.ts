import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { RigError } from '../../core/errors';

export interface FileChange {
  readonly path: string;
  /** undefined: the file is to go. */
  readonly bytes: Uint8Array | undefined;
}

/** What a test replaces. */
export interface WriteSystem {
  readonly rename: (from: string, to: string) => void;
}

const DEFAULT_MODE = 0o644;

interface Draft {
  readonly path: string;
  readonly draft: string | undefined;
  readonly before: Uint8Array | undefined;
  readonly mode: number;
}

/**
 * Changes all files or none. Each goes from old to new in one step, in the order given; when one cannot, those before it are
 * put back.
 * @throws RigError ESPRIG_USAGE_FILE when a file cannot be written; then everything is as it was
 */
export function writeTogether(
  changes: readonly FileChange[],
  system: WriteSystem = { rename: renameSync },
): void {
  const drafts: Draft[] = [];
  const done: Draft[] = [];
  let at = '';
  try {
    for (const change of changes) {
      at = change.path;
      drafts.push(prepare(change));
    }
    for (const draft of drafts) {
      at = draft.path;
      if (draft.draft === undefined) rmSync(draft.path, { force: true });
      else system.rename(draft.draft, draft.path);
      done.push(draft);
    }
  } catch (error) {
    for (const { path, before, mode } of done.reverse()) {
      if (before === undefined) rmSync(path, { force: true });
      else renameSync(writeDraft(path, before, mode), path);
    }
    throw cannot(at, error);
  } finally {
    for (const { draft } of drafts) if (draft !== undefined) rmSync(draft, { force: true });
  }
}

/** A link stays a link: what it points to is changed. */
function prepare({ path: given, bytes }: FileChange): Draft {
  const stat = statSync(given, { throwIfNoEntry: false });
  const path = stat === undefined ? given : realpathSync(given);
  const mode = stat === undefined ? DEFAULT_MODE : stat.mode & 0o777;
  if (stat !== undefined && (mode & 0o222) === 0) {
    throw Object.assign(new Error('it is marked read-only'), { code: 'READ_ONLY' });
  }
  return {
    ...{ path, mode },
    draft: bytes === undefined ? undefined : writeDraft(path, bytes, mode),
    before: stat === undefined ? undefined : readFileSync(path),
  };
}

/** Beside the file, so that the rename stays on one file system. */
function writeDraft(path: string, bytes: Uint8Array, mode: number): string {
  const draft = `${path}.esprig-${process.pid}`;
  rmSync(draft, { force: true });
  const file = openSync(draft, 'wx', mode);
  try {
    for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
    fsyncSync(file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  return draft;
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'there is no room left',
};

function cannot(path: string, error: unknown): RigError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new RigError(
    'ESPRIG_USAGE_FILE',
    `${path} cannot be written: ${REASONS[code] ?? message}; nothing was changed`,
    {
      hint: 'Make the SDK writable, or patch a copy of it of your own and let IDF_PATH point there.',
      cause: error,
    },
  );
}
