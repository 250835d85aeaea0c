import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { SseDecoder } from '../../harness/protocol/sse';
import { buildSyntheticApp } from '../../harness/protocol/image-lab/encode';
import { IMAGE_KINDS } from '../../harness/protocol/image-lab/kinds';
import { labSlots, makeImage } from '../../harness/protocol/image-lab/make';
import { checkForSlot } from '../../harness/protocol/slots';
import { compilerMissing, make } from './host-build';
import { HostServer } from './host-server';
import { ask, type RawAnswer } from './raw-http';
import { readVectors } from './vectors';

/** The contract of docs/dut-contract.md, asked from outside of the component's server on a host. */
const missing = compilerMissing('gcc');
const BUILD_LIMIT_MS = 240_000;
const ONE_MB = labSlots('one-mb', 'ota_1');
const GOOD = buildSyntheticApp({ slot: ONE_MB.slot, seed: 3, textBytes: 0x8000 });

const codeOf = (answer: RawAnswer): string =>
  answer.status >= 400 ? (JSON.parse(answer.body) as { error: string }).error : '-';
const post = (body: Uint8Array, extra = ''): Buffer =>
  Buffer.concat([
    Buffer.from(`POST /send HTTP/1.1\r\nHost: d\r\n${extra}Content-Length: ${body.length}\r\n\r\n`),
    body,
  ]);
const bytewise = (bytes: Uint8Array): Uint8Array[] => Array.from(bytes, (byte) => Uint8Array.of(byte));

(missing === undefined ? describe : describe.skip)(
  `the device's contract, row by row, on the host port${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    const started: HostServer[] = [];
    const device = async (...args: string[]): Promise<HostServer> => {
      const server = await HostServer.start(args);
      started.push(server);
      return server;
    };

    beforeAll(async () => {
      const { code, output } = await make('host', BUILD_LIMIT_MS);
      if (code !== 0) throw new Error(output);
    }, BUILD_LIMIT_MS + 5_000);

    // Every process ends by itself, and no sanitizer has had anything to say.
    afterEach(async () => {
      for (const server of started.splice(0)) {
        expect(await server.stop()).toEqual({ code: 0, complaints: [] });
      }
    });
    afterAll(() => expect(started).toEqual([]));

    describe.each([
      ['requests', []],
      ['requests-token', ['--token', 's3cret']],
    ])('vectors:%s', (block, args) => {
      it('get their answers whole and byte by byte, and nothing is erased', async () => {
        const server = await device(...args);
        const before = await server.state();
        for (const [name, status, code, bytes] of readVectors(block)) {
          const wanted = { name: name!.toString(), status: Number(status), code: code!.toString() };
          const whole = await ask(server.connect(), bytes!);
          expect({ name: wanted.name, status: whole.status, code: codeOf(whole) }).toEqual(wanted);
          expect(whole.headers['connection']).toBe('close');
          if (bytes!.length > 300) continue;
          const single = await ask(server.connect(), bytes!, { pieces: bytewise(bytes!) });
          expect({ name: wanted.name, status: single.status, code: codeOf(single) }).toEqual(wanted);
        }
        expect(await server.state()).toEqual(before);
      }, 60_000);
    });

    it('GET /status tells what runs, and what comes next', async () => {
      const server = await device('--layout', 'two-ota-2mb', '--running', '1');
      const { statusCode, headers, body } = await request(`http://127.0.0.1:${server.port}/status`);
      expect([statusCode, headers['content-type']]).toEqual([200, 'application/json']);
      expect(await body.json()).toEqual({
        app: 'host',
        version: '0',
        elf_sha256: '0'.repeat(64),
        running: 'ota_1',
        next: 'ota_0',
        heap_free: expect.any(Number),
        heap_lowest: expect.any(Number),
        uptime_ms: expect.any(Number),
        clients: 0,
        upload: 'idle',
      });
    });

    it('GET / is a page that needs no other host', async () => {
      const server = await device();
      const answer = await ask(server.connect(), Buffer.from('GET / HTTP/1.1\r\n\r\n'));
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(answer.body.length).toBe(Number(answer.headers['content-length']));
      expect(answer.body).not.toMatch(/https?:|src=|\/\//);
      expect(answer.body).toMatch(/<progress /);
    });

    it('a good image goes in, the boot slot moves, the device restarts within 2 s, and back again', async () => {
      const server = await device('--layout', 'one-mb');
      const back = buildSyntheticApp({ slot: labSlots('one-mb', 'ota_0').slot, seed: 4, textBytes: 0x8000 });
      for (const [image, from, to] of [
        [GOOD, 'ota_0', 'ota_1'],
        [back, 'ota_1', 'ota_0'],
      ] as const) {
        const seen = server.lines.length;
        expect(await server.state()).toMatchObject({ running: from, boot: from });
        const answer = await ask(server.connect(), post(image));
        expect(answer).toMatchObject({ status: 200, body: `{"slot":"${to}","bytes":${image.length}}` });
        const atMs = performance.now();
        await server.waitFor(new RegExp(`^= restart ${to}$`), seen);
        expect(performance.now() - atMs).toBeLessThan(2_000);
        expect(await server.state()).toMatchObject({ running: to, boot: to, isMisused: false });
      }
      const slot = Buffer.alloc(ONE_MB.slot.sizeBytes, 0xff);
      slot.set(GOOD);
      expect((await server.state()).slots[1]).toBe(createHash('sha256').update(slot).digest('hex'));
    }, 30_000);

    describe.each([
      ['one-mb', 'ota_1'],
      ['two-ota-2mb', 'ota_1'],
      ['reference-one-mb', 'main'],
    ])('every kind of image of the laboratory, for %s %s', (layout, label) => {
      it('gets the answer that the harness expects, and only good ones move the boot slot', async () => {
        const slots = labSlots(layout, label);
        const good = buildSyntheticApp({ slot: slots.slot, seed: 6 });
        const sharesWindow = layout === 'two-ota-2mb';
        let checked = 0;
        let server = await device('--layout', layout, '--restart-ms', '0');
        let before = await server.state();
        for (const { name } of IMAGE_KINDS) {
          // One link serves both slots: there is no image for the other one.
          if (sharesWindow && /^(other-slot|both-slots)/.test(name)) continue;
          const made = makeImage(name, { good, ...slots, seed: 6 });
          const answer = await ask(server.connect(), post(made.bytes));
          const after = await server.state();
          if (made.expected === 'accepted') {
            expect([name, answer.status]).toEqual([name, 200]);
            await server.waitFor(/^= restart /);
            await server.stop();
            started.splice(started.indexOf(server), 1);
            server = await device('--layout', layout, '--restart-ms', '0');
            before = await server.state();
          } else {
            const verdict = checkForSlot(made.bytes, slots.slot);
            expect([name, codeOf(answer)]).toEqual([name, made.expected.error]);
            expect([name, after.boot, after.running]).toEqual([name, before.boot, before.running]);
            if (!verdict.ok && verdict.moment === 'before-erase') {
              expect([name, after.erases, after.slots]).toEqual([name, before.erases, before.slots]);
            }
          }
          expect(after.isMisused).toBe(false);
          if (made.expected !== 'accepted') before = after;
          checked += 1;
        }
        expect(checked).toBeGreaterThan(80);
      }, 120_000);
    });

    it('a body that ends early is truncated, one that stops is stalled, and the device serves on', async () => {
      const server = await device('--stall-ms', '400', '--restart-ms', '100');
      const cut = post(GOOD).subarray(0, 9_000);
      const ended = await ask(server.connect(), cut, { isHalfClosed: true });
      expect([ended.status, codeOf(ended)]).toEqual([400, 'truncated']);
      const stalled = await ask(server.connect(), cut);
      expect([stalled.status, codeOf(stalled)]).toEqual([408, 'stalled']);
      for (let at = 0; at < GOOD.length; at += 4096) {
        const socket = server.connect();
        socket.on('error', () => undefined);
        socket.write(post(GOOD).subarray(0, 100 + at));
        await sleep(5);
        socket.resetAndDestroy();
      }
      await server.waitFor(/upload refused: truncated/);
      await sleep(50);
      expect(await server.state()).toMatchObject({ running: 'ota_0', boot: 'ota_0', isMisused: false });
      expect((await ask(server.connect(), post(GOOD))).status).toBe(200);
    }, 30_000);

    it('a second upload is busy; the first goes through', async () => {
      const server = await device('--restart-ms', '200');
      const first = server.connect();
      const whole = post(GOOD);
      first.write(whole.subarray(0, 5_000));
      await server.waitFor(/upload of/);
      const second = await ask(server.connect(), whole);
      expect([second.status, codeOf(second), second.headers['retry-after']]).toEqual([409, 'busy', '5']);
      let text = '';
      first.on('data', (chunk: Buffer) => (text += chunk.toString()));
      first.write(whole.subarray(5_000));
      await server.waitFor(/^= restart ota_1$/);
      expect(text).toMatch(/^HTTP\/1\.1 200 /);
      first.destroy();
    });

    it.each(['erase-fails:2', 'write-fails:3', 'read-fails:4', 'write-lost:2', 'boot-fails', 'keep-fails'])(
      'a flash that fails (%s) is a 500, and the boot slot stays',
      async (fault) => {
        const server = await device('--fault', fault);
        const answer = await ask(server.connect(), post(GOOD));
        expect([answer.status, codeOf(answer)]).toEqual([500, 'flash_error']);
        expect(await server.state()).toMatchObject({ running: 'ota_0', boot: 'ota_0', isMisused: false });
      },
    );

    describe('event streams', () => {
      /** A stream that is read as it comes. */
      async function listen(server: HostServer, headers: Record<string, string> = {}) {
        const abort = new AbortController();
        const { statusCode, body } = await request(`http://127.0.0.1:${server.port}/event`, {
          headers: { accept: 'text/event-stream', ...headers },
          signal: abort.signal,
        });
        const decoder = new SseDecoder();
        const items: ReturnType<SseDecoder['feed']> = [];
        body.on('data', (chunk: Buffer) => items.push(...decoder.feed(chunk)));
        body.on('error', () => undefined);
        const events = () => items.filter((item) => item.kind === 'event');
        const until = async (holds: () => boolean): Promise<void> => {
          for (let i = 0; i < 500 && !holds(); i += 1) await sleep(20);
          expect(holds()).toBe(true);
        };
        return { statusCode, items, events, until, close: () => abort.abort() };
      }

      it('carry the console in order, without colours, and are kept alive', async () => {
        const server = await device('--keep-alive-ms', '300');
        const stream = await listen(server);
        expect(stream.statusCode).toBe(200);
        for (let i = 0; i < 50; i += 1) {
          server.order(`print \u001b[0;32mI (${i}) main: line ${i}\u001b[0m`);
          if (i % 10 === 9) await sleep(60);
        }
        await stream.until(() => stream.events().length === 50);
        await stream.until(() =>
          stream.items.some((item) => item.kind === 'comment' && item.text.trim() === 'keep-alive'),
        );
        expect(stream.items[0]).toEqual({ kind: 'retry', retryMs: 2000 });
        expect(stream.events().map((event) => [event.name, event.data])).toEqual(
          Array.from({ length: 50 }, (_, i) => ['log', `I (${i}) main: line ${i}`]),
        );
        expect(stream.events().map((event) => Number(event.lastEventId))).toEqual(
          Array.from({ length: 50 }, (_, i) => i + 1),
        );
        const again = await listen(server, { 'last-event-id': '40' });
        await again.until(() => again.events().length >= 10);
        expect(again.events()[0]).toMatchObject({ lastEventId: '41', data: 'I (40) main: line 40' });
        stream.close();
        again.close();
      }, 20_000);

      it('tell how many lines found no room', async () => {
        const server = await device();
        const stream = await listen(server);
        server.order('print-many 5000');
        await server.waitFor(/^line 4999$/);
        const lost = () => stream.events().find((event) => / lines? dropped$/.test(event.data));
        await stream.until(() => lost() !== undefined);
        server.order('print behind');
        await stream.until(() => stream.events().at(-1)?.data === 'behind');
        const lines = stream.events().filter((event) => event.data.startsWith('line '));
        const dropped = Number(/^… (\d+) lines dropped$/.exec(lost()!.data)?.[1]);
        expect(lines.length + dropped).toBe(5000);
        stream.close();
      }, 20_000);

      it('are three; a fourth is refused and harms nobody', async () => {
        const server = await device();
        const streams = [await listen(server), await listen(server), await listen(server)];
        for (let i = 0; i < 4; i += 1) {
          const fourth = await ask(server.connect(), Buffer.from('GET /event HTTP/1.1\r\n\r\n'));
          expect([fourth.status, codeOf(fourth)]).toEqual([503, 'too_many_clients']);
          expect(Number(fourth.headers['retry-after'])).toBeGreaterThan(0);
        }
        server.order('print after the fourth');
        for (const stream of streams) {
          await stream.until(() => stream.events().at(-1)?.data === 'after the fourth');
          stream.close();
        }
      }, 20_000);

      it('follow an upload that a deaf reader does not hold up', async () => {
        const server = await device('--restart-ms', '500');
        const deaf = server.connect();
        deaf.pause();
        deaf.write('GET /event HTTP/1.1\r\n\r\n');
        const stream = await listen(server);
        const answer = await ask(server.connect(), post(GOOD));
        expect(answer.status).toBe(200);
        const progress = () =>
          stream
            .events()
            .filter((event) => event.name === 'progress')
            .map((event) => JSON.parse(event.data) as { progress: number; status: string });
        await stream.until(() => progress().at(-1)?.status === 'installed');
        const values = progress().map((each) => each.progress);
        expect(values).toEqual([...values].sort((a, b) => a - b));
        expect([values[0], values.at(-1)]).toEqual([0, 100]);
        expect(new Set(progress().map((each) => each.status))).toEqual(
          new Set(['receiving', 'verifying', 'installed']),
        );
        await server.waitFor(/^= restart ota_1$/);
        deaf.destroy();
        stream.close();
      }, 20_000);
    });

    const curl = spawn('curl', ['--version'], { stdio: 'ignore' });
    const hasCurl = new Promise<boolean>((resolve) => {
      curl.once('error', () => resolve(false));
      curl.once('close', (code) => resolve(code === 0));
    });

    it('curl uploads an image, with its own Expect header too', async () => {
      if (!(await hasCurl)) return;
      const server = await device('--layout', 'two-ota-2mb');
      const large = buildSyntheticApp({ slot: labSlots('two-ota-2mb', 'ota_1').slot, textBytes: 0xc0000 });
      const child = spawn('curl', [
        ...['-s', '-m', '20', '-H', 'Expect: 100-continue', '--data-binary', '@-', '-w', ' %{http_code}'],
        `http://127.0.0.1:${server.port}/send`,
      ]);
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
      child.stdin.end(large);
      await new Promise((resolve) => child.once('close', resolve));
      expect(text).toBe(`{"slot":"ota_1","bytes":${large.length}} 200`);
    }, 30_000);
  },
);
