import { describe, expect, test } from '@jest/globals';
import { gunzipSync } from 'node:zlib';
import { sidesOf, teaserOf } from './failure-sides';
import { renderHtml } from './html';
import { betweenId, packChunk, packTimeline, timelineChunks } from './page-data';
import { LANES, type TimelineRecord } from './run-record';
import { largeRun, NASTY_LINES, sampleCase, sampleRun } from './testkit/sample-run';
import { kindOf } from './timeline-kinds';

const at = (atMs: number, facts: Partial<TimelineRecord> = {}): TimelineRecord => ({
  atMs,
  rig: 'virtual-1mb',
  lane: 'step',
  name: 'step',
  ...facts,
});

describe('the timeline of a page', () => {
  test('is cut into cases by rig and time, what lies between them kept apart', () => {
    const a = sampleCase({ titlePath: ['a'], startedAtMs: 100, elapsedMs: 50 });
    const b = sampleCase({
      titlePath: ['b'],
      startedAtMs: 200,
      elapsedMs: 50,
      phases: [{ name: 'lease', atMs: 180, elapsedMs: 20 }],
    });
    const events = [90, 100, 150, 160, 185, 250, 251].map((ms) => at(ms));
    const chunks = timelineChunks(sampleRun([a, b]), [...events, at(120, { rig: 'virtual-2mb' })]);
    const times = (id: string): readonly number[] => {
      let us = 0;
      const { fromMs, deltaUs } = chunks.get(id)!;
      return deltaUs.map((delta) => fromMs + (us += delta) / 1000);
    };
    expect(times(a.id)).toEqual([100, 150]);
    expect(times(b.id)).toEqual([185, 250]);
    expect(chunks.get(b.id)).toMatchObject({ fromMs: 180, toMs: 250 });
    expect(times(betweenId('virtual-1mb'))).toEqual([90, 160, 251]);
    expect(times(betweenId('virtual-2mb'))).toEqual([120]);
  });

  test('comes out of its packing as it went in', () => {
    const chunk = packTimeline(
      [
        at(1, { lane: 'serial', name: 'line', text: NASTY_LINES[2] }),
        at(2.5, { data: { elapsedMs: 4, x: 1 } }),
      ],
      1,
      9,
    );
    expect(JSON.parse(gunzipSync(Buffer.from(packChunk(chunk), 'base64')).toString('utf8'))).toEqual({
      ...chunk,
      detail: { '1': '{"elapsedMs":4,"x":1}' },
      lengthMs: { '1': 4 },
    });
    expect(chunk).toMatchObject({
      deltaUs: [0, 1500],
      lane: [LANES.indexOf('serial'), LANES.indexOf('step')],
      names: ['line', 'step'],
      text: ['red and cleared', ''],
      console: [0],
    });
  });
});

describe('a bar of the timeline', () => {
  test('begins where its event is told, or ends there', () => {
    const data = { elapsedMs: 40 };
    const events = ['http-request', 'http-answer', 'phase-ended'].map((name) => at(50, { name, data }));
    expect(packTimeline(events, 0, 100).lengthMs).toEqual({ '0': 40, '1': -40, '2': -40 });
  });
});

describe('a record means', () => {
  const sse = (data: TimelineRecord['data'], name = 'sse-event') =>
    kindOf(at(0, { lane: 'sse', name, data }));
  test.each([
    ['a console line', at(0, { lane: 'serial', name: 'line' }), { kind: 'console-line' }],
    ['no line when it is about the line', at(0, { lane: 'serial', name: 'baud' }), { kind: 'mark' }],
    [
      'bytes sent',
      at(0, { lane: 'http', data: { sentBytes: 5, totalBytes: 20 } }),
      { kind: 'sent', percent: 25 },
    ],
    [
      'nothing of an empty upload',
      at(0, { lane: 'http', data: { sentBytes: 0, totalBytes: 0 } }),
      { kind: 'mark' },
    ],
    [
      'a streamed line by its name',
      at(0, { lane: 'sse', name: 'log', text: 'x' }),
      { kind: 'stream-line', line: 'x' },
    ],
  ])('%s', (_name, record, kind) => {
    expect(kindOf(record)).toEqual(kind);
  });

  test('what the device streamed: lines with and without a name, progress in JSON or as a value', () => {
    expect(sse({ event: 'log', data: 'I am' })).toEqual({ kind: 'stream-line', line: 'I am' });
    expect(sse({ event: 'message', data: '{not json' })).toEqual({ kind: 'stream-line', line: '{not json' });
    expect(sse({ event: 'update', data: '{"progress":7,"status":"receiving"}' })).toEqual({
      kind: 'progress',
      percent: 7,
      status: 'receiving',
    });
    expect(sse({ progress: 7 }, 'progress')).toEqual({ kind: 'progress', percent: 7, status: '' });
    expect(sse({ event: 'other', data: 'x' })).toEqual({ kind: 'mark' });
  });
});

describe('a failure', () => {
  test('shows both sides as the matcher tells them, or as its message does', () => {
    expect(sidesOf({ message: '', expected: 'a', received: 'b' })).toEqual({ expected: 'a', received: 'b' });
    const message = 'expect(x).toBe(y)\n\nExpected: "a"\n  and more\nReceived: "b"\n\nbehind';
    expect(sidesOf({ message })).toEqual({ expected: '"a"\n  and more', received: '"b"' });
    expect(sidesOf({ message: 'Expected: one side only' })).toEqual({});
    expect(sidesOf({ message: 'Expected substring: "a"\nReceived string:    "b"' })).toEqual({
      expected: '"a"',
      received: '"b"',
    });
  });

  test('in one line says more than the name of its matcher', () => {
    expect(teaserOf({ message: 'expect(x).toBe(y)\n\nExpected: 1\nReceived: 2' })).toBe(
      'expected 1; received 2',
    );
    expect(teaserOf({ message: 'expect(x).toBe(y)\n\nno slot' })).toBe('no slot');
    expect(teaserOf({ message: '\nplain\nmore' })).toBe('plain');
    expect(teaserOf({ message: 'y'.repeat(999) })).toHaveLength(241);
  });
});

describe('the page', () => {
  test('is one file that names no other, and no script but its own may run', () => {
    const { record, timeline } = largeRun(8, 100);
    const html = renderHtml(record, timeline);
    expect(html).not.toMatch(
      /\b(src|href)="?https?:|url\(|@import|<link rel="stylesheet|\bfetch\(|XMLHttpRequest/,
    );
    expect(html).toMatch(/content="default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'/);
    expect(html.match(/<script/g)).toHaveLength(2 + timelineChunks(record, timeline).size);
  });

  test('is not broken by anything that a device, a file name or a command says', () => {
    const nasty = NASTY_LINES.join('\n');
    const one = sampleCase({
      file: nasty,
      rig: '"><script>x</script>',
      titlePath: [...NASTY_LINES],
      verdict: 'failed',
      failures: [{ message: nasty, hint: nasty, evidence: [{ title: nasty, lines: NASTY_LINES }] }],
    });
    const html = renderHtml(sampleRun([one], { command: nasty, notes: [nasty] }), [
      at(1, { rig: one.rig, text: nasty, data: { nasty } }),
      at(999, { rig: one.rig }),
    ]);
    const plain = renderHtml(sampleRun([]), []);
    const count = (text: string, part: string) => text.split(part).length - 1;
    // One data block for the case and one for what lies behind it, and nothing else.
    expect(count(html, '<script')).toBe(count(plain, '<script') + 2);
    expect(count(html, '</script')).toBe(count(plain, '</script') + 2);
    expect(html).not.toContain('<img');
    expect(count(html, '<!--')).toBe(0);
  });
});
