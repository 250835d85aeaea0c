import { describe, expect, test } from '@jest/globals';
import { junitXml } from './junit';
import { largeRun, NASTY_LINES, sampleCase, sampleRun } from './testkit/sample-run';
import { parseXml, type ParsedElement } from './testkit/parse-xml';

/** The common schema (junit-10.xsd of the Jenkins xUnit plugin): attributes of each element, and its children in order. */
const SCHEMA: Readonly<Record<string, { required: string[]; optional: string[]; children: string[] }>> = {
  testsuites: {
    required: [],
    optional: ['name', 'time', 'tests', 'failures', 'errors', 'skipped', 'timestamp', 'disabled'],
    children: ['testsuite'],
  },
  testsuite: {
    required: ['name', 'tests'],
    optional: ['failures', 'errors', 'skipped', 'time', 'timestamp', 'hostname', 'id', 'package', 'disabled'],
    children: ['properties', 'testcase', 'system-out', 'system-err'],
  },
  properties: { required: [], optional: [], children: ['property'] },
  property: { required: ['name', 'value'], optional: [], children: [] },
  testcase: {
    required: ['name', 'classname'],
    optional: ['time', 'assertions', 'status', 'file'],
    children: ['skipped', 'error', 'failure', 'system-out', 'system-err'],
  },
  skipped: { required: [], optional: ['message', 'type'], children: [] },
  error: { required: [], optional: ['message', 'type'], children: [] },
  failure: { required: [], optional: ['message', 'type'], children: [] },
  'system-out': { required: [], optional: [], children: [] },
};

function violations(node: ParsedElement): readonly string[] {
  const rule = SCHEMA[node.name];
  if (rule === undefined) return [`<${node.name}> is not in the schema`];
  const names = Object.keys(node.attributes);
  const order = node.children.map((child) => rule.children.indexOf(child.name));
  return [
    ...rule.required.filter((name) => !names.includes(name)).map((name) => `${node.name} lacks ${name}`),
    ...names
      .filter((name) => !rule.required.includes(name) && !rule.optional.includes(name))
      .map((name) => `${node.name} has ${name}`),
    ...(order.includes(-1) ? [`${node.name} has a wrong child`] : []),
    ...(order.some((place, index) => place < (order[index - 1] ?? 0)) ? [`${node.name}: wrong order`] : []),
    ...node.children.flatMap(violations),
  ];
}

const byName = (node: ParsedElement, name: string): readonly ParsedElement[] =>
  node.children.filter((child) => child.name === name);

describe('the XML', () => {
  test('follows the schema, and its numbers are those of its cases', () => {
    const { record } = largeRun(90, 90);
    const root = parseXml(junitXml(record));
    expect(violations(root)).toEqual([]);
    expect(root.attributes).toMatchObject({
      tests: '90',
      failures: String(record.totals.failed),
      errors: String(record.totals.broken),
      skipped: String(record.totals.skipped),
    });
    expect(record.totals.failed * record.totals.broken * record.totals.skipped).toBeGreaterThan(0);
    for (const suite of byName(root, 'testsuite')) {
      const cases = byName(suite, 'testcase');
      const count = (name: string) => String(cases.filter((one) => byName(one, name).length === 1).length);
      expect(suite.attributes).toMatchObject({
        tests: String(cases.length),
        failures: count('failure'),
        errors: count('error'),
        skipped: count('skipped'),
        timestamp: expect.stringMatching(/^2026-11-22T20:\d\d:\d\d$/),
      });
    }
  });

  test('the schema check finds what is wrong', () => {
    const wrong =
      '<testsuites bad="1"><testsuite><testcase name="n" classname="c"/><properties/><x/></testsuite></testsuites>';
    expect(violations(parseXml(wrong))).toEqual([
      'testsuites has bad',
      'testsuite lacks name',
      'testsuite lacks tests',
      'testsuite has a wrong child',
      'testsuite: wrong order',
      '<x> is not in the schema',
    ]);
  });

  test('survives what a device prints', () => {
    const failures = [{ message: NASTY_LINES.join('\n'), evidence: [{ title: 'log', lines: NASTY_LINES }] }];
    const one = sampleCase({ titlePath: [...NASTY_LINES], verdict: 'failed', failures });
    const xml = junitXml(sampleRun([one], { command: NASTY_LINES.join(' ') }));
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]|\ud800/);
    expect(xml).not.toContain('<script');
    const [suite] = parseXml(xml).children;
    const [failure] = byName(byName(suite!, 'testcase')[0]!, 'failure');
    expect(failure?.attributes['message']).toBe(NASTY_LINES[0]);
    expect(failure?.text).toContain('red and cleared');
  });
});

describe('a run that was cut short', () => {
  const reason = 'The run was interrupted (SIGINT).';
  const cases = [
    sampleCase({ titlePath: ['done'] }),
    sampleCase({ titlePath: ['left'], verdict: 'skipped', skipReason: 'the run was ended before it' }),
  ];

  test('is an error of its own, so that nobody takes it for green', () => {
    const root = parseXml(junitXml(sampleRun(cases, { exitCode: 3, cutShort: reason })));
    expect(violations(root)).toEqual([]);
    expect(root.attributes).toMatchObject({ tests: '3', failures: '0', errors: '1', skipped: '1' });
    const suite = root.children.at(-1)!;
    expect(suite.attributes).toMatchObject({ name: 'esprig', tests: '1', errors: '1', skipped: '0' });
    const [one] = byName(suite, 'testcase');
    expect(one?.attributes['name']).toBe('the run was cut short');
    expect(byName(one!, 'error').map(({ attributes }) => attributes)).toEqual([
      { message: reason, type: 'harness/ESPRIG_CANCELLED' },
    ]);
  });

  test('needs none where a case says so already', () => {
    const broken = sampleCase({ titlePath: ['cut'], verdict: 'broken', code: 'ESPRIG_CANCELLED' });
    const root = parseXml(junitXml(sampleRun([...cases, broken], { cutShort: reason })));
    expect(root.attributes).toMatchObject({ tests: '3', errors: '1' });
  });
});

describe('a case', () => {
  const only = (facts: Parameters<typeof sampleCase>[0]): ParsedElement => {
    const [suite] = parseXml(junitXml(sampleRun([sampleCase(facts)]))).children;
    return byName(suite!, 'testcase')[0]!;
  };

  test('that failed is a failure, one that is broken an error; both say who must act and the code', () => {
    const failures = [
      { message: 'first\nsecond', blame: 'dut' as const, hint: 'look', stack: 'at x', evidence: [] },
      { message: 'another', evidence: [] },
    ];
    const failed = only({ titlePath: ['t'], verdict: 'failed', failures });
    expect(failed.children.map(({ name }) => name)).toEqual(['failure', 'system-out']);
    expect(failed.children[0]?.attributes).toEqual({ message: 'first', type: 'dut' });
    expect(failed.children[0]?.text).toBe('first\nsecond\nhint: look\nat x\n\nanother');
    const broken = only({ titlePath: ['t'], verdict: 'broken', blame: 'rig', code: 'ESPRIG_PORT_BUSY' });
    expect(broken.children[0]).toMatchObject({
      name: 'error',
      attributes: { message: 'no message', type: 'rig/ESPRIG_PORT_BUSY' },
    });
  });

  test('that was skipped says why', () => {
    const skipped = only({ titlePath: ['t'], verdict: 'skipped', skipReason: 'cannot cut power' });
    expect(skipped.children[0]).toMatchObject({
      name: 'skipped',
      attributes: { message: 'cannot cut power' },
    });
  });

  test('has a class name by its file, and says how to repeat it and what was tried before', () => {
    const one = only({
      file: 'cases/ota-bad/magic.test.ts',
      titlePath: ['group', 'title'],
      needs: ['power-cut'],
      elapsedMs: 1234.4,
      attempts: [{ verdict: 'broken', elapsedMs: 5, message: 'cable' }],
    });
    expect(one.attributes).toEqual({
      name: 'group › title',
      classname: 'cases.ota-bad.magic',
      time: '1.234',
    });
    expect(one.children[0]?.text).toMatch(
      /^id: c[0-9a-f]{16}\nrepeat: npx esprig run .*\nneeds: power-cut\nattempt 1: broken cable$/,
    );
  });
});

test('a suite tells the rig, its firmware and what was measured there', () => {
  const one = sampleCase({ titlePath: ['t'] });
  const run = sampleRun([one], {
    metrics: [{ name: 'boot time', value: 312, unit: 'ms', rig: one.rig, caseId: one.id }],
  });
  const [suite] = parseXml(junitXml(run)).children;
  const properties = byName(suite!, 'properties')[0]!.children.map(({ attributes }) => [
    attributes['name'],
    attributes['value'],
  ]);
  expect(properties).toEqual(
    expect.arrayContaining([
      ['rig', 'virtual-1mb'],
      ['rig.layout', 'one-mb'],
      ['firmware.version', '1.0.0'],
      ['firmware.ota_0.sha256', 'ab'.repeat(32)],
      ['metric.boot time', '312 ms'],
    ]),
  );
});
