import { beforeAll, describe, expect, it } from '@jest/globals';
import { buildSyntheticApp } from '../../harness/protocol/image-lab/encode';
import { IMAGE_KINDS } from '../../harness/protocol/image-lab/kinds';
import { labSlots, makeImage } from '../../harness/protocol/image-lab/make';
import { checkForSlot } from '../../harness/protocol/slots';
import { readVectors } from '../firmware/vectors';
import type { RawAnswer } from '../firmware/raw-http';
import { readFirmware } from './testkit/app-board';
import { buildForTests, runtimeMissing } from './testkit/app-build';
import { AppInside } from './testkit/app-inside';

/** The contract of docs/dut-contract.md, asked of the app itself on an emulated board, in virtual time. */
const missing = runtimeMissing();
const BUILD_LIMIT_MS = 240_000;
const LIMIT_MS = 240_000;
const ANSWER_LIMIT_MS = 8_000;
const SLOTS = labSlots('one-mb', 'ota_1');
const GOOD = buildSyntheticApp({ slot: SLOTS.slot, seed: 6, textBytes: 0x4000 });
const OTADATA_AT = 0xd000;
const OTADATA_BYTES = 0x2000;
/** So long the device goes on reading what it has refused. */
const DRAIN_NANOS = 100_000_000;

const codeOf = (answer: RawAnswer): string =>
  answer.status >= 400 ? (JSON.parse(answer.body) as { error: string }).error : '-';

(missing === undefined ? describe : describe.skip)(
  `the device's contract on an emulated board${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    beforeAll(() => buildForTests(['one-mb']), BUILD_LIMIT_MS);

    const start = (settings: Readonly<Record<string, string>> = {}): AppInside => {
      const app = new AppInside(readFirmware('one-mb'), {}, settings);
      app.until(() => app.console.includes('server started'), 'server started', 1_000);
      return app;
    };
    const flash = (app: AppInside, offset: number, sizeBytes: number): Buffer =>
      Buffer.from(app.board.memory.flash.slice(offset, offset + sizeBytes));
    const otadata = (app: AppInside): Buffer => flash(app, OTADATA_AT, OTADATA_BYTES);
    const slot = (app: AppInside): Buffer => flash(app, SLOTS.slot.offset, SLOTS.slot.sizeBytes);

    it.each([
      ['requests', {}],
      ['requests-token', { token: 's3cret' }],
    ])(
      'vectors:%s get their answers whole and byte by byte, and nothing is written',
      (block, settings) => {
        const app = start(settings);
        const before = flash(app, 0, 0x100000);
        for (const [name, status, code, bytes] of readVectors(block)) {
          const wanted = [name!.toString(), Number(status), code!.toString()];
          const whole = app.askPieces([bytes!], ANSWER_LIMIT_MS);
          expect([wanted[0], whole.status, codeOf(whole)]).toEqual(wanted);
          if (bytes!.length > 300) continue;
          const single = app.askPieces(
            Array.from(bytes!, (byte) => Uint8Array.of(byte)),
            ANSWER_LIMIT_MS,
          );
          expect([wanted[0], single.status, codeOf(single)]).toEqual(wanted);
        }
        expect(flash(app, 0, 0x100000).equals(before)).toBe(true);
        expect(app.console).not.toContain('Guru Meditation');
      },
      LIMIT_MS,
    );

    it(
      'every kind of image of the laboratory gets its answer, and only good ones move the boot slot',
      () => {
        let app = start();
        let checked = 0;
        for (const { name } of IMAGE_KINDS) {
          const made = makeImage(name, { good: GOOD, ...SLOTS, seed: 6 });
          const before = [otadata(app), slot(app)] as const;
          const { answer } = app.upload(made.bytes, ANSWER_LIMIT_MS);
          checked += 1;
          if (made.expected === 'accepted') {
            expect([name, answer.status]).toEqual([name, 200]);
            expect(otadata(app).equals(before[0])).toBe(false);
            app = start();
            continue;
          }
          expect([name, codeOf(answer)]).toEqual([name, made.expected.error]);
          expect(otadata(app).equals(before[0])).toBe(true);
          const verdict = checkForSlot(made.bytes, SLOTS.slot);
          if (!verdict.ok && verdict.moment === 'before-erase')
            expect(slot(app).equals(before[1])).toBe(true);
          app.board.runFor(DRAIN_NANOS);
        }
        expect(checked).toBeGreaterThan(80);
      },
      LIMIT_MS,
    );

    it(
      'a client that goes at any 4 KiB of a body leaves the device alive and its boot slot alone',
      () => {
        const app = start();
        const before = otadata(app);
        const { heap_free: freeBefore } = app.status();
        const head = `POST /send HTTP/1.1\r\nHost: d\r\nContent-Length: ${GOOD.length}\r\n\r\n`;
        for (let at = 0; at < GOOD.length; at += 4096) {
          const connection = app.send(head, GOOD.subarray(0, at + 1));
          app.board.runFor(60e6);
          connection.abort();
          app.board.runFor(20e6);
        }
        expect(app.console).toContain('upload refused: truncated');
        expect(otadata(app).equals(before)).toBe(true);
        expect(app.status()).toMatchObject({ running: 'ota_0', next: 'ota_1' });
        // Nothing of them stays: what was theirs is free again.
        expect(Math.abs(app.status().heap_free - freeBefore)).toBeLessThan(512);
        expect(app.upload(GOOD, ANSWER_LIMIT_MS).answer.status).toBe(200);
      },
      LIMIT_MS,
    );

    it(
      'a body that stops is stalled, a second upload is busy',
      () => {
        const app = start();
        const head = `POST /send HTTP/1.1\r\nHost: d\r\nContent-Length: ${GOOD.length}\r\n\r\n`;
        let text = '';
        const first = app.send(head, GOOD.subarray(0, 5_000));
        first.onData = (bytes) => (text += Buffer.from(bytes).toString());
        app.board.runFor(200e6);
        const second = app.upload(GOOD, ANSWER_LIMIT_MS).answer;
        expect([second.status, codeOf(second), second.headers['retry-after']]).toEqual([409, 'busy', '5']);
        app.until(() => text !== '', 'the first one’s answer', 12_000);
        expect(text).toMatch(/^HTTP\/1\.1 408 [^]*"stalled"/);
      },
      LIMIT_MS,
    );
  },
);
