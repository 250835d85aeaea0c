import { beforeAll, describe, expect, it } from '@jest/globals';
import type { FlashOperation } from '../../harness/emulator/peripherals/flash-operation';
import { Lab } from '../../harness/protocol/image-lab/lab';
import { layoutByName, partitionOf } from '../../harness/protocol/layouts';
import { encodeOtaData } from '../../harness/protocol/otadata';
import { isInBootRecord, runPowerCuts, wrongAfter, type CutMoment, type CutOutcome } from './power-cuts';
import { readFirmware, type BuiltFirmware } from './testkit/app-board';
import { buildForTests, runtimeMissing } from './testkit/app-build';
import { AppInside } from './testkit/app-inside';

/**
 * Power that fails in a flash operation of an update: the old app boots, or the whole new one. Three updates, which find the
 * boot record blank, with one valid copy, with two. By default a spread of operations, and all of the boot record;
 * ESPRIG_EVERY_CUT=1: each operation; ESPRIG_EVERY_CUT=2/4: the second quarter of them.
 */
const missing = runtimeMissing();
const LAYOUT = 'one-mb';
const BUILD_LIMIT_MS = 240_000;
const LIMIT_MS = 300_000;
const EVERY_LIMIT_MS = 7_200_000;
const UPLOAD_LIMIT_MS = 60_000;
const UPDATES = 3;
/** Operations of an image, of about 4000. A prime, so that erases and all places in a page are met. */
const STRIDE = 797;

const every = /^(\d+)(?:\/(\d+))?$/.exec(process.env['ESPRIG_EVERY_CUT'] ?? '');
const [part, parts] = every ? [Number(every[1]) - 1, Number(every[2] ?? 1)] : [1, STRIDE];

/** The boot record is what decides: there also as soon as an operation is over. */
function momentsOf(operation: FlashOperation, number: number): readonly CutMoment[] {
  if (isInBootRecord(operation, LAYOUT)) return ['inside', 'behind'];
  return number % parts === part ? ['inside'] : [];
}

(missing === undefined ? describe : describe.skip)(
  `power that fails during an update${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let firmware: BuiltFirmware;
    let operations: readonly number[] = [];
    const cuts: (Omit<CutOutcome, 'flash'> & { readonly flash: undefined })[] = [];
    const wrong: string[] = [];
    /** A MiB each: of those in an image one is looked at again, of those in the boot record the last. */
    let inImage: CutOutcome | undefined;
    let inRecord: CutOutcome | undefined;

    const take = (cut: CutOutcome): void => {
      const complaint = wrongAfter(cut, LAYOUT);
      if (complaint !== undefined) wrong.push(complaint);
      if (isInBootRecord(cut, LAYOUT)) inRecord = cut;
      else if (cut.number > 1) inImage ??= cut;
      cuts.push({ ...cut, flash: undefined });
    };

    const tell = (update: number, count: number): void => {
      const ours = cuts.filter((cut) => cut.update === update);
      const old = ours.filter(({ booted, oldSlot }) => booted === oldSlot).length;
      process.stdout.write(
        `power cuts, update ${update} of ${count} flash operations: ${ours.length} cuts, the old app boots after ${old}, ` +
          `the new one after ${ours.length - old}; wrong: ${wrong.length}\n`,
      );
    };

    beforeAll(
      async () => {
        await buildForTests([LAYOUT]);
        firmware = readFirmware(LAYOUT);
        operations = runPowerCuts({ firmware, updates: UPDATES, momentsOf, onCut: take, onUpdate: tell });
      },
      BUILD_LIMIT_MS + (every ? EVERY_LIMIT_MS : LIMIT_MS),
    );

    it('happens in as many operations as were asked for, and in all of the boot record', () => {
      const pages = firmware.images.ota_0.length / 256;
      for (const [index, count] of operations.entries()) {
        expect(count).toBeGreaterThan(pages);
        const ours = cuts.filter(({ update }) => update === index + 1);
        const inImages = ours.filter((cut) => !isInBootRecord(cut, LAYOUT));
        expect(inImages.length).toBeGreaterThanOrEqual(Math.floor((count - 2) / parts));
        const kinds = ours.filter((cut) => isInBootRecord(cut, LAYOUT)).map((cut) => [cut.kind, cut.moment]);
        expect(kinds).toEqual([
          ['erase-sector', 'inside'],
          ['erase-sector', 'behind'],
          ['program', 'inside'],
          ['program', 'behind'],
        ]);
      }
    });

    it('leaves a board that boots the old app, or the new one whole, as its boot record says', () => {
      expect(wrong).toEqual([]);
    });

    it('leaves the new app to boot from the last operation on, and not before', () => {
      for (let update = 1; update <= UPDATES; update += 1) {
        const ours = cuts.filter((cut) => cut.update === update);
        const last = ours.at(-1)!;
        expect([last.kind, last.moment, last.booted]).toEqual(['program', 'behind', last.newSlot]);
        for (const cut of ours.slice(0, -2)) expect(cut.booted).toBe(cut.oldSlot);
      }
    });

    it(
      'is made good by the next update',
      () => {
        for (const cut of [inImage!, inRecord!]) {
          const app = new AppInside({ ...firmware, flash: [{ flashOffset: 0, bytes: cut.flash }] });
          app.until(() => app.console.includes('server started'), 'server started', 5_000);
          const next = cut.booted === 'ota_0' ? 'ota_1' : 'ota_0';
          expect(app.upload(firmware.images[next], UPLOAD_LIMIT_MS).answer.status).toBe(200);
          app.until(() => app.console.includes(` in ${next} at `), `${next} runs`, 10_000);
        }
      },
      LIMIT_MS,
    );

    it(
      'leaves the running app to boot while the slot that is updated is the selected one, which could not be booted',
      () => {
        const { offset } = partitionOf(layoutByName(LAYOUT), 'otadata');
        const slot = partitionOf(layoutByName(LAYOUT), 'ota_1');
        // The last operations, from before the checksum byte on, are in a page of their own.
        const good = new Lab({ good: firmware.images.ota_1, slot });
        const image = good.grownTo(Math.ceil(firmware.images.ota_1.length / 512) * 512 + 32);
        const ends: CutOutcome[] = [];
        runPowerCuts({
          firmware: {
            ...firmware,
            flash: [...firmware.flash, { flashOffset: offset, bytes: encodeOtaData(3, 4) }],
            images: { ...firmware.images, ota_1: image },
          },
          updates: 1,
          momentsOf: (operation, number) =>
            operation.addr >= slot.offset + image.length - 64
              ? ['inside', 'behind']
              : momentsOf(operation, number),
          onCut: (cut) => ends.push({ ...cut, flash: new Uint8Array() }),
        });
        const inRecord = ends.filter((cut) => isInBootRecord(cut, LAYOUT));
        const record = ['erase-sector', 'erase-sector', 'program', 'program'];
        expect(inRecord.map(({ kind }) => kind)).toEqual([...record, ...record]);
        expect(ends.slice(0, 4)).toEqual(inRecord.slice(0, 4));
        expect(ends.at(-1)).toMatchObject({ moment: 'behind', booted: 'ota_1', isWhole: true });
        const others = ends.slice(0, -1).filter(({ booted, isWhole }) => booted !== 'ota_0' || !isWhole);
        expect(others).toEqual([]);
        expect(ends.length).toBeGreaterThan(8 + 4);
      },
      LIMIT_MS,
    );
  },
);
