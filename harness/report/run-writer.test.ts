import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { appendFileSync, chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '../core/clock';
import { createRunFolder, unfinishedRuns, type RunHandle } from './run-folder';
import { readRunParts } from './run-reader';
import { RunWriter } from './run-writer';
import { packetRecord } from './testkit/air-packets';
import { sampleCase } from './testkit/sample-run';

let reports: string;
let run: RunHandle;
beforeEach(() => {
  reports = mkdtempSync(join(tmpdir(), 'esprig-report-'));
  run = newRun();
});
afterEach(() => rmSync(reports, { recursive: true, force: true }));

function newRun(): RunHandle {
  return createRunFolder({
    reportsFolder: reports,
    rigNames: ['virtual-1mb', 'bench 2'],
    command: 'esprig run',
    startedAtWallMs: Date.UTC(2026, 10, 22, 20, 15, 28),
  });
}

/** A writer in a process whose clock began at 5 s, 2 s after the run had. */
function newWriter(secrets: readonly string[] = []): { writer: RunWriter; clock: ManualClock } {
  const clock = new ManualClock(5000, run.startedAtWallMs + 2000);
  return { clock, writer: new RunWriter({ run, clock, worker: 'worker-1', secrets }) };
}

const text = (words: string): Uint8Array => new Uint8Array(Buffer.from(words, 'utf8'));

describe('the folder of a run', () => {
  test('is named by time and rigs, and two runs of one second have one each', () => {
    expect(run.folder).toBe(join(reports, '2026-11-22T20-15-28Z-virtual-1mb+1'));
    expect(newRun().folder).toBe(join(reports, '2026-11-22T20-15-28Z-virtual-1mb+1-2'));
    expect(unfinishedRuns(reports)).toMatchObject([{ command: 'esprig run' }, { pid: process.pid }]);
  });

  test('that cannot be made blames the harness, not the firmware', () => {
    chmodSync(reports, 0o500);
    const blocked = join(run.folder, 'parts', 'file');
    appendFileSync(blocked, '');
    expect(() =>
      createRunFolder({ reportsFolder: blocked, rigNames: [], command: '', startedAtWallMs: 0 }),
    ).toThrow(expect.objectContaining({ code: 'ESPRIG_USAGE_FILE', blame: 'harness' }));
    chmodSync(reports, 0o700);
  });
});

describe('what a worker tells', () => {
  test('is on disk at once and comes back on the run clock', async () => {
    const { writer, clock } = newWriter();
    clock.advanceBy(250);
    writer.event({ atMs: writer.nowMs(), rig: 'r', lane: 'step', name: 'step', text: 'begin' });
    writer.metric({ name: 'boot', value: 3, unit: 'ms', rig: 'r' });
    writer.note('a note');
    const parts = await readRunParts(run.folder);
    expect(parts.events).toEqual([{ atMs: 2250, rig: 'r', lane: 'step', name: 'step', text: 'begin' }]);
    expect(parts).toMatchObject({ metrics: [{ value: 3 }], notes: ['a note'], lastAtMs: 2250 });
    writer[Symbol.dispose]();
    writer[Symbol.dispose]();
  });

  test('has no secret in it, not even one that comes in two pieces', async () => {
    const { writer } = newWriter(['token-4711']);
    writer.addSecrets(['hunter-22']);
    writer.serial('r', text('psk hunt'));
    writer.serial('r', text('er-22 ok\nand token-'));
    writer.serial('r', text('4711 end'));
    writer.event({ atMs: 1, rig: 'r', lane: 'http', name: 'h', data: { 'token-4711': ['x token-4711'] } });
    writer.case(sampleCase({ titlePath: ['token-4711'] }));
    writer.packets('r', packetRecord({ wallMs: 1, frame: Buffer.from('GET token-4711') }));
    writer[Symbol.dispose]();
    const everything = readdirSync(run.folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ndjson|packets|json)$/.test(name))
      .map((name) => readFileSync(join(run.folder, name), 'utf8'))
      .join('');
    expect(everything).not.toMatch(/token-4711|hunter-22|4711/);
    const { serial } = await readRunParts(run.folder);
    expect(serial.map(({ bytes }) => bytes).join('')).toBe('psk [masked] ok\nand [masked] end');
  });

  test('keeps every byte of the console where there is no secret', async () => {
    const { writer } = newWriter();
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    writer.serial('r', bytes, 7);
    writer[Symbol.dispose]();
    const { serial } = await readRunParts(run.folder);
    expect(serial[0]).toMatchObject({ atMs: 7, rig: 'r' });
    expect(Buffer.from(serial.map((one) => one.bytes).join(''), 'latin1')).toEqual(Buffer.from(bytes));
  });

  test('can be anything that an event carries', async () => {
    const { writer } = newWriter();
    const loop: Record<string, unknown> = { big: 10n, bytes: Uint8Array.of(65), bad: NaN, when: undefined };
    loop['self'] = loop;
    loop['error'] = new TypeError('no');
    loop['list'] = new Map([['k', new Set([1])]]);
    writer.event({ atMs: 1, rig: 'r', lane: 'rig', name: 'x', data: loop });
    const { events } = await readRunParts(run.folder);
    expect(events[0]?.data).toMatchObject({
      big: '10',
      bytes: { sizeBytes: 1, text: 'A' },
      bad: 'NaN',
      error: { error: 'no' },
      list: { k: [1] },
    });
    expect(JSON.stringify(events[0]?.data)).toContain('(loop)');
    writer[Symbol.dispose]();
  });

  test('has deep evidence whole', async () => {
    const { writer } = newWriter();
    const failures = [{ message: '\u001b[31mno\u001b[0m', evidence: [{ title: 't', lines: ['a', 'b'] }] }];
    writer.case(sampleCase({ titlePath: ['t'], verdict: 'failed', failures }));
    const { cases } = await readRunParts(run.folder);
    expect(cases[0]?.failures).toEqual([{ message: 'no', evidence: [{ title: 't', lines: ['a', 'b'] }] }]);
    writer[Symbol.dispose]();
  });
});

describe('a worker that dies', () => {
  test('leaves half a line, which is passed over and told', async () => {
    const { writer } = newWriter();
    writer.note('whole');
    appendFileSync(writer.path, '{"type":"note","note":"hal');
    const parts = await readRunParts(run.folder);
    expect(parts.notes[0]).toBe('whole');
    expect(parts.notes[1]).toMatch(/^worker-1 \(pid \d+\): 1 incomplete line/);
    writer[Symbol.dispose]();
  });

  test('in the middle of a case makes it broken, not passed and not failed', async () => {
    const { writer } = newWriter();
    const { id, file, titlePath, rig, needs, repeatCommand } = sampleCase({ titlePath: ['a', 'b'] });
    writer.startCase({ id, file, titlePath, rig, needs, repeatCommand, startedAtMs: 100 });
    writer.event({ atMs: 350, rig, lane: 'step', name: 'step' });
    writer[Symbol.dispose]();
    const { cases, notes } = await readRunParts(run.folder);
    expect(cases).toMatchObject([{ id, verdict: 'broken', blame: 'harness', elapsedMs: 250 }]);
    expect(cases[0]?.failures[0]?.message).toMatch(/^worker-1 \(pid \d+\) ended before the case did/);
    expect(notes).toEqual([expect.stringMatching(/ended in the middle of: a › b$/)]);
  });

  test('by kill -9 has told everything up to then', async () => {
    const script = `
      const { RunWriter } = require('./harness/report/run-writer');
      const { RealClock } = require('./harness/core/clock');
      const writer = new RunWriter({ run: ${JSON.stringify(run)}, clock: new RealClock(), worker: 'w' });
      let count = 0;
      const tell = () => {
        for (let i = 0; i < 50; i++) writer.event({ atMs: count, rig: 'r', lane: 'rig', name: 'n', data: { count: count++ } });
        process.stdout.write(String(count) + '\\n');
        setImmediate(tell);
      };
      tell();`;
    const root = join(__dirname, '..', '..');
    const child = spawn(process.execPath, ['-r', './harness/register.cjs', '-e', script], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    for await (const chunk of child.stdout) {
      said += String(chunk);
      if (said.split('\n').length > 20) break;
    }
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    const told = Number(said.trim().split('\n').slice(0, -1).at(-1));
    const { events, notes } = await readRunParts(run.folder);
    expect(events.length).toBeGreaterThanOrEqual(told);
    expect(events.map(({ data }) => data?.['count'])).toEqual(events.map((_, index) => index));
    expect(notes.length).toBeLessThanOrEqual(1);
  });
});
