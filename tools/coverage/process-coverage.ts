import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One stretch of compiled code, and how often it ran: the inner ones correct the outer ones. */
interface CoverageRange {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly CoverageRange[] }[];
}

/**
 * Adds up what the processes and threads left that ran with NODE_V8_COVERAGE: for each wanted file one byte per character
 * of its compiled code, 1 where it has run. A file that a killed process left half written is passed over.
 * @param lengthOf length of a file's compiled code, undefined for files that are not wanted
 * @source https://nodejs.org/docs/latest-v20.x/api/cli.html#node_v8_coveragedir
 */
export function readProcessCoverage(
  folder: string,
  lengthOf: (path: string) => number | undefined,
): ReadonlyMap<string, Uint8Array> {
  const ran = new Map<string, Uint8Array>();
  for (const name of readdirSync(folder)) {
    for (const { url, functions } of scriptsOf(join(folder, name))) {
      if (!url.startsWith('file:')) continue;
      const path = fileURLToPath(url);
      const length = lengthOf(path);
      if (length === undefined) continue;
      const here = new Uint8Array(length);
      // V8 lists an outer function before the inner ones, and a function's own range before its blocks.
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges)
          here.fill(count > 0 ? 1 : 0, startOffset, endOffset);
      }
      const sum = ran.get(path);
      if (sum === undefined) ran.set(path, here);
      else for (let at = 0; at < length; at++) sum[at]! |= here[at]!;
    }
  }
  return ran;
}

function scriptsOf(path: string): readonly ScriptCoverage[] {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { result: readonly ScriptCoverage[] }).result;
  } catch {
    return [];
  }
}
