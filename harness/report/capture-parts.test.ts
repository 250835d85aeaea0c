import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CaptureParts } from './capture-parts';
import { writeCaptures, type CapturePart } from './captures';
import { Masker } from './mask';
import { PARTS_FOLDER } from './run-folder';
import { packetRecord, tcpFrame } from './testkit/air-packets';
import { readPcap } from './testkit/read-pcap';

const TSHARK = '/usr/bin/tshark';
const START_MS = Date.UTC(2026, 10, 22, 20, 15, 28, 500);
const TOKEN = 'open-sesame-4711';
const NONE = new Masker([]);
const testWithTshark = existsSync(TSHARK) ? test : test.skip;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-air-'));
  mkdirSync(join(folder, PARTS_FOLDER));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Begun {
  readonly parts: CaptureParts;
  readonly entries: CapturePart[];
  cuts: number;
}

function begin(limitBytes = 1e6, rig = 'virtual-1mb', worker = 'w1'): Begun {
  const entries: CapturePart[] = [];
  const begun: Begun = {
    entries,
    cuts: 0,
    parts: new CaptureParts({
      folder: join(folder, PARTS_FOLDER),
      stem: `${worker}-${rig}`,
      limitBytes,
      onPart: (part) =>
        entries.push({ rig, part, worker, caseId: `${worker}-${rig}-case-${entries.length + 1}` }),
      onCut: () => (begun.cuts += 1),
    }),
  };
  return begun;
}

const packet = (payload: string, atMs = 0, seq = 1000): Buffer =>
  packetRecord({ wallMs: START_MS + atMs, frame: tcpFrame({ payload, seq }) });
const packetBytes = packet('').length;
/** One that is this large with everything. */
const sized = (sizeBytes: number, atMs = 0): Buffer => packet('x'.repeat(sizeBytes - packetBytes), atMs);

const finish = (entries: readonly CapturePart[]) => writeCaptures(folder, entries, START_MS - 1000);
const packetsOf = (name: string) => readPcap(readFileSync(join(folder, name)));

describe('a capture', () => {
  test('becomes one file with the times that it was told, and says which case is in it', () => {
    const { parts, entries } = begin();
    parts.add(Buffer.concat([packet('one', 0), packet('two', 0.25)]), NONE);
    parts.endCase(false);
    parts.add(packet('three', 2000), NONE);
    parts[Symbol.dispose]();
    const { records, fileOfCase, notes } = finish(entries);
    expect(records).toEqual([
      {
        file: 'air.pcap',
        rig: 'virtual-1mb',
        packets: 3,
        sizeBytes: 24 + 3 * packetBytes + 'onetwothree'.length,
        fromMs: 1000,
        toMs: 3000,
      },
    ]);
    expect(Object.fromEntries(fileOfCase)).toEqual({
      'w1-virtual-1mb-case-1': 'air.pcap',
      'w1-virtual-1mb-case-2': 'air.pcap',
    });
    expect(notes).toEqual([]);
    const packets = packetsOf('air.pcap');
    expect(packets.map(({ bytes }) => bytes.toString('latin1').slice(-3))).toEqual(['one', 'two', 'ree']);
    expect(packets.map(({ wallMs }) => wallMs - START_MS)).toEqual([0, 0.25, 2000]);
  });

  test('of each board is a file of its own, also of two with one name', () => {
    const boards = [begin(), begin(1e6, 'virtual-1mb', 'w2'), begin(1e6, 'virtual 2mb')];
    for (const { parts } of boards) {
      parts.add(packet('x'), NONE);
      parts[Symbol.dispose]();
    }
    const { records } = finish(boards.flatMap(({ entries }) => entries));
    const names = ['air-virtual-1mb.pcap', 'air-virtual-1mb-2.pcap', 'air-virtual-2mb.pcap'];
    expect(records.map(({ file }) => file)).toEqual(names);
    for (const name of names) expect(packetsOf(name)).toHaveLength(1);
  });

  test('of a run without one is none', () => {
    expect(finish([])).toMatchObject({ records: [], notes: [] });
    expect(readdirSync(folder)).toEqual([PARTS_FOLDER]);
  });

  test('that grows too large gives up cases that passed, the oldest first, and says so', () => {
    const { parts, entries } = begin(1000);
    for (const [index, isKept] of [true, false, false, false, true].entries()) {
      parts.add(sized(300, index * 10), NONE);
      parts.endCase(isKept);
    }
    parts[Symbol.dispose]();
    const { fileOfCase, notes } = finish(entries);
    expect([...fileOfCase.keys()].map((id) => id.at(-1))).toEqual(['1', '4', '5']);
    expect(packetsOf('air.pcap').map(({ wallMs }) => wallMs - START_MS)).toEqual([0, 30, 40]);
    expect(notes).toEqual([expect.stringContaining('the packets of 3 of 5 cases')]);
  });

  test('gives up cases that did not pass when there is nothing else, and never more than it must', () => {
    const { parts, entries } = begin(1000);
    for (let index = 0; index < 5; index++) {
      parts.add(sized(300, index), NONE);
      parts.endCase(true);
    }
    expect([...finish(entries).fileOfCase.keys()].map((id) => id.at(-1))).toEqual(['3', '4', '5']);
  });

  test('of a case that is too large alone is cut, told once, and the next case is whole again', () => {
    const begun = begin(1000);
    for (let index = 0; index < 6; index++) begun.parts.add(sized(300, index), NONE);
    expect(begun.cuts).toBe(1);
    begun.parts.endCase(false);
    begun.parts.add(sized(900, 99), NONE);
    begun.parts[Symbol.dispose]();
    expect(begun.cuts).toBe(1);
    finish(begun.entries);
    expect(packetsOf('air.pcap').map(({ wallMs }) => wallMs - START_MS)).toEqual([99]);
  });

  test('of a process that was killed in a write ends with its last whole packet', () => {
    const { parts, entries } = begin();
    parts.add(Buffer.concat([packet('one'), packet('two')]), NONE);
    const path = join(folder, PARTS_FOLDER, entries[0]!.part);
    for (let torn = 1; torn < packetBytes; torn += 7) {
      truncateSync(path, 2 * packetBytes + 6 - torn);
      expect(finish(entries).records[0]).toMatchObject({ packets: 1 });
      expect(packetsOf('air.pcap')).toHaveLength(1);
      parts.add(packet('more'), NONE);
    }
  });

  test('has no token in it, not even one whose pieces lie in two cases', () => {
    const { parts, entries } = begin();
    const masker = new Masker([TOKEN]);
    const request = `GET / HTTP/1.1\r\nX: ${TOKEN}\r\n\r\n`;
    const cut = request.indexOf(TOKEN) + 3;
    parts.add(packet(request.slice(0, cut), 0, 1), masker);
    parts.endCase(false);
    parts.add(packet(request.slice(cut), 1, 1 + cut), masker);
    parts[Symbol.dispose]();
    finish(entries);
    const texts = packetsOf('air.pcap').map(({ bytes }) => bytes.toString('latin1'));
    expect(texts[0]).toMatch(/X: \*{3}$/);
    expect(texts[1]).toMatch(/64\*{13}\r\n\r\n$|\*{13}\r\n\r\n$/);
  });

  test('leaves out what is no record', () => {
    const { parts, entries } = begin();
    parts.add(Buffer.concat([packet('one'), Buffer.from(TOKEN.repeat(9))]), NONE);
    parts[Symbol.dispose]();
    expect(finish(entries).records[0]).toMatchObject({ packets: 1, sizeBytes: 24 + packetBytes + 3 });
  });

  testWithTshark('is read by a program of others: times, lengths, streams, checksums', () => {
    const { parts, entries } = begin();
    const masker = new Masker([TOKEN]);
    const request = `POST /send HTTP/1.1\r\nHost: x\r\nX-Key: ${TOKEN}\r\nContent-Length: 3\r\n\r\nabc`;
    const cut = request.indexOf(TOKEN) + 5;
    parts.add(packet(request.slice(0, cut), 0, 1), masker);
    parts.add(packet(request.slice(cut), 1.5, 1 + cut), masker);
    parts[Symbol.dispose]();
    finish(entries);
    const fields = [
      'frame.time_epoch',
      'frame.cap_len',
      'tcp.len',
      'tcp.checksum.status',
      'http.request.line',
    ];
    const told = execFileSync(
      TSHARK,
      [
        ...['-r', join(folder, 'air.pcap'), '-o', 'tcp.check_checksum:TRUE', '-T', 'fields'],
        ...fields.flatMap((field) => ['-e', field]),
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const rows = told
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    const second = START_MS / 1000;
    expect(rows.map(([at]) => Number(at))).toEqual([second, second + 0.0015]);
    expect(rows.map(([, captured, tcp]) => [Number(captured), Number(tcp)])).toEqual([
      [packetBytes - 16 + cut, cut],
      [packetBytes - 16 + request.length - cut, request.length - cut],
    ]);
    // 1: it is what it should be.
    expect(rows.map(([, , , status]) => status)).toEqual(['1', '1']);
    expect(rows[1]![4]).toContain(`X-Key: ${'*'.repeat(TOKEN.length)}`);
  });
});
