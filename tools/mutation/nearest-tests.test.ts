import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nearestTests } from './nearest-tests';

describe('the tests nearest to a source', () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'esprig-nearest-'))));
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function room(files: Readonly<Record<string, string>>): readonly string[] {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return Object.keys(files);
  }

  test('are those that import it, wherever they stand', () => {
    const files = room({
      'a.ts': '',
      'lab/b.ts': "import { a } from '../a';",
      'lab/b.test.ts': "import { b } from './b';",
      'a.test.ts': "import { a } from './a';",
      'lab/a-too.test.ts': "import type { A } from '../a';",
    });
    expect(nearestTests(root, files, 'a.ts')).toEqual(['a.test.ts', 'lab/a-too.test.ts']);
  });

  test('are those of its importers when nothing tests it directly', () => {
    const files = room({
      'a.ts': '',
      'b.ts': "export { a } from './a';",
      'c.ts': "import { b } from './b';",
      'b.test.ts': "import { b } from './b';",
      'c.test.ts': "import { c } from './c';",
    });
    expect(nearestTests(root, files, 'a.ts')).toEqual(['b.test.ts']);
  });

  test('are the one of its own name, too, whatever that imports', () => {
    const files = room({
      'a.ts': '',
      'b.ts': "export { a } from './a';",
      'sample.ts': "import { b } from './b';",
      'b.test.ts': "import { b } from './b';",
      'a.test.ts': "import { sample } from './sample';",
    });
    expect(nearestTests(root, files, 'a.ts')).toEqual(['a.test.ts', 'b.test.ts']);
    expect(nearestTests(root, ['a.ts', 'a.test.ts'], 'a.ts')).toEqual(['a.test.ts']);
  });

  test('are none when nothing leads to it, in a circle neither', () => {
    const files = room({ 'a.ts': "import { b } from './b';", 'b.ts': "import { a } from './a';" });
    expect(nearestTests(root, files, 'a.ts')).toEqual([]);
  });
});
