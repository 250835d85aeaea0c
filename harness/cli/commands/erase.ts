import type { Command } from 'commander';
import { FLASH_SECTOR_BYTES } from '../../chip/flash-chips';
import { UsageError } from '../../core/errors';
import { flashOffsetText } from '../../device/flash-plan';
import { parseOffset } from '../../protocol/flasher-args';
import type { Layout } from '../../protocol/layouts';
import { flashPlace, mustLieInFlash } from '../flash-places';
import { describeBoard, rigValue, withFlasher } from '../serial-command';
import { serialTarget, withLoaderOptions, type LoaderOptions, type SerialTarget } from '../serial-target';

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
    .addHelpText(
      'after',
      '\nExamples:\n  npx esprig erase --port /dev/ttyUSB0 --region 0xd000:0x2000\n  npx esprig erase --rig bench-1 --region otadata',
    )
    .action(async (options: LoaderOptions & { region?: string }) => {
      const target = await serialTarget('erase', options);
      const asked = options.region === undefined ? undefined : regionOf(options.region, target);
      await withFlasher(target, options, async ({ flasher, leave, deadline, out }) => {
        out.line(`board ${describeBoard(flasher)}`);
        const region = asked ?? { offset: 0, sizeBytes: flasher.identity.flashSizeBytes };
        if (asked === undefined) await flasher.eraseAll(deadline);
        else await flasher.erase(region.offset, region.sizeBytes, deadline);
        await leave();
        out.line(
          `erased ${flashOffsetText(region.offset)} to ${flashOffsetText(region.offset + region.sizeBytes)}`,
        );
        out.value({ ...rigValue(target), mac: flasher.identity.mac, ...region });
      });
    });
}

/** Checked before a port is opened. @throws UsageError ESPRIG_USAGE_OFFSET, ESPRIG_USAGE_TOO_LARGE */
function regionOf(text: string, { layout, mostFlashBytes }: SerialTarget): Region {
  const region = parseRegion(text, layout);
  mustLieInFlash('--region', region, mostFlashBytes);
  const { offset, sizeBytes } = region;
  if (offset % FLASH_SECTOR_BYTES === 0 && sizeBytes % FLASH_SECTOR_BYTES === 0 && sizeBytes > 0)
    return region;
  throw new UsageError('ESPRIG_USAGE_OFFSET', `--region: '${text}' is not made of whole sectors`, {
    hint: 'Flash is erased in sectors of 4 KiB: OFFSET and SIZE are multiples of 0x1000.',
  });
}

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
