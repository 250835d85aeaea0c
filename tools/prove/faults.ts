import { join } from 'node:path';
import type { CaseRecord } from '../../harness/report/run-record';
import { buildFirmware } from '../runtime/firmware';
import { buildHost } from '../firmware/fault-build';
import type { Fault } from '../firmware/faults';
import { HostServer } from '../firmware/host-server';
import { probeNamed } from '../firmware/probes';
import { ProbeFailure } from '../firmware/probes/device';
import { hostDevice } from '../firmware/probes/host-device';
import type { Row } from './lines';
import { united, type PlannedFault } from './plan';
import { keyOf, messageOf, runOnce, type RunResult } from './one-run';

/** All cases together, on a slow machine. */
const CONTROL_TIMEOUT_S = 600;
const PROBE_ANSWER_MS = 2_500;
/** A client that does not read is noticed once the buffers between are full. */
const SMALL_BUFFER = ['--send-buffer', '4096'];

export interface Control {
  /** Cases that the sound firmware passes, by key; only those can prove anything. */
  readonly passed: ReadonlySet<string>;
  /** Those among them that needed a second try: with a fault they must fail twice. */
  readonly unsteady: ReadonlySet<string>;
  /** What did not pass; empty when the proof can go on. */
  readonly troubles: readonly string[];
  readonly elapsedMs: number;
}

/** The firmware without a fault on every case that the proof uses. */
export async function runControl(
  planned: readonly PlannedFault[],
  scratch: string,
  workers: number,
): Promise<Control> {
  const passed = new Set<string>();
  const unsteady = new Set<string>();
  const troubles: string[] = [];
  const startedMs = performance.now();
  const report = join(scratch, 'reports');
  for (const rig of new Set(planned.map(({ cases }) => cases.rig))) {
    const here = planned.filter(({ cases }) => cases.rig === rig);
    const { layout } = here[0]!;
    const { folder: firmware } = await buildFirmware({ layout, folder: join(scratch, 'sound', layout) });
    const first = await runOnce({
      ...{ rig, firmware, report, workers, timeoutS: CONTROL_TIMEOUT_S },
      file: united(here.map(({ cases }) => cases.file))!,
      title: united(here.map(({ cases }) => cases.title)),
    });
    if (first.record === undefined) troubles.push(`${rig}: no report`, ...first.said);
    for (const record of first.record?.cases ?? []) {
      const key = keyOf(record);
      if (record.verdict === 'passed') passed.add(key);
      if (record.verdict === 'passed' || record.verdict === 'skipped') continue;
      // A busy machine can make a case fail. It gets one more try, and has to prove more for it.
      const again = await runOnce({ rig, firmware, report, file: record.file, title: exactly(record) });
      if (again.record?.totals.passed === 1 && again.record.totals.cases === 1) {
        passed.add(key);
        unsteady.add(key);
      } else troubles.push(`${record.verdict}, twice: ${key}: ${messageOf(record)}`);
    }
    for (const { fault, cases } of here) {
      if (![...passed].some((key) => isMeant(key, cases))) {
        troubles.push(`${fault.name}: no case that passes fits ${cases.file}, ${cases.title ?? 'any title'}`);
      }
    }
  }
  return { passed, unsteady, troubles, elapsedMs: performance.now() - startedMs };
}

function exactly({ titlePath }: CaseRecord): string {
  return `^${titlePath.join(' ').replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;
}

function isMeant(key: string, { file, title = '', rig }: PlannedFault['cases']): boolean {
  const [path = '', ...rest] = key.split(' › ');
  const titles = rest.slice(0, -1).join(' ');
  return new RegExp(file, 'i').test(path) && new RegExp(title, 'i').test(titles) && rest.at(-1) === rig;
}

/** Builds the firmware with the fault and runs the cases that should notice. */
export async function proveFault(
  { fault, cases, layout }: PlannedFault,
  control: Control,
  scratch: string,
): Promise<Row> {
  const startedMs = performance.now();
  const folder = join(scratch, 'faults', fault.name, layout);
  await buildFirmware({ layout, fault: fault.name, folder });
  const report = join(scratch, 'reports');
  const result = await runOnce({ ...cases, firmware: folder, report });
  const named = (result.record?.cases ?? []).find(
    (record) => record.verdict === 'failed' && control.passed.has(keyOf(record)),
  );
  const elapsed = (): number => performance.now() - startedMs;
  if (named === undefined) return { ...missed(fault, result), elapsedMs: elapsed() };
  if (control.unsteady.has(keyOf(named))) {
    const again = await runOnce({ ...cases, firmware: folder, report, title: exactly(named) });
    if (again.record?.totals.failed !== 1) return { ...missed(fault, again), elapsedMs: elapsed() };
  }
  return {
    ...{ name: fault.name, isProved: true, noticedBy: nameOf(named), message: messageOf(named) },
    elapsedMs: elapsed(),
  };
}

function missed(fault: Fault, { record, exitCode, said, command }: RunResult): Omit<Row, 'elapsedMs'> {
  const verdicts = (record?.cases ?? [])
    .filter(({ verdict }) => verdict !== 'skipped')
    .map(
      (each) => `${each.verdict}: ${nameOf(each)}${each.verdict === 'passed' ? '' : `: ${messageOf(each)}`}`,
    );
  return {
    name: fault.name,
    isProved: false,
    noticedBy: `no failing case, exit code ${exitCode}`,
    message: [...(verdicts.length > 0 ? verdicts : said), command].join('; '),
  };
}

function nameOf({ file, titlePath, rig }: CaseRecord): string {
  return `${file} › ${titlePath.join(' › ')} [${rig}]`;
}

/** For faults that no case can bring to light: the probe on the server as a process of this machine, sound and with it. */
export async function proveByProbe(fault: Fault): Promise<Row> {
  const startedMs = performance.now();
  const without = await probe(fault, await buildHost());
  const withFault = await probe(fault, await buildHost(fault));
  const isProved = without === undefined && withFault !== undefined;
  return {
    name: fault.name,
    isProved,
    noticedBy: `by no case, by the probe ${fault.probe} on a host: ${fault.notByCases}`,
    message: without !== undefined ? `the sound server fails: ${without}` : (withFault ?? 'the probe passes'),
    elapsedMs: performance.now() - startedMs,
  };
}

/** How the probe fails; undefined when it passes. */
async function probe(fault: Fault, program: string): Promise<string | undefined> {
  const args = [...fault.host, ...(fault.probe === 'deaf-reader' ? SMALL_BUFFER : [])];
  const server = await HostServer.start(args, program);
  try {
    await probeNamed(fault.probe!).run(hostDevice(server, args, { answerMs: PROBE_ANSWER_MS }));
    return undefined;
  } catch (error) {
    if (error instanceof ProbeFailure) return error.message;
    throw error;
  } finally {
    await server.kill();
  }
}
