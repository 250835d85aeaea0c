import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The way back: what a file of the SDK held before it was patched, kept in the SDK's top folder. Only the bytes that differ are
 * kept, between what both have in common at start and end.
 */
export const NOTE_NAME = '.esprig-sdk-patches.json';

export interface NoteEntry {
  readonly file: string;
  readonly originalSha256: string;
  readonly patchedSha256: string;
  readonly commonStartBytes: number;
  readonly commonEndBytes: number;
  /** Base64 of what stood between. */
  readonly original: string;
}

export type Note = readonly NoteEntry[];

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export function notePath(sdk: string): string {
  return join(sdk, NOTE_NAME);
}

/** Empty when there is none, or none that can be read: undoing then goes by content. */
export function readNote(sdk: string): Note {
  if (!existsSync(notePath(sdk))) return [];
  try {
    const { format, files } = JSON.parse(readFileSync(notePath(sdk), 'utf8')) as {
      format: number;
      files: Note;
    };
    return format === 1 && Array.isArray(files) ? (files as Note) : [];
  } catch {
    return [];
  }
}

export function encodeNote(note: Note): Uint8Array {
  const about =
    'Written by `esprig sdk patch`. `esprig sdk unpatch` restores the files from it, byte for byte.';
  return Buffer.from(`${JSON.stringify({ format: 1, about, files: note }, null, 2)}\n`);
}

export function noteOf(file: string, original: Uint8Array, patched: Uint8Array): NoteEntry {
  const least = Math.min(original.length, patched.length);
  let start = 0;
  while (start < least && original[start] === patched[start]) start += 1;
  let end = 0;
  while (end < least - start && original[original.length - 1 - end] === patched[patched.length - 1 - end])
    end += 1;
  return {
    ...{ file, originalSha256: sha256(original), patchedSha256: sha256(patched) },
    ...{ commonStartBytes: start, commonEndBytes: end },
    original: Buffer.from(original.subarray(start, original.length - end)).toString('base64'),
  };
}

/** The bytes from before, if these are the very bytes that the note is about. */
export function restoreByNote(note: Note, file: string, bytes: Uint8Array): Uint8Array | undefined {
  const entry = note.find((each) => each.file === file && each.patchedSha256 === sha256(bytes));
  if (entry === undefined) return undefined;
  const before = Buffer.concat([
    bytes.subarray(0, entry.commonStartBytes),
    Buffer.from(entry.original, 'base64'),
    bytes.subarray(bytes.length - entry.commonEndBytes),
  ]);
  return sha256(before) === entry.originalSha256 ? before : undefined;
}
