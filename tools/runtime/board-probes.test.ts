import { performance } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PROBES } from '../firmware/probes';
import { boardDevice } from '../firmware/probes/board-device';
import { missingFor, type Probe, type ProbeLimits } from '../firmware/probes/device';
import { AppBoard, readFirmware } from './testkit/app-board';
import { buildForTests, runtimeMissing } from './testkit/app-build';

/**
 * The contract's probes against the app on an emulated board. By default those that cost little; ESPRIG_BOARD_PROBES=all:
 * every one that a board can be asked for, requests cut at each of their bytes; ESPRIG_BOARD_PROBES=NAME,NAME: these,
 * as thoroughly. The figures of each are printed.
 */
const missing = runtimeMissing();
const BUILD_LIMIT_MS = 240_000;
const READY_LIMIT_MS = 60_000;
/** A machine that does other things too is no failure: emulated time may lag behind far. */
const PROBE_LIMIT_MS = 240_000;
const THOROUGH_LIMIT_MS = 1_800_000;

const LAYOUT = 'one-mb';
const TOKEN = 's3cret';
const QUICK = [
  'split-everywhere',
  'head-of-64k',
  'content-length',
  'pipelined',
  'refusal-is-heard',
  'unfinished-head',
  'token',
  'good-upload',
  'body-shorter',
  'body-longer',
  'refused-before-erase',
  'bad-sha-256',
  'second-upload',
  'fourth-stream',
  'log-is-plain',
  'log-equals-console',
];
/** In between lies a radio: pieces closer than this go out together. */
const QUICK_LIMITS: Partial<ProbeLimits> = { cutStride: 31, gapMs: 20, answerMs: 60_000, bootMs: 60_000 };
const THOROUGH_LIMITS: Partial<ProbeLimits> = { ...QUICK_LIMITS, cutStride: 1 };

const wanted = process.env['ESPRIG_BOARD_PROBES'] ?? '';
const isThorough = wanted !== '';
/** What no board can be asked for from outside: to print lines of our choice, a flash that fails on order. */
const possible = PROBES.filter(({ needs }) =>
  needs.every((need) => need === 'consoleLines' || need === 'token'),
);
const chosen = possible.filter(({ name }) =>
  isThorough ? wanted === 'all' || wanted.split(',').includes(name) : QUICK.includes(name),
);

async function startFor(probe: Probe): Promise<AppBoard> {
  const needsToken = probe.needs.includes('token');
  const board = await AppBoard.start(readFirmware(LAYOUT), needsToken ? { settings: { token: TOKEN } } : {});
  await board.says('main: server started', 0, READY_LIMIT_MS);
  await board.until(() => board.airStates('ready') === 1, 'station ready', READY_LIMIT_MS);
  return board;
}

function tcpPortOf(board: AppBoard): number {
  for (const event of board.airEvents) {
    if (event.what === 'listening' && event.forwards[0]) return event.forwards[0].hostPort;
  }
  throw new Error('no port leads to the board');
}

(missing === undefined ? describe : describe.skip)(
  `the app on an emulated board${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    const figures: string[] = [];
    beforeAll(() => buildForTests([LAYOUT]), BUILD_LIMIT_MS);
    afterAll(() => void process.stdout.write(`probes on a board:\n${figures.join('\n')}\n`));

    it('is asked by probes that exist', () => {
      expect(QUICK.filter((name) => !possible.some((probe) => probe.name === name))).toEqual([]);
      expect(chosen.length).toBeGreaterThan(0);
    });

    it.each(chosen.map((probe) => [probe.about, probe] as const))(
      '%s',
      async (_about, probe) => {
        await using board = await startFor(probe);
        const device = boardDevice(
          {
            tcpPort: tcpPortOf(board),
            readFlash: (offset, length) => board.thread.act('read-flash', { offset, length }),
            console: () => board.console,
            images: readFirmware(LAYOUT).images,
          },
          LAYOUT,
          isThorough ? THOROUGH_LIMITS : QUICK_LIMITS,
          probe.needs.includes('token') ? TOKEN : undefined,
        );
        expect(missingFor(probe, device)).toEqual([]);
        const startMs = performance.now();
        const startNanos = await board.nowNanos();
        await probe.run(device);
        const tookMs = performance.now() - startMs;
        const emulatedMs = (await board.nowNanos()) / 1e6 - startNanos / 1e6;
        figures.push(
          `  ${probe.name.padEnd(24)}${(tookMs / 1e3).toFixed(1).padStart(8)} s` +
            `${(emulatedMs / 1e3).toFixed(1).padStart(8)} s emulated`,
        );
        expect(board.console).not.toContain('Guru Meditation');
      },
      isThorough ? THOROUGH_LIMIT_MS : PROBE_LIMIT_MS,
    );
  },
);
