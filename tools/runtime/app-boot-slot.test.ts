import { beforeAll, describe, expect, it } from '@jest/globals';
import { checkAsBootloader } from '../../harness/protocol/bootloader-check';
import { Lab } from '../../harness/protocol/image-lab/lab';
import { layoutByName, partitionOf } from '../../harness/protocol/layouts';
import { encodeOtaData, OTADATA_BYTES, parseOtaData } from '../../harness/protocol/otadata';
import { parseAnswer } from '../firmware/raw-http';
import type { SlotLabel } from './power-cuts';
import { readFirmware, type BuiltFirmware } from './testkit/app-board';
import { buildForTests, runtimeMissing } from './testkit/app-build';
import { AppInside } from './testkit/app-inside';

/**
 * Uploads to a device that runs another slot than the one which boots first: that one could not be booted. The boot loader
 * does not look at the SHA-256, so the other slot may hold an image for it before the upload has come to its end.
 */
const missing = runtimeMissing();
const LAYOUT = layoutByName('one-mb');
const BUILD_LIMIT_MS = 240_000;
const LIMIT_MS = 120_000;
const ANSWER_LIMIT_MS = 20_000;
const BOOT_LIMIT_MS = 5_000;
const PAGE_BYTES = 512;
const SHA256_BYTES = 32;
const ERASED = 0xff;

const placeOf = (label: string): { offset: number; sizeBytes: number } => partitionOf(LAYOUT, label);
const nothing = (label: SlotLabel): Uint8Array => new Uint8Array(placeOf(label).sizeBytes).fill(ERASED);

/** A good image for the slot whose checksum byte is the last of a page: in the flash before the digest has come. */
function imageFor(firmware: BuiltFirmware, label: SlotLabel): Uint8Array {
  const good = firmware.images[label];
  const lab = new Lab({ good, slot: partitionOf(LAYOUT, label) });
  return lab.grownTo((Math.floor(good.length / PAGE_BYTES) + 1) * PAGE_BYTES + SHA256_BYTES);
}

interface State {
  readonly what: string;
  readonly runs: SlotLabel;
  readonly next: SlotLabel;
  /** In the slot that should boot and cannot. */
  readonly otadata: Uint8Array;
}

const STATES: readonly State[] = [
  { what: 'the selected slot is empty', runs: 'ota_0', next: 'ota_1', otadata: encodeOtaData(2, undefined) },
  { what: 'the same, with two records', runs: 'ota_0', next: 'ota_1', otadata: encodeOtaData(3, 4) },
  {
    what: 'otadata is blank and the first slot empty',
    runs: 'ota_1',
    next: 'ota_0',
    otadata: encodeOtaData(undefined, undefined),
  },
  {
    what: 'otadata is spoilt and the first slot empty',
    runs: 'ota_1',
    next: 'ota_0',
    otadata: new Uint8Array(OTADATA_BYTES).fill(0x55),
  },
];

(missing === undefined ? describe : describe.skip)(
  `what boots after an upload that failed${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let firmware: BuiltFirmware;
    beforeAll(async () => {
      await buildForTests([LAYOUT.name]);
      firmware = readFirmware(LAYOUT.name);
    }, BUILD_LIMIT_MS);

    const start = ({ runs, next, otadata }: State): AppInside => {
      const app = new AppInside({
        ...firmware,
        flash: [
          ...firmware.flash,
          { flashOffset: placeOf('otadata').offset, bytes: otadata },
          { flashOffset: placeOf(runs).offset, bytes: firmware.images[runs] },
          { flashOffset: placeOf(next).offset, bytes: nothing(next) },
        ],
      });
      app.until(() => app.console.includes('server started'), 'server started', BOOT_LIMIT_MS);
      expect(app.console).toContain(` in ${runs} at `);
      return app;
    };
    const inFlash = (app: AppInside, label: string): Uint8Array => {
      const { offset, sizeBytes } = placeOf(label);
      return app.board.memory.flash.slice(offset, offset + sizeBytes);
    };
    /** The slot that runs once power has been away. */
    const boots = (app: AppInside): string | undefined => {
      const from = app.console.length;
      app.board.powerOff();
      app.board.powerOn();
      app.until(() => app.console.indexOf('server started', from) >= 0, 'server started', BOOT_LIMIT_MS);
      app.until(() => app.station.state === 'ready', 'station ready', BOOT_LIMIT_MS);
      return / in (ota_\d) at /.exec(app.console.slice(from))?.[1];
    };

    /** Everything but the digest is in the slot, and the boot loader would take it. */
    const sendUpToDigest = (app: AppInside, next: SlotLabel) => {
      const image = imageFor(firmware, next);
      const lastPage = image.subarray(-SHA256_BYTES - PAGE_BYTES, -SHA256_BYTES);
      const pageAt = placeOf(next).offset + image.length - SHA256_BYTES - PAGE_BYTES;
      app.board.programFlash(pageAt, new Uint8Array(PAGE_BYTES).fill(ERASED));
      const connection = app.send(
        `POST /send HTTP/1.1\r\nHost: d\r\nContent-Length: ${image.length}\r\n\r\n`,
        image.subarray(0, -SHA256_BYTES),
      );
      const isWritten = (): boolean =>
        Buffer.compare(app.board.memory.flash.subarray(pageAt, pageAt + PAGE_BYTES), lastPage) === 0;
      app.until(isWritten, 'checksum byte in the flash', ANSWER_LIMIT_MS);
      app.board.runFor(20e6);
      expect(checkAsBootloader(inFlash(app, next), partitionOf(LAYOUT, next)).ok).toBe(true);
      return { connection, digest: image.slice(-SHA256_BYTES) };
    };

    it.each(STATES)(
      '$what, one bit of the digest is wrong: $runs, as before, and the next update goes in',
      (state) => {
        const app = start(state);
        const { connection, digest } = sendUpToDigest(app, state.next);
        let text = '';
        let hasEnded = false;
        connection.onData = (bytes) => (text += Buffer.from(bytes).toString('latin1'));
        connection.onEnd = () => (hasEnded = true);
        digest[SHA256_BYTES - 1]! ^= 1;
        connection.write(digest);
        app.until(() => hasEnded, 'answer', ANSWER_LIMIT_MS);
        connection.end();
        expect(parseAnswer(text).body).toContain('"bad_checksum"');
        expect(boots(app)).toBe(state.runs);
        expect(app.status()).toMatchObject({ running: state.runs, next: state.next });

        const from = app.console.length;
        expect(app.upload(imageFor(firmware, state.next), ANSWER_LIMIT_MS).answer.status).toBe(200);
        const itRuns = ` in ${state.next} at `;
        app.until(() => app.console.indexOf(itRuns, from) >= 0, `${state.next} runs`, BOOT_LIMIT_MS);
      },
      LIMIT_MS,
    );

    it.each(STATES)(
      '$what, the connection breaks before the digest: $runs, as before',
      (state) => {
        const app = start(state);
        sendUpToDigest(app, state.next).connection.abort();
        app.until(() => app.console.includes('upload refused'), 'refusal', ANSWER_LIMIT_MS);
        expect(boots(app)).toBe(state.runs);
      },
      LIMIT_MS,
    );

    it(
      'a refusal by the first eight bytes writes nothing, also where another slot is selected',
      () => {
        const app = start(STATES[0]!);
        const before = app.board.memory.flash.slice();
        const image = imageFor(firmware, 'ota_1').fill(0, 0, 1);
        expect(app.upload(image, ANSWER_LIMIT_MS).answer.body).toContain('"bad_magic"');
        expect(Buffer.compare(app.board.memory.flash, before)).toBe(0);
      },
      LIMIT_MS,
    );

    it(
      'otadata is written once before the first erase, and not again by the next upload that fails',
      () => {
        const app = start(STATES[0]!);
        sendUpToDigest(app, 'ota_1').connection.abort();
        app.until(() => app.console.includes('upload refused'), 'refusal', ANSWER_LIMIT_MS);
        const once = inFlash(app, 'otadata');
        expect(parseOtaData(once).records.map(({ sequence }) => sequence)).toEqual([2, 3]);
        sendUpToDigest(app, 'ota_1').connection.abort();
        expect(Buffer.compare(inFlash(app, 'otadata'), once)).toBe(0);
      },
      LIMIT_MS,
    );
  },
);
