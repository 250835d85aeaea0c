import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { applyEdit, copyWithFault, faultedFiles, listFaults, parseFault, readFault } from './faults';
import { PROBES } from './probes';

const FIRMWARE = join(__dirname, '../../firmware');
const edit = (find: string, replace = 'new\n') => ({ file: 'components/sse_ota/src/a.c', find, replace });

describe('every fault of firmware/faults', () => {
  it.each(listFaults())('%s fits the source as it is, and changes it', (name) => {
    const fault = readFault(name);
    for (const [file, text] of faultedFiles(fault)) {
      expect(text).not.toBe(readFileSync(join(FIRMWARE, file), 'utf8'));
    }
    const names = PROBES.map((probe) => probe.name);
    if (fault.probe !== undefined) expect(names).toContain(fault.probe);
  });

  it('there is one for each fault that is known from the author’s firmware, and more', () => {
    const seen = listFaults().filter((name) => /author/.test(readFault(name).seenIn));
    expect(seen.length).toBeGreaterThanOrEqual(16);
  });
});

describe('an edit', () => {
  const text = 'int f(void)\n{\n    if (a) {\n        b();\n    }\n\n    c();\n}\n';

  it('finds its lines at any indentation and puts the new ones there', () => {
    expect(
      applyEdit(text, edit('if (a) {\n    b();\n}\n\nc();\n', 'd();\n\nif (e) {\n    f();\n}\n'), 'x'),
    ).toBe('int f(void)\n{\n    d();\n\n    if (e) {\n        f();\n    }\n}\n');
  });

  it.each([
    ['nothing there', 'nope();\n', /holds "nope\(\);" nowhere: has the source changed\?/],
    ['a part of a line', '(a) {\n', /nowhere/],
    ['lines that follow with another indentation', 'if (a) {\nb();\n', /and what follows it nowhere/],
    ['more than one place', '}\n', /in lines 5, 8: once is wanted/],
  ])('of %s is refused', (_what, find, wanted) => {
    expect(() => applyEdit(text, edit(find), 'x')).toThrow(wanted);
  });
});

describe('a manifest', () => {
  const good = {
    ...{ title: 't', seenIn: 's', inTheField: 'i', expectedCases: 'e', probe: 'p' },
    edits: [edit('a\n')],
  };
  const read = (change: object) => () => parseFault('x', JSON.stringify({ ...good, ...change }));

  it('that holds what it must is read', () => {
    expect(read({})()).toEqual({ ...good, name: 'x', host: [] });
  });

  it.each([
    ['without a title', { title: ' ' }, /fault x: title is no text/],
    ['with a key that nobody knows', { tittle: 't' }, /unknown key tittle/],
    ['that changes nothing', { edits: [] }, /it changes nothing/],
    ['with half an edit', { edits: [{ file: 'a', find: 'b' }] }, /edit 1 has not file, find and replace/],
    ['that looks for nothing', { edits: [edit('\n')] }, /edit 1 looks for nothing/],
    ['that reaches out of the firmware', { edits: [{ ...edit('a'), file: 'app/../../x' }] }, /is in none of/],
    ['with a key of cases that nobody knows', { cases: { files: 'a' } }, /holds not file, title and rig/],
    ['with cases of no file', { cases: { title: 'a' } }, /cases names no file/],
    ['with half a pattern', { cases: { file: 'a(' } }, /a\( is no regular expression/],
    ['with cases and without', { cases: { file: 'a' }, notByCases: 'b' }, /cases and notByCases/],
    ['that nothing notices', { probe: undefined }, /neither a probe nor notOnHost/],
  ])('%s is refused', (_what, change, wanted) => {
    expect(read(change)).toThrow(wanted);
  });

  it('that does not exist is refused with those that do', () => {
    expect(() => readFault('nope')).toThrow(/no fault "nope".*read-zero-loops/);
  });
});

describe('a copy of the firmware', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'esprig-faults-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const at = (...parts: string[]) => join(folder, ...parts);
  const of = (file: string) => readFileSync(join(FIRMWARE, file), 'utf8');

  it('is the firmware but for the fault, and without what is not built', () => {
    const changed = copyWithFault(readFault('progress-100-early'), at('a'));
    expect(changed).toEqual(['components/sse_ota/src/server_upload.c']);
    expect(readFileSync(at('a', changed[0]!), 'utf8')).toContain('#define RECEIVED_PERCENT 100u');
    const same = 'components/sse_ota/src/server.c';
    expect(readFileSync(at('a', same), 'utf8')).toBe(of(same));
    expect(readFileSync(at('a/app/main/wifi.c'), 'utf8')).toBe(of('app/main/wifi.c'));
    expect(readdirSync(at('a/components/sse_ota'))).not.toContain('test_sse_ota_host');
    expect(copyWithFault(undefined, at('b'))).toEqual([]);
    expect(readFileSync(at('b', changed[0]!), 'utf8')).toBe(of(changed[0]!));
  });
});
