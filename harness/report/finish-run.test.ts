import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ManualClock } from '../core/clock';
import { finishRun } from './finish-run';
import { readHistory } from './history';
import { readRun } from './read-run';
import { createRunFolder, type RunHandle } from './run-folder';
import { RunWriter } from './run-writer';
import { packetRecord } from './testkit/air-packets';
import { sampleCase } from './testkit/sample-run';

const START = Date.UTC(2026, 10, 22, 20, 15, 28);

let reports: string;
beforeEach(() => {
  reports = mkdtempSync(join(tmpdir(), 'esprig-finish-'));
});
afterEach(() => rmSync(reports, { recursive: true, force: true }));

const begin = (rigNames: readonly string[] = ['virtual-1mb']): RunHandle =>
  createRunFolder({ reportsFolder: reports, rigNames, command: 'esprig run', startedAtWallMs: START });

function writeSome(run: RunHandle, rigs: readonly string[]): void {
  const writer = new RunWriter({ run, clock: new ManualClock(0, START), worker: 'worker-1' });
  for (const name of rigs) {
    writer.rig({ name, kind: 'virtual', capabilities: [] });
    writer.serial(name, new Uint8Array(Buffer.from(`hello from ${name}\r\nhalf`)), 1.5);
    writer.packets(name, packetRecord({ wallMs: START + 2, frame: Buffer.from('no radiotap') }));
  }
  writer.case(sampleCase({ titlePath: ['works'], rig: rigs[0]! }));
  writer[Symbol.dispose]();
}

const fileIn = (folder: string, name: string): string => readFileSync(join(folder, name), 'utf8');

describe('the end of a run', () => {
  test('leaves the whole report, and nothing that it was made from', async () => {
    const run = begin();
    writeSome(run, ['virtual-1mb']);
    const { record, htmlPath } = await finishRun({ run, elapsedMs: 42, secrets: [] });
    expect(readdirSync(run.folder).sort()).toEqual([
      'air.pcap',
      'events.ndjson',
      'index.html',
      'junit.xml',
      'run.json',
      'serial-virtual-1mb.bin',
      'serial.log',
    ]);
    expect(record).toMatchObject({
      command: 'esprig run',
      exitCode: 0,
      elapsedMs: 42,
      startedAt: '2026-11-22T20:15:28.000Z',
    });
    expect(await readRun(run.folder)).toEqual(JSON.parse(JSON.stringify(record)));
    expect(fileIn(run.folder, 'serial.log')).toBe(
      '    0.001500 | hello from virtual-1mb\n    0.001500 | half\n',
    );
    expect(fileIn(run.folder, 'serial-virtual-1mb.bin')).toBe('hello from virtual-1mb\r\nhalf');
    expect(fileIn(run.folder, 'events.ndjson').split('\n')).toHaveLength(3);
    expect(htmlPath).toBe(join(run.folder, 'index.html'));
    expect(readlinkSync(join(reports, 'latest'))).toBe(basename(run.folder));
    expect(fileIn(reports, 'latest/run.json')).toContain('"works"');
  });

  test('tells the rigs of a run apart', async () => {
    const run = begin(['a', 'b']);
    writeSome(run, ['a', 'b']);
    await finishRun({ run });
    expect(fileIn(run.folder, 'serial.log')).toContain('    0.001500 b | hello from b\n');
    expect(readdirSync(run.folder)).toEqual(
      expect.arrayContaining(['air-a.pcap', 'air-b.pcap', 'serial-a.bin', 'serial-b.bin']),
    );
  });

  test('masks what the parent adds', async () => {
    const run = begin();
    const extraCases = [
      sampleCase({ titlePath: ['s3cr3t-token'], verdict: 'skipped', skipReason: 'no s3cr3t-token' }),
    ];
    await finishRun({
      run,
      extraCases,
      secrets: ['s3cr3t-token'],
      command: 'run --token s3cr3t-token',
      notes: ['s3cr3t-token'],
    });
    for (const name of ['run.json', 'junit.xml', 'index.html']) {
      expect(fileIn(run.folder, name)).not.toContain('s3cr3t-token');
    }
    expect(fileIn(run.folder, 'run.json')).toContain('run --token [masked]');
  });

  test('puts a line a run into the history, behind a torn one too, and moves latest on', async () => {
    const first = begin();
    await finishRun({ run: first, extraCases: [sampleCase({ titlePath: ['a'], verdict: 'failed' })] });
    writeFileSync(join(reports, 'history.jsonl'), `${fileIn(reports, 'history.jsonl')}{"startedAt":"20`);
    const second = begin();
    writeSome(second, ['virtual-1mb']);
    await finishRun({ run: second });
    const { rows, notes } = readHistory(join(reports, 'history.jsonl'));
    expect(rows.map(({ run, exitCode }) => [run, exitCode])).toEqual([
      [basename(first.folder), 1],
      [basename(second.folder), 0],
    ]);
    expect(Object.values(rows[0]!.cases)).toEqual(['f100']);
    expect(notes).toEqual([expect.stringContaining('1 line of history.jsonl cannot be read')]);
    expect(readHistory(join(reports, 'history.jsonl'), 1).rows).toHaveLength(1);
    expect(readlinkSync(join(reports, 'latest'))).toBe(basename(second.folder));
  });

  test('takes the place of latest even from a folder of that name', async () => {
    mkdirSync(join(reports, 'latest'));
    const run = begin();
    await finishRun({ run });
    expect(readlinkSync(join(reports, 'latest'))).toBe(basename(run.folder));
  });

  test('that cannot be written is broken by the harness', async () => {
    const run = begin();
    mkdirSync(join(run.folder, 'run.json'));
    await expect(finishRun({ run })).rejects.toMatchObject({ code: 'ESPRIG_USAGE_FILE', blame: 'harness' });
  });
});

describe('reading a run', () => {
  test.each([
    ['nothing', undefined, 'there is no such file'],
    ['no JSON', 'x', 'cannot be read'],
    ['another JSON', '{"formatVersion":2}', 'is no record of a run in format 1'],
  ])('from %s is the caller’s mistake', async (_name, content, words) => {
    const file = join(reports, 'run.json');
    if (content !== undefined) writeFileSync(file, content);
    await expect(readRun(file)).rejects.toMatchObject({
      code: 'ESPRIG_USAGE_FILE',
      blame: 'case',
      message: expect.stringContaining(words),
    });
  });
});
