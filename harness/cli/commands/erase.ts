import type { Command } from 'commander';
import { UsageError } from '../../core/errors';
import { flashOffsetText } from '../../device/flash-plan';
import { parseOffset } from '../../protocol/flasher-args';
import type { Layout } from '../../protocol/layouts';
import { flashPlace } from '../flash-places';
import { describeBoard, rigValue, withFlasher } from '../serial-command';
import { serialTarget, withLoaderOptions, type LoaderOptions } from '../serial-target';

interface Region {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Adds `esprig erase`. */
export function register(program: Command): void {
  withLoaderOptions(program.command('erase'), 600)
    .description('erase the flash, or a region of it, over the serial line')
    .option(
      '--region <OFFSET:SIZE>',
      'only this, in whole sectors of 0x1000; with --rig also a partition by its label (default: the whole chip)',
    )
    .option('--stay', 'leave the chip in the loader')
    .addHelpText(
      'after',
      '\nExamples:\n  npx esprig erase --port /dev/ttyUSB0 --region 0xd000:0x2000\n  npx esprig erase --rig bench-1 --region otadata',
    )
    .action(async (options: LoaderOptions & { region?: string; stay?: boolean }) => {
      const target = await serialTarget('erase', options);
      const asked = options.region === undefined ? undefined : parseRegion(options.region, target.layout);
      await withFlasher(target, options, async ({ flasher, deadline, out }) => {
        out.line(`board ${describeBoard(flasher)}`);
        const region = asked ?? { offset: 0, sizeBytes: flasher.identity.flashSizeBytes };
        if (asked === undefined) await flasher.eraseAll(deadline);
        else await flasher.erase(region.offset, region.sizeBytes, deadline);
        if (options.stay !== true) await flasher.leave(deadline);
        out.line(
          `erased ${flashOffsetText(region.offset)} to ${flashOffsetText(region.offset + region.sizeBytes)}`,
        );
        out.value({ ...rigValue(target), mac: flasher.identity.mac, ...region });
      });
    });
}

/** @throws UsageError ESPRIG_USAGE_OFFSET */
function parseRegion(text: string, layout: Layout | undefined): Region {
  const [offset, sizeBytes] = text.split(':').map(parseOffset);
  if (offset !== undefined && sizeBytes !== undefined && text.split(':').length === 2) {
    return { offset, sizeBytes };
  }
  const place = layout === undefined ? undefined : flashPlace(text, layout, '--region');
  if (place?.sizeBytes !== undefined) return { offset: place.offset, sizeBytes: place.sizeBytes };
  throw new UsageError('ESPRIG_USAGE_OFFSET', `--region: '${text}' is not OFFSET:SIZE`, {
    hint: 'Write it as 0x10000:0x4000; labels of partitions are known with --rig.',
  });
}
