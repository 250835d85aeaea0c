import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const IMPORT = /\bfrom '(\.[^']+)'/g;

/**
 * The tests that are nearest to a source: the one of its own name, and those that import it, else those that import what
 * imports it, and so on. All tests that reach it would be many: everything stands on the bytes.
 * @param files sources and tests, relative to `root`
 */
export function nearestTests(root: string, files: readonly string[], source: string): readonly string[] {
  const importers = new Map<string, string[]>();
  for (const file of files) {
    for (const [, target] of readFileSync(join(root, file), 'utf8').matchAll(IMPORT)) {
      const path = join(dirname(file), target!);
      for (const imported of [`${path}.ts`, join(path, 'index.ts')])
        importers.set(imported, [...(importers.get(imported) ?? []), file]);
    }
  }
  const own = files.filter((file) => file === source.replace(/\.ts$/, '.test.ts'));
  const seen = new Set([source]);
  for (let ring: readonly string[] = [source]; ring.length > 0;) {
    const next = [...new Set(ring.flatMap((file) => importers.get(file) ?? []))].filter(
      (file) => !seen.has(file),
    );
    const tests = next.filter((file) => file.endsWith('.test.ts'));
    if (tests.length > 0) return [...new Set([...own, ...tests])].sort();
    for (const file of next) seen.add(file);
    ring = next;
  }
  return own;
}
