import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../core/errors';
import type { RunRecord } from './run-record';

/**
 * The record of a run: `run.json` itself, or the run's folder.
 * @throws UsageError ESPRIG_USAGE_FILE
 */
export async function readRun(path: string): Promise<RunRecord> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const file = isFolder ? join(path, 'run.json') : path;
  const hint = 'Name the folder of a run under reports/, or its run.json; `reports/latest` is the last one.';
  let record: unknown;
  try {
    record = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : message;
    throw new UsageError('ESPRIG_USAGE_FILE', `${file} cannot be read: ${why}`, { hint, cause: error });
  }
  if (!isRunRecord(record)) {
    throw new UsageError('ESPRIG_USAGE_FILE', `${file} is no record of a run in format 1`, { hint });
  }
  return record;
}

function isRunRecord(value: unknown): value is RunRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { formatVersion, cases, rigs, metrics, totals } = value as Record<string, unknown>;
  const areLists = [cases, rigs, metrics].every((list) => Array.isArray(list));
  return formatVersion === 1 && areLists && typeof totals === 'object';
}
