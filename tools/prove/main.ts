/**
 * The proof that the cases can fail: `node -r ./harness/register.cjs tools/prove/main.ts [--fault NAME]… [--jobs N] [--keep]
 * [--json]`. Each fault of firmware/faults is built into the firmware and must be named by a failing case that the sound
 * firmware passes; a rig that lies, a board that is silent and a report that cannot be written must come out as broken.
 * Exit codes: 0 all proved, 1 something was not noticed, 2 misuse, 3 the sound firmware does not pass or the proof broke.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { forgetOldLinks } from '../runtime/link';
import { toolsMissing } from '../runtime/tool';
import { proveByProbe, proveFault, runControl } from './faults';
import { HARNESS_ROWS } from './harness-rows';
import { seconds, shortened, tableLines, type Row } from './lines';
import { planProof, type ProofPlan } from './plan';

const SCRATCH = resolve(__dirname, '../../build/prove');
const MAX_JOBS = 2;

interface Wanted {
  readonly faults: readonly string[];
  readonly jobs: number;
  readonly keep: boolean;
  readonly json: boolean;
}

function wanted(): Wanted {
  const { values } = parseArgs({
    options: {
      fault: { type: 'string', multiple: true },
      jobs: { type: 'string' },
      keep: { type: 'boolean' },
      json: { type: 'boolean' },
    },
  });
  const jobs = Number(values.jobs ?? Math.min(MAX_JOBS, cpus().length));
  if (!Number.isInteger(jobs) || jobs < 1)
    throw new Error(`--jobs ${values.jobs}: a number from 1 on is wanted`);
  return { faults: values.fault ?? [], jobs, keep: values.keep === true, json: values.json === true };
}

async function prove(plan: ProofPlan, { faults, jobs, json, keep }: Wanted): Promise<number> {
  const say = (line: string): void => void (json ? process.stderr : process.stdout).write(`${line}\n`);
  const startedMs = performance.now();
  const scratch = join(SCRATCH, String(process.pid));
  mkdirSync(scratch, { recursive: true });
  try {
    const control = await runControl(plan.byCases, scratch, jobs);
    say(
      `sound firmware: ${control.passed.size} cases passed, ${control.unsteady.size} of them at the second try, ` +
        `in ${seconds(control.elapsedMs)}`,
    );
    if (control.troubles.length > 0) {
      for (const line of control.troubles) say(`  ${line}`);
      say('The sound firmware does not pass: the proof would prove nothing.');
      return 3;
    }
    const work: (() => Promise<Row>)[] = [
      ...plan.byCases.map((each) => () => proveFault(each, control, scratch)),
      ...plan.byProbe.map((fault) => () => proveByProbe(fault)),
      ...(faults.length > 0 ? [] : HARNESS_ROWS.map((row) => () => row.prove(scratch))),
    ];
    const rows = await inLanes(work, jobs, (row, count) => {
      const outcome = row.isProved
        ? row.noticedBy
        : `MISSED, ${row.noticedBy}: ${shortened(row.message, 600)}`;
      say(`[${count}/${work.length}] ${row.name} (${seconds(row.elapsedMs)}): ${outcome}`);
    });
    const missing = rows.filter(({ isProved }) => !isProved);
    const elapsedMs = performance.now() - startedMs;
    const byCases = rows.slice(0, plan.byCases.length).filter(({ isProved }) => isProved).length;
    say('');
    for (const line of tableLines(rows)) say(line);
    say('');
    say(
      `${byCases} of ${plan.byCases.length} faults named by cases, ${plan.byProbe.length} by a probe alone; ` +
        `${rows.length - missing.length} of ${rows.length} rows proved in ${seconds(elapsedMs)}`,
    );
    if (json) {
      const soundCases = control.passed.size;
      process.stdout.write(`${JSON.stringify({ soundCases, rows, elapsedMs, missing: missing.length })}\n`);
    }
    return missing.length === 0 ? 0 : 1;
  } finally {
    if (keep) say(`Firmware and reports: ${scratch}`);
    else rmSync(scratch, { recursive: true, force: true });
  }
}

/** Does so many at a time and answers in order. */
async function inLanes(
  work: readonly (() => Promise<Row>)[],
  lanes: number,
  onRow: (row: Row, count: number) => void,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let next = 0;
  let count = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < work.length; at = next++) {
      const row = await work[at]!();
      rows[at] = row;
      onRow(row, ++count);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return rows;
}

async function main(): Promise<number> {
  const missing = toolsMissing();
  if (missing !== undefined) {
    process.stderr.write(`${missing}\n`);
    return 3;
  }
  let options: Wanted;
  let plan: ProofPlan;
  try {
    options = wanted();
    plan = planProof(options.faults);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return 2;
  }
  const exitCode = await prove(plan, options);
  forgetOldLinks(Date.now());
  return exitCode;
}

main().then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 3;
  },
);
