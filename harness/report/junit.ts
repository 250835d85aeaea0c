import { caseId, type CaseRecord, type FailureRecord, type RigRecord, type RunRecord } from './run-record';
import { element, toXml, type XmlElement } from './xml';

/**
 * JUnit XML as CI servers read it: one suite per file and rig. A failed case is a `failure`, a broken one an `error`: the
 * difference between a red firmware and a red rig. `type` carries who must act and the code.
 */
export function junitXml(record: RunRecord): string {
  const cut = cutShortCase(record);
  const suites = suitesOf([...record.cases, ...cut]);
  const { cases, failed, broken, skipped } = record.totals;
  return toXml(
    element(
      'testsuites',
      {
        name: 'esprig',
        tests: cases + cut.length,
        failures: failed,
        errors: broken + cut.length,
        skipped,
        time: seconds(record.elapsedMs),
        timestamp: timestamp(record.startedAt),
      },
      suites.map((suite, index) => suiteElement(suite, index, record)),
    ),
  );
}

interface Suite {
  readonly file: string;
  readonly rig: string;
  readonly cases: readonly CaseRecord[];
}

/**
 * The format knows outcomes of cases only. A run that was cut short between two of them has none that is red, and a
 * server would show it as green: it gets one.
 */
function cutShortCase({ cutShort, totals, elapsedMs, command }: RunRecord): readonly CaseRecord[] {
  if (cutShort === undefined || totals.broken > 0) return [];
  const [file, titlePath, rig] = ['esprig', ['the run was cut short'], ''] as const;
  return [
    {
      ...{ id: caseId(file, titlePath, rig), file, titlePath, rig, verdict: 'broken' },
      ...{ blame: 'harness', code: 'ESPRIG_CANCELLED', startedAtMs: elapsedMs, elapsedMs: 0, phases: [] },
      ...{ failures: [{ message: cutShort, evidence: [] }], needs: [], repeatCommand: command },
    },
  ];
}

function suitesOf(cases: readonly CaseRecord[]): readonly Suite[] {
  const suites = new Map<string, CaseRecord[]>();
  for (const one of cases) {
    const key = JSON.stringify([one.file, one.rig]);
    suites.set(key, [...(suites.get(key) ?? []), one]);
  }
  return [...suites.values()].flatMap((cases) => {
    const [first] = cases;
    return first === undefined ? [] : [{ file: first.file, rig: first.rig, cases }];
  });
}

function suiteElement(suite: Suite, index: number, record: RunRecord): XmlElement {
  const { file, rig, cases } = suite;
  const count = (verdict: CaseRecord['verdict']): number =>
    cases.filter((one) => one.verdict === verdict).length;
  const name = rig === '' ? file : `${file} on ${rig}`;
  const rigRecord = record.rigs.find((one) => one.name === rig);
  return element(
    'testsuite',
    {
      name,
      tests: cases.length,
      failures: count('failed'),
      errors: count('broken'),
      skipped: count('skipped'),
      time: seconds(cases.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0)),
      timestamp: timestamp(record.startedAt, cases[0]?.startedAtMs),
      hostname: rig === '' ? 'none' : rig,
      id: index,
      package: classNameOf(file),
    },
    [
      element('properties', {}, propertiesOf(rig, rigRecord, record, cases)),
      ...cases.map((one) => caseElement(one)),
    ],
  );
}

function propertiesOf(
  rig: string,
  rigRecord: RigRecord | undefined,
  record: RunRecord,
  cases: readonly CaseRecord[],
): readonly XmlElement[] {
  const ids = new Set(cases.map(({ id }) => id));
  const rows: readonly (readonly [name: string, value: string | undefined])[] = [
    ['command', record.command],
    ['esprig', record.esprigVersion],
    ['rig', rig],
    ['rig.kind', rigRecord?.kind],
    ['rig.layout', rigRecord?.layout],
    ['rig.mac', rigRecord?.mac],
    ['rig.capabilities', rigRecord?.capabilities.join(' ')],
    ['firmware', rigRecord?.firmware?.app],
    ['firmware.version', rigRecord?.firmware?.version],
    ['firmware.runtime', rigRecord?.firmware?.runtime],
    ...(rigRecord?.firmware?.images ?? []).map(
      ({ slot, sha256 }) => [`firmware.${slot}.sha256`, sha256] as const,
    ),
    ...record.metrics
      .filter(({ caseId }) => caseId !== undefined && ids.has(caseId))
      .map(({ name, value, unit }) => [`metric.${name}`, `${value} ${unit}`] as const),
  ];
  return rows
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => element('property', { name, value }));
}

function caseElement(one: CaseRecord): XmlElement {
  const notes = [
    `id: ${one.id}`,
    `repeat: ${one.repeatCommand}`,
    ...(one.needs.length === 0 ? [] : [`needs: ${one.needs.join(', ')}`]),
    ...one.phases.map(({ name, elapsedMs }) => `phase ${name}: ${seconds(elapsedMs)} s`),
    ...(one.attempts ?? []).map(({ verdict, message }, index) =>
      `attempt ${index + 1}: ${verdict} ${message ?? ''}`.trimEnd(),
    ),
  ];
  return element(
    'testcase',
    { name: one.titlePath.join(' › '), classname: classNameOf(one.file), time: seconds(one.elapsedMs) },
    [...outcomeOf(one), element('system-out', {}, [notes.join('\n')])],
  );
}

/** The schema allows one outcome a case: further failures stand in the text of the first. */
function outcomeOf(one: CaseRecord): readonly XmlElement[] {
  if (one.verdict === 'passed') return [];
  if (one.verdict === 'skipped')
    return [element('skipped', { message: one.skipReason ?? 'no reason given' })];
  const [first] = one.failures;
  const blame = one.blame ?? first?.blame ?? (one.verdict === 'failed' ? 'dut' : 'harness');
  const code = one.code ?? first?.code;
  const type = code === undefined ? blame : `${blame}/${code}`;
  const message = first?.message.split('\n')[0] ?? 'no message';
  const text = one.failures.map(textOf).join('\n\n');
  return [
    element(one.verdict === 'failed' ? 'failure' : 'error', { message, type }, text === '' ? [] : [text]),
  ];
}

function textOf(failure: FailureRecord): string {
  return [
    failure.message,
    ...(failure.hint === undefined ? [] : [`hint: ${failure.hint}`]),
    ...(failure.stack === undefined ? [] : [failure.stack]),
    ...failure.evidence.flatMap(({ title, lines }) => [`${title}:`, ...lines.map((line) => `  ${line}`)]),
  ].join('\n');
}

/** `cases.ota-bad.magic`: CI servers make a tree of the dots. */
function classNameOf(file: string): string {
  return file.replace(/\.(test|case)?\.?[cm]?[jt]s$/, '').replace(/[\\/]+/g, '.');
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** The schema's form has neither fractions nor a zone. */
function timestamp(startedAt: string, deltaMs = 0): string {
  // eslint-disable-next-line no-restricted-globals -- a given time is shifted, none is read
  return new Date(Date.parse(startedAt) + deltaMs).toISOString().slice(0, 19);
}
