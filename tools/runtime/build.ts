/**
 * Builds firmware for emulated boards: `node -r ./harness/register.cjs tools/runtime/build.ts [--layout NAME]...
 * [--fault NAME] [--out DIR] [--quiet]`. Without --layout: one-mb and two-ota-2mb.
 */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildFirmware } from './firmware';
import { forgetOldLinks } from './link';
import { sizesTable } from './sizes';
import { toolsMissing } from './tool';

const DEFAULT_LAYOUTS = ['one-mb', 'two-ota-2mb'];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      layout: { type: 'string', multiple: true },
      fault: { type: 'string' },
      out: { type: 'string' },
      quiet: { type: 'boolean' },
    },
  });
  const missing = toolsMissing();
  if (missing !== undefined) throw new Error(missing);
  for (const layout of values.layout ?? DEFAULT_LAYOUTS) {
    const { folder, manifest } = await buildFirmware({
      layout,
      ...(values.fault !== undefined && { fault: values.fault }),
      ...(values.out !== undefined && { folder: join(resolve(values.out), layout) }),
    });
    if (values.quiet === true) continue;
    const { sizes } = manifest;
    process.stdout.write(
      `${layout}: ${folder}\n${sizesTable(sizes.components)}\n` +
        `image ${sizes.imageBytes} of ${sizes.slotBytes} bytes, bootloader ${sizes.bootloaderBytes}, ` +
        `heap at start ${sizes.heapAtStartBytes}\n\n`,
    );
  }
  forgetOldLinks(Date.now());
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
