import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { heapTakenBy, memoryTable } from './component-memory';
import { readElf, type ElfFile } from './elf-file';
import { kernelReport, type KernelReport } from './kernel-report';
import { OUTPUT } from './paths';
import { componentSizes, sizesTable } from './sizes';
import { readFirmware } from './testkit/app-board';
import { buildForTests, runtimeMissing } from './testkit/app-build';
import { AppInside } from './testkit/app-inside';

/** What the component costs a board, as the linker and the running app have it; the tables are printed. */
const missing = runtimeMissing();
const BUILD_LIMIT_MS = 240_000;
const UPLOAD_LIMIT_MS = 60_000;
const LAYOUT = 'one-mb';
const TEXT_LIMIT_BYTES = 24 * 1024;
const RAM_LIMIT_BYTES = 12 * 1024;
/** Control blocks of task, semaphore and sockets, headers of the heap. */
const KEPT_LIMIT_BYTES = 512;

(missing === undefined ? describe : describe.skip)(
  `memory of the component on lx106${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let elf: ElfFile;
    let map: string;
    beforeAll(async () => {
      await buildForTests([LAYOUT]);
      elf = readElf(readFileSync(join(OUTPUT, LAYOUT, 'ota_0.elf')));
      map = readFileSync(join(OUTPUT, LAYOUT, 'ota_0.map'), 'utf8');
    }, BUILD_LIMIT_MS);

    /** The app in the middle of what asks the most of it. */
    const reportUnderLoad = (): KernelReport => {
      const firmware = readFirmware(LAYOUT);
      const app = new AppInside(firmware);
      app.until(() => app.console.includes('server started'), 'server started', 5_000);
      app.events();
      app.events();
      app.deafEvents();
      expect(app.upload(firmware.images.ota_1, UPLOAD_LIMIT_MS).answer.status).toBe(200);
      return kernelReport(app.board, elf);
    };

    test('text and constants stay under 24 KiB, static memory, heap and stack together under 12 KiB', () => {
      const sizes = componentSizes(map);
      const size = sizes.find(({ component }) => component === 'sse_ota')!;
      const flashBytes = size.textBytes + size.rodataBytes;
      const staticBytes = size.dataBytes + size.bssBytes;
      const { requests, takenBytes } = heapTakenBy(readFirmware(LAYOUT), elf, 'sse_ota_start');
      const report = reportUnderLoad();
      const stack = report.stacks.find(({ name }) => name === 'sse_ota')!;
      // All that it keeps is one piece, and it asks for that first; its stack comes from the kernel.
      const [ownBytes = 0] = requests;
      expect(requests).toContain(stack.sizeBytes);
      const ramBytes = staticBytes + ownBytes + stack.sizeBytes;
      process.stdout.write(
        `${sizesTable(sizes)}\n\n${memoryTable(report)}\n\nsse_ota: ${flashBytes} bytes of text and constants; ` +
          `${ramBytes} of RAM (${staticBytes} static, ${ownBytes} of heap, ${stack.sizeBytes} of stack), and ` +
          `${takenBytes - ownBytes - stack.sizeBytes} that kernel, lwIP and heap keep about it\n`,
      );
      expect(flashBytes).toBeLessThan(TEXT_LIMIT_BYTES);
      expect(ramBytes).toBeLessThan(RAM_LIMIT_BYTES);
      expect(takenBytes).toBeLessThan(ramBytes + KEPT_LIMIT_BYTES);
      expect(ownBytes).toBeGreaterThan(stack.sizeBytes);
    });
  },
);
