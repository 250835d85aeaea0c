import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { readElf, type ElfFile } from './elf-file';
import { kernelReport } from './kernel-report';
import { OUTPUT } from './paths';
import { readFirmware } from './testkit/app-board';
import { buildForTests, runtimeMissing } from './testkit/app-build';
import { AppInside } from './testkit/app-inside';

const suite = runtimeMissing() === undefined ? describe : describe.skip;
const BUILD_LIMIT_MS = 240_000;
const UPLOAD_LIMIT_MS = 60_000;
const CONSOLE_BAUD = 74_880;

/** Stacks and heap of the app, seen from outside, while it does the most that it ever does. */
suite('the app’s memory', () => {
  let elf: ElfFile;
  beforeAll(async () => {
    await buildForTests(['one-mb']);
    elf = readElf(readFileSync(join(OUTPUT, 'one-mb/ota_0.elf')));
  }, BUILD_LIMIT_MS);

  test('three streams, one of them unread, and an upload leave a quarter of every stack and 16 KiB of heap', () => {
    const firmware = readFirmware('one-mb');
    const app = new AppInside(firmware);
    app.events();
    app.events();
    app.deafEvents();
    const before = kernelReport(app.board, elf);
    for (const byte of Buffer.from('wide 600\nburst 100\n')) app.board.receiveByte(byte, CONSOLE_BAUD);
    expect(before.heapFreeBytes).toBeGreaterThan(24 * 1024);
    expect(app.upload(firmware.images.ota_1, UPLOAD_LIMIT_MS).answer.status).toBe(200);
    const after = kernelReport(app.board, elf);
    expect(after.stacks.map(({ name }) => name).sort()).toEqual(
      ['(NMI)', '(interrupts)', 'IDLE', 'console', 'sse_ota', 'sys_evt', 'tiT', 'wifi'].sort(),
    );
    for (const { name, sizeBytes, unusedBytes } of after.stacks) {
      expect([name, unusedBytes >= sizeBytes / 4]).toEqual([name, true]);
      // And it was used at all: the fill is there, and the reader looks at the right place.
      expect([name, unusedBytes < sizeBytes]).toEqual([name, true]);
    }
    expect(after.heapLowestBytes).toBeGreaterThan(16 * 1024);
    expect(after.heapLowestBytes).toBeLessThan(before.heapFreeBytes);
  });
});
