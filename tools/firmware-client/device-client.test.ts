import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { RealClock } from '../../harness/core/clock';
import { Deadline } from '../../harness/core/deadline';
import { EventBus } from '../../harness/core/events';
import { createDutClient } from '../../harness/device/dut-client';
import type { DutClient } from '../../harness/device/dut-types';
import * as lab from '../../harness/device/dut-upload-lab';
import { alignLogs } from '../../harness/device/sse-log-alignment';
import { plainText, withinLimit } from '../../harness/device/sse-log-text';
import { withAppVersion } from '../../harness/protocol/app-version';
import { buildSyntheticApp } from '../../harness/protocol/image-lab/encode';
import { labSlots } from '../../harness/protocol/image-lab/make';
import { compilerMissing, make } from '../firmware/host-build';
import { HostServer } from '../firmware/host-server';
import { readVectors } from '../firmware/vectors';

/** The harness's client against the component's own server, as a process on this machine. */
const missing = compilerMissing('gcc');
const BUILD_LIMIT_MS = 240_000;
const GOOD = buildSyntheticApp({ slot: labSlots('one-mb', 'ota_1').slot, seed: 9, textBytes: 0x10000 });

describe('console lines as the contract has them', () => {
  it.each(readVectors('log-lines').map((fields) => fields.map((field) => field.toString('utf8'))))(
    '%s',
    (_name, limit, printed, data) => {
      expect(withinLimit(plainText(printed), Number(limit))).toBe(data);
    },
  );
});

(missing === undefined ? describe : describe.skip)(
  `the device client and the component${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    const CLEANUP: (() => unknown)[] = [];
    const clock = new RealClock();

    beforeAll(async () => {
      const { code, output } = await make('host', BUILD_LIMIT_MS);
      if (code !== 0) throw new Error(output);
    }, BUILD_LIMIT_MS + 5_000);

    afterEach(async () => {
      for (const clean of CLEANUP.splice(0).reverse()) await clean();
    });

    async function start(
      args: readonly string[] = [],
      token?: string,
    ): Promise<{ server: HostServer; client: DutClient; deadline: Deadline }> {
      const server = await HostServer.start(['--layout', 'one-mb', ...args]);
      CLEANUP.push(() => server.stop());
      const baseUrl = `http://127.0.0.1:${server.port}`;
      const client = createDutClient({ baseUrl, clock, bus: new EventBus(clock), token });
      CLEANUP.push(() => client.close());
      const deadline = new Deadline({ clock, budgetMs: 30_000, phase: 'test', blame: 'dut' });
      CLEANUP.push(() => deadline[Symbol.dispose]());
      return { server, client, deadline };
    }

    it('go through an update: progress, answer, restart, the stream comes back', async () => {
      const { client, deadline } = await start(['--token', 's3cret'], 's3cret');
      expect(await client.status(deadline)).toMatchObject({ running: 'ota_0', next: 'ota_1' });
      const stream = await client.openEvents({}, deadline);
      const answer = await client.upload(withAppVersion(GOOD, 'new-1'), {}, deadline);
      expect(answer).toMatchObject({
        status: 200,
        slot: 'ota_1',
        takenBytes: GOOD.length,
        sentBytes: GOOD.length,
      });
      const installed = await stream.waitForProgress({ status: 'installed' }, deadline);
      expect(installed.progress).toBe(100);
      const told = stream.progress.map(({ progress }) => progress);
      expect(told).toEqual([...told].sort((a, b) => a - b));
      expect(stream.gaps).toEqual([]);
      await stream.waitForLost(deadline);
      expect((await client.waitForStatus(({ running }) => running === 'ota_1', 'ota_1', deadline)).next).toBe(
        'ota_0',
      );
      await stream.waitFor(
        ({ kind, connection }) => kind === 'open' && connection === 2,
        'the stream again',
        deadline,
      );
      expect(stream.items.filter(({ kind }) => kind === 'problem')).toEqual([]);
    });

    it('agree on every way of sending an upload', async () => {
      const { server, client, deadline } = await start(['--stall-ms', '300']);
      const request = lab.uploadRequest(GOOD);
      const bad = lab.uploadRequest(new Uint8Array(5000));
      const before = await server.state();
      const codeOf = async (plan: lab.UploadPlan): Promise<string> => {
        const { answer, extraBytes } = await lab.runUpload(client, plan, deadline, { endWithinMs: 200 });
        expect(extraBytes).toBe(0);
        return answer === undefined ? 'no answer' : `${answer.status} ${answer.error ?? ''}`;
      };
      expect({
        bad: await codeOf(lab.atOnce(bad)),
        dribbled: await codeOf(lab.dribble(bad, 1000, 10)),
        chunked: await codeOf(lab.chunked(GOOD)),
        stalled: await codeOf(lab.stallAt(request, request.headBytes + 500)),
        ended: await codeOf(lab.halfCloseAt(request, request.headBytes + 5000)),
        noLength: await codeOf(lab.atOnce(lab.uploadRequest(GOOD, { contentLength: false }))),
        longer: await codeOf(lab.wrongLength(GOOD, GOOD.length + 1)),
        shorter: await codeOf(lab.wrongLength(GOOD, GOOD.length - 1)),
        asked: await codeOf(lab.expectContinue(new Uint8Array(5000))),
        pipelined: await codeOf(lab.pipelined(bad, 'GET /status HTTP/1.1\r\n\r\n')),
        aborted: await codeOf(lab.abortAt(request, request.headBytes + 5000)),
      }).toEqual({
        bad: '400 bad_magic',
        dribbled: '400 bad_magic',
        chunked: '501 chunked_unsupported',
        stalled: '408 stalled',
        ended: '400 truncated',
        noLength: '411 no_length',
        longer: '400 bad_header',
        shorter: '400 truncated',
        asked: '400 bad_magic',
        pipelined: '400 bad_magic',
        aborted: 'no answer',
      });
      expect(await server.state()).toMatchObject({
        running: before.running,
        boot: before.boot,
        isMisused: false,
      });
      await client.waitForStatus(({ upload }) => upload !== 'receiving', 'no upload', deadline);
      const cuts = [
        3,
        request.headBytes - 1,
        request.headBytes + 1,
        request.headBytes + 8,
        request.headBytes + 4096,
      ];
      const good = await lab.runUpload(client, lab.splitAt(request, cuts), deadline);
      expect(good.answer).toMatchObject({ status: 200 });
    });

    it('lose no line of the console, or say how many', async () => {
      const { server, client, deadline } = await start();
      const stream = await client.openEvents({}, deadline);
      server.order('print \x1b[0;32mI (1) main: begin\x1b[0m');
      server.order(`print ${'long '.repeat(60)}`);
      server.order('print-many 3000');
      // A line that finds no room is dropped, the last one as well as any: so it is printed until one gets through.
      let ends = 0;
      const last = setInterval(() => server.order(`print the end, ${++ends}`), 50);
      const { text: end } = await stream
        .waitForLog(/^the end, \d+$/, deadline)
        .finally(() => clearInterval(last));
      await server.waitFor(new RegExp(`^${end}$`));
      const lines = server.lines.filter((line) => !line.startsWith('= '));
      const console = lines.slice(0, lines.indexOf(end) + 1).map((text) => ({ text }));
      const seen = stream.log.slice(0, stream.log.findIndex(({ text }) => text === end) + 1);
      const result = alignLogs(console, seen);
      expect(result.findings).toEqual([]);
      expect(result.shortenedLines).toBe(1);
      const markers = seen.reduce((sum, { droppedLines = 0 }) => sum + droppedLines, 0);
      expect(result.announcedLines).toBe(markers);
      expect(result.pairs.length + markers).toBeGreaterThanOrEqual(3003);
    });

    it('know a refused stream, a refused token, and what Last-Event-ID brings again', async () => {
      const { server, client, deadline } = await start(['--token', 's3cret'], 's3cret');
      expect((await client.requestEvents({ token: false }, deadline)).refusal).toMatchObject({
        error: 'unauthorized',
      });
      expect((await client.upload(GOOD, { token: 'wrong' }, deadline)).status).toBe(401);
      const first = await client.openEvents({}, deadline);
      for (const text of ['one', 'two', 'three']) server.order(`print ${text}`);
      await first.waitForLog('three', deadline);
      const again = await client.openEvents({ lastEventId: first.log[0]!.id! }, deadline);
      await again.waitForLog('three', deadline);
      expect(again.log.map(({ text }) => text).slice(0, 2)).toEqual(['two', 'three']);
      await client.openSlowReader({}, deadline);
      expect((await client.requestEvents({}, deadline)).refusal).toMatchObject({
        status: 503,
        error: 'too_many_clients',
      });
    });
  },
);
