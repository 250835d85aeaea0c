import { parseArgs } from 'node:util';
import { disassemble } from '../../harness/emulator/cpu/disassemble';
import { hex32 } from '../../harness/emulator/fault';
import { PC_SLOT } from '../../harness/emulator/testkit/vectors/state';
import { openQemuOracle } from './qemu-cases';
import { qemuMissing } from './qemu';
import { record } from './record';
import { compareRun, type Failure, type RunPlan, type RunResult } from './run';

const USAGE = `npm run difftest -- [--count N] [--seed S] [--filter MNEMONIC|reserved] [--from INDEX] [--verbose]
npm run difftest -- --record [--seed S]      records golden vectors anew
Random instructions with random state on the board's core and on qemu-system-xtensa -cpu lx106.
Ends with 1 when a difference is not explained in docs/emulator-fidelity.md, with 2 for a wrong call, with 3
when QEMU is missing.`;

const SHOWN_FAILURES = 10;

function wordOf(bytes: readonly number[]): number {
  return bytes.reduce((word, byte, index) => word | (byte << (8 * index)), 0);
}

function describe({ index, test, found, trouble }: Failure, plan: RunPlan): string {
  const pc = test.state[PC_SLOT]!;
  const filter = plan.filter === undefined ? '' : ` --filter ${plan.filter}`;
  return [
    `${test.subject}: ${disassemble(wordOf(test.bytes), pc)} at ${hex32(pc)}`,
    ...(trouble === undefined ? [] : [`    ${trouble}`]),
    ...found.map(
      ({ what, before, board, reference }) =>
        `    ${what.padEnd(12)} before ${hex32(before)}  board ${hex32(board)}  reference ${hex32(reference)}`,
    ),
    `    again: npm run difftest -- --seed ${plan.seed} --from ${index} --count 1${filter}`,
  ].join('\n');
}

function report(plan: RunPlan, { counts, explained, failures }: RunResult, verbose: boolean): void {
  const print = (line: string): void => console.log(line);
  const sorted = [...counts].sort(([a], [b]) => a.localeCompare(b));
  if (verbose || counts.size < 20)
    for (const [subject, count] of sorted) print(`  ${subject.padEnd(20)} ${count}`);
  else
    print(
      `  ${counts.size} kinds of instruction; the rarest ${Math.min(...counts.values())} times (--verbose lists them)`,
    );
  for (const [row, count] of explained) print(`  explained ${count} times: ${row}`);
  const kinds = new Map<string, Failure[]>();
  for (const failure of failures) {
    const kind = `${failure.test.subject} ${failure.found.map(({ what }) => what.replace(/^a\d+$/, 'ar').replace(/^0x.*/, 'memory')).join(' ')}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), failure]);
  }
  for (const [, [first]] of [...kinds].slice(0, SHOWN_FAILURES)) print(describe(first!, plan));
  for (const [kind, list] of [...kinds].slice(SHOWN_FAILURES)) print(`  also ${list.length} × ${kind}`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '20000' },
      seed: { type: 'string', default: '1' },
      from: { type: 'string', default: '0' },
      filter: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const plan: RunPlan = {
    seed: Number(values.seed),
    from: Number(values.from),
    count: Number(values.count),
    filter: values.filter,
  };
  if (![plan.seed, plan.from, plan.count].every((value) => Number.isSafeInteger(value) && value >= 0)) {
    console.error(USAGE);
    return 2;
  }
  const missing = qemuMissing();
  if (missing !== undefined) {
    console.error(`difftest: ${missing}`);
    return 3;
  }
  await using oracle = await openQemuOracle();
  if (values.record) {
    console.log(`difftest: ${await record(oracle, plan.seed)}`);
    return 0;
  }
  console.log(`difftest: ${plan.count} cases, seed ${plan.seed}, against ${oracle.version}`);
  const startedMs = Date.now();
  const result = await compareRun(oracle, plan, (done, failures) => {
    const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
    console.log(`  ${done} of ${plan.count} cases, ${failures} unexplained differences, ${seconds} s`);
  });
  report(plan, result, values.verbose);
  console.log(
    result.failures.length === 0
      ? `difftest: no difference that is not explained`
      : `difftest: ${result.failures.length} of ${plan.count} cases differ`,
  );
  return result.failures.length === 0 ? 0 : 1;
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  },
);
