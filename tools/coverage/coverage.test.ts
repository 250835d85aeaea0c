import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readProcessCoverage } from './process-coverage';
import { percentRun, roomOf, spansOf, sumOf, tableOf } from './rooms';
import { compileSource } from './source-lines';

const REGISTER = resolve(__dirname, '../../harness/register.cjs');

const SOURCE = `interface Shape {
  readonly side: number;
}

/** Not code. */
export function area(shape: Shape): number {
  if (shape.side < 0) {
    throw new Error('negative');
  }
  return shape.side ** 2;
}

area({ side: 3 });
`;

describe('lines that ran', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'esprig-coverage-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function runOnce(file: string): void {
    const child = spawnSync(process.execPath, ['-r', REGISTER, file], {
      env: { ...process.env, NODE_V8_COVERAGE: join(folder, 'coverage') },
      encoding: 'utf8',
    });
    expect(child.stderr).toBe('');
    expect(child.status).toBe(0);
  }

  test('types and comments are no lines', () => {
    const file = join(folder, 'area.ts');
    writeFileSync(file, SOURCE);
    const lines = [...compileSource(file).offsetOfLine.keys()].sort((a, b) => a - b);
    expect(lines).toEqual(expect.arrayContaining([6, 7, 8, 10, 13]));
    for (const line of [1, 2, 4, 5, 12]) expect(lines).not.toContain(line);
  });

  test('what another process ran counts, what it passed by does not', () => {
    const file = join(folder, 'area.ts');
    writeFileSync(file, SOURCE);
    runOnce(file);
    const { codeLength, offsetOfLine } = compileSource(file);
    const ran = readProcessCoverage(join(folder, 'coverage'), (path) =>
      path === file ? codeLength : undefined,
    );
    const wasRun = (line: number): boolean => ran.get(file)![offsetOfLine.get(line)!] === 1;
    expect([6, 7, 10, 13].map(wasRun)).toEqual([true, true, true, true]);
    expect(wasRun(8)).toBe(false);
  });

  test('two runs add up', () => {
    const file = join(folder, 'area.ts');
    writeFileSync(file, SOURCE);
    runOnce(file);
    const caller = join(folder, 'caller.ts');
    writeFileSync(
      caller,
      `import { area } from './area';\ntry { area({ side: -1 }); } catch { /* as wanted */ }\n`,
    );
    runOnce(caller);
    const { codeLength, offsetOfLine } = compileSource(file);
    const ran = readProcessCoverage(join(folder, 'coverage'), (path) =>
      path === file ? codeLength : undefined,
    );
    expect(ran.get(file)![offsetOfLine.get(8)!]).toBe(1);
  });

  test('a file that a killed process left half written is passed over', () => {
    writeFileSync(join(folder, 'coverage-1-2-0.json'), '{"result":[{"url":"file:///a.ts","func');
    expect(readProcessCoverage(folder, () => 10).size).toBe(0);
  });
});

describe('the table of rooms', () => {
  test('has the whole last, counted by lines and not by files', () => {
    const files = [
      { path: 'harness/core/a.ts', lines: 10, missed: [] },
      { path: 'harness/core/b.ts', lines: 10, missed: [3, 4, 5, 9] },
      { path: 'harness/index.ts', lines: 4, missed: [] },
    ];
    expect(sumOf(files)).toEqual({ files: 3, lines: 24, missed: 4 });
    const table = tableOf(files);
    expect(table).toHaveLength(3);
    expect(table[0]).toMatch(/^harness +100\.0 %/);
    expect(table[1]).toMatch(/^harness\/core +80\.0 % +16 of +20 lines in +2 files/);
    expect(table[2]).toMatch(/^all +83\.3 %/);
    expect(percentRun({ lines: 0, missed: 0 })).toBe(100);
    expect(roomOf('harness/device/testkit/x.ts')).toBe('harness/device');
  });

  test('names missed lines as spans', () => {
    expect(spansOf([3, 4, 5, 9])).toBe('3-5, 9');
    expect(spansOf([])).toBe('');
  });
});
