import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench, BENCH_MAC } from '../../harness/rig/testkit/bench';
import { PROJECT_ROOT } from '../../harness/rig/select-rigs';
import type { Row } from './lines';
import { messageOf, runOnce, type RunResult } from './one-run';

/** Another board than the bench has. */
const OTHER_MAC = '5c:cf:7f:00:00:01';
const CASE_FILE = 'cases/boot/boot';
const CASE_TITLE = 'runs its first slot';

export const HARNESS_ROWS: readonly {
  readonly name: string;
  readonly prove: (work: string) => Promise<Row>;
}[] = [
  { name: 'a rig that lies', prove: lyingRig },
  { name: 'a silent board', prove: silentBoard },
  { name: 'a report that cannot be written', prove: reportInTheWay },
];

/** Its file names another board than the one on the line. */
async function lyingRig(scratch: string): Promise<Row> {
  await using bench = await Bench.start();
  const before = await bench.board.act('read-flash', { offset: 0, length: 0x100000 });
  const result = await onBench(bench, 'lies', OTHER_MAC, scratch);
  const after = await bench.board.act('read-flash', { offset: 0, length: 0x100000 });
  const isUntouched = Buffer.compare(before, after) === 0;
  const row = brokenRow('a rig that lies', result, /ESPRIG_RIG_WRONG_BOARD/);
  return isUntouched ? row : { ...row, isProved: false, message: 'the flash of the wrong board was changed' };
}

/** Its supply is off: nothing comes over the line, neither loader nor app. */
async function silentBoard(scratch: string): Promise<Row> {
  await using bench = await Bench.start();
  await bench.board.act('power-off');
  const result = await onBench(bench, 'silent', BENCH_MAC, scratch);
  return brokenRow('a silent board', result, /ESPRIG_/);
}

/** Where the report's folder should be is a file. */
async function reportInTheWay(scratch: string): Promise<Row> {
  const file = join(scratch, 'a-file');
  writeFileSync(file, 'not a folder\n');
  const result = await runOnce({
    ...{ rig: 'virtual-1mb', file: CASE_FILE, title: CASE_TITLE },
    report: join(file, 'reports'),
  });
  const [said = ''] = result.said.filter((line) => /ESPRIG_|report/i.test(line));
  return {
    name: 'a report that cannot be written',
    isProved: result.exitCode === 3 && result.record === undefined && said !== '',
    noticedBy: `exit code ${result.exitCode}, ${result.record === undefined ? 'no verdict' : 'verdicts'}`,
    message: said === '' ? result.said.join('; ') : said,
    elapsedMs: result.elapsedMs,
  };
}

/** Runs a case on a rig file of its own, which is gone afterwards. */
async function onBench(bench: Bench, word: string, mac: string, scratch: string): Promise<RunResult> {
  const name = `prove-${word}-${process.pid}`;
  const folder = join(PROJECT_ROOT, 'rigs', 'local');
  const file = join(folder, `${name}.yaml`);
  mkdirSync(folder, { recursive: true });
  const lines = [
    `name: ${name}`,
    'kind: serial',
    `board: { mac: "${mac}", flash: 1MB, layout: one-mb }`,
    `serial: { port: "${bench.serialUrl}", flashBaud: 921600 }`,
    `network: { address: "${bench.address}" }`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  try {
    const report = join(scratch, 'reports');
    return await runOnce({ rig: name, file: CASE_FILE, title: CASE_TITLE, report });
  } finally {
    rmSync(file, { force: true });
  }
}

/** At least one case broken, by this cause, none failed or passed, exit code 3. */
function brokenRow(name: string, result: RunResult, cause: RegExp): Row {
  const { record, exitCode, said, elapsedMs } = result;
  const broken = record?.cases.find(({ verdict }) => verdict === 'broken');
  const message = broken === undefined ? said.join('; ') : `${broken.code ?? ''}: ${messageOf(broken)}`;
  const totals = record?.totals;
  const isProved =
    exitCode === 3 &&
    broken !== undefined &&
    totals?.failed === 0 &&
    totals.passed === 0 &&
    cause.test(message);
  const counts =
    totals === undefined
      ? 'no report'
      : `${totals.broken} broken, ${totals.failed} failed, ${totals.passed} passed`;
  return { name, isProved, noticedBy: `exit code ${exitCode}, ${counts}`, message, elapsedMs };
}
