/** Runs for tests and for looking at the page: small ones with everything in them, large ones to wait for. */
import { caseId, type CaseRecord, type RunRecord, type TimelineRecord, type Verdict } from '../run-record';
import { totalsOf } from '../assemble';

/** What a hostile or broken device may print. */
export const NASTY_LINES = [
  '</script><script>globalThis.pwned = 1</script>',
  '<img src=x onerror="globalThis.pwned = 1">',
  '\u001b[31mred\u001b[0m and \u001b[2Jcleared',
  '<!-- <script> ]]> &lt; \u2028 \u0000 \u0007 \ud800 "quoted" \'single\' `tick` ${x}',
] as const;

/** A number from 0 below 1 for each call, the same in each run. */
export function steadyRandom(seed = 1): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function sampleCase(
  facts: Partial<CaseRecord> & { readonly titlePath: readonly string[] },
): CaseRecord {
  const file = facts.file ?? 'cases/ota-bad/magic.test.ts';
  const rig = facts.rig ?? 'virtual-1mb';
  const title = facts.titlePath.at(-1) ?? '';
  return {
    id: caseId(file, facts.titlePath, rig),
    file,
    rig,
    verdict: 'passed',
    startedAtMs: 0,
    elapsedMs: 100,
    phases: [],
    failures: [],
    needs: [],
    repeatCommand: `npx esprig run --rig ${rig} --case '${title.replaceAll("'", "'\\''")}'`,
    ...facts,
  };
}

export function sampleRun(cases: readonly CaseRecord[], facts: Partial<RunRecord> = {}): RunRecord {
  const totals = totalsOf(cases);
  return {
    formatVersion: 1,
    startedAt: '2026-11-22T20:15:28.000Z',
    elapsedMs: Math.max(0, ...cases.map(({ startedAtMs, elapsedMs }) => startedAtMs + elapsedMs)),
    command: 'npx esprig run --rig virtual-1mb --rig virtual-2mb',
    esprigVersion: '0.1.0',
    nodeVersion: 'v20.20.2',
    rigs: ['virtual-1mb', 'virtual-2mb'].map((name, index) => ({
      name,
      kind: 'virtual' as const,
      capabilities: ['power-cut', 'power-cut-at-operation', 'snapshot', 'reset', 'pcap'],
      layout: index === 0 ? 'one-mb' : 'two-ota-2mb',
      mac: `5c:cf:7f:01:23:4${String(index)}`,
      firmware: {
        app: 'sse-ota',
        version: '1.0.0',
        runtime: 'open-runtime',
        images: [
          { slot: 'ota_0', sizeBytes: 331_264, sha256: 'ab'.repeat(32) },
          { slot: 'ota_1', sizeBytes: 331_264, sha256: 'cd'.repeat(32) },
        ],
      },
    })),
    cases,
    totals,
    exitCode: totals.broken > 0 ? 3 : totals.failed > 0 ? 1 : 0,
    metrics: [
      { name: 'boot time', value: 312, unit: 'ms', rig: 'virtual-1mb', better: 'less' },
      { name: 'upload speed', value: 641.2, unit: 'kB/s', rig: 'virtual-1mb', better: 'more' },
      { name: 'upload speed', value: 655.9, unit: 'kB/s', rig: 'virtual-1mb', better: 'more' },
      { name: 'lowest heap', value: 21_344, unit: 'bytes', rig: 'virtual-2mb', better: 'more' },
    ],
    notes: [],
    ...facts,
  };
}

const STORIES: readonly (readonly [file: string, group: string, title: string])[] = [
  ['cases/boot/banner.test.ts', 'boot', 'prints its banner once'],
  ['cases/ota-bad/magic.test.ts', 'an image with a wrong magic', 'is refused before anything is erased'],
  ['cases/ota-bad/slot.test.ts', 'an image for the other slot', 'is refused as wrong_slot'],
  ['cases/ota-good/upload.test.ts', 'a good image', 'boots from the other slot'],
  ['cases/power/cut.test.ts', 'power cut in the erase', 'old or new boots, never neither'],
  ['cases/sse/stream.test.ts', 'the event stream', 'carries each console line'],
  ['cases/upload/abort.test.ts', 'an upload that breaks off', 'changes no boot slot'],
];

/** A run with `caseCount` cases one after the other on two rigs, and `eventCount` events spread over them. */
export function largeRun(
  caseCount: number,
  eventCount: number,
): { readonly record: RunRecord; readonly timeline: readonly TimelineRecord[] } {
  const random = steadyRandom(7);
  const nextMs: Record<string, number> = { 'virtual-1mb': 0, 'virtual-2mb': 0 };
  const cases = Array.from({ length: caseCount }, (_, index): CaseRecord => {
    const rig = index % 2 === 0 ? 'virtual-1mb' : 'virtual-2mb';
    const [file, group, title] = STORIES[index % STORIES.length]!;
    const startedAtMs = nextMs[rig]!;
    const elapsedMs = 400 + random() * 2600;
    nextMs[rig] = startedAtMs + elapsedMs + 40;
    const verdict: Verdict =
      index % 23 === 4 ? 'failed' : index % 41 === 7 ? 'broken' : index % 29 === 11 ? 'skipped' : 'passed';
    return sampleCase({
      ...outcome(verdict),
      file,
      rig,
      startedAtMs,
      elapsedMs,
      verdict,
      ...{
        titlePath: [group, `${title}, round ${String(index)}`],
        phases: [
          { name: 'boot', atMs: startedAtMs, elapsedMs: elapsedMs * 0.2 },
          { name: 'body', atMs: startedAtMs + elapsedMs * 0.2, elapsedMs: elapsedMs * 0.7 },
          { name: 'teardown', atMs: startedAtMs + elapsedMs * 0.9, elapsedMs: elapsedMs * 0.1 },
        ],
      },
    });
  });
  const each = Math.max(1, Math.floor(eventCount / caseCount));
  const timeline = cases.flatMap((one) => caseEvents(one, each, random));
  return { record: sampleRun(cases), timeline: timeline.sort((a, b) => a.atMs - b.atMs) };
}

function outcome(verdict: Verdict): Partial<CaseRecord> {
  if (verdict === 'skipped')
    return { skipReason: 'rig virtual-2mb cannot do: impair-air', needs: ['impair-air'] };
  if (verdict === 'failed') {
    return {
      blame: 'dut',
      code: 'ESPRIG_DUT_CONTRACT',
      failures: [
        {
          message:
            'expect(device).toHaveRefused(expected)\n\nExpected: 400 wrong_slot, boot slot ota_0\nReceived: 200, boot slot ota_1\n\nThe device took an image that is linked for the other slot.',
          blame: 'dut',
          code: 'ESPRIG_DUT_CONTRACT',
          hint: 'Compare the entry address with the link window of the slot that will be written (docs/dut-contract.md, section 5).',
          stack: 'at cases/ota-bad/slot.test.ts:21:25',
          evidence: [
            { title: 'last console lines', lines: ['I (5120) ota: begin ota_1', ...NASTY_LINES] },
            {
              title: 'timeline',
              lines: [
                '    1.204 s  http   POST /send 331264 bytes',
                '    1.806 s  sse    progress 100 installed',
              ],
            },
          ],
        },
      ],
    };
  }
  if (verdict === 'broken') {
    return {
      blame: 'rig',
      code: 'ESPRIG_PORT_UNPLUGGED',
      failures: [
        {
          message: 'console: the serial adapter went away after 1 204 ms; last bytes: (none)',
          blame: 'rig',
          code: 'ESPRIG_PORT_UNPLUGGED',
          hint: 'Look at the cable and at `dmesg`.',
          evidence: [],
        },
      ],
    };
  }
  return {};
}

function caseEvents(one: CaseRecord, count: number, random: () => number): readonly TimelineRecord[] {
  const events: TimelineRecord[] = [];
  const add = (
    atMs: number,
    lane: TimelineRecord['lane'],
    name: string,
    text?: string,
    data?: TimelineRecord['data'],
  ): void => void events.push({ atMs, rig: one.rig, lane, name, text, data });
  const at = (share: number): number => one.startedAtMs + share * one.elapsedMs;
  add(at(0), 'step', 'step', one.titlePath.join(': '));
  add(at(0.01), 'reset', 'line-change', 'RTS asserted, EN low', { dtr: false, rts: true });
  add(at(0.012), 'reset', 'reset', 'reset into the app');
  add(at(0.2), 'http', 'http-request', 'GET /event', { elapsedMs: one.elapsedMs * 0.7 });
  add(at(0.3), 'http', 'http-request', 'POST /send', { elapsedMs: one.elapsedMs * 0.5, bodyBytes: 331_264 });
  if (one.verdict === 'broken') add(at(0.95), 'power', 'power-off', 'power off');
  const rest = Math.max(0, count - 5);
  for (let index = 0; index < rest; index++) {
    const share = (index + random()) / rest;
    const percent = Math.floor(((share - 0.3) / 0.5) * 100);
    const isUploading = percent >= 0 && percent < 95;
    switch (index % 5) {
      case 0:
      case 1: {
        const nasty = index % 97 === 0 ? NASTY_LINES[index % NASTY_LINES.length] : undefined;
        const line =
          nasty ??
          `I (${String(Math.round(share * 9000))}) ota: block ${String(index)} at 0x${(0x80000 + index * 64).toString(16)}`;
        add(at(share), 'serial', 'line', line);
        if (share > 0.2 && share < 0.9 && index % 61 !== 0) {
          const streamed = index % 83 === 0 ? `${line.slice(0, 20)}…` : line;
          add(at(share) + 0.8, 'sse', 'sse-event', undefined, {
            event: 'log',
            id: String(index),
            data: streamed,
          });
        }
        break;
      }
      case 2:
        if (isUploading)
          add(at(share), 'http', 'http-sent', undefined, { sentBytes: percent * 3312, totalBytes: 331_264 });
        else add(at(share), 'air', 'frame', 'data frame 112 bytes');
        break;
      case 3:
        if (isUploading) {
          const body = JSON.stringify({ progress: Math.min(95, percent), status: 'receiving' });
          add(at(share), 'sse', 'sse-event', undefined, { event: 'progress', id: String(index), data: body });
        } else add(at(share), 'rig', 'note', 'rig is idle');
        break;
      default:
        add(at(share), 'flash', 'flash-block', `write 0x${(0x80000 + index * 4096).toString(16)}`, {
          bytes: 4096,
          elapsedMs: 0.4,
        });
    }
  }
  const ends =
    one.verdict === 'failed'
      ? { progress: 40, status: 'failed', error: 'wrong_slot' }
      : { progress: 100, status: 'installed' };
  add(at(0.82), 'sse', 'sse-event', undefined, { event: 'progress', id: '9999', data: JSON.stringify(ends) });
  return events;
}
