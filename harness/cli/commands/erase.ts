import type { Command } from 'commander';
import { UsageError } from '../../core/errors';
import { flashOffsetText } from '../../device/flash-plan';
import { parseOffset } from '../../protocol/flasher-args';
import { describeBoard, withFlasher, withLoaderOptions } from '../serial-command';
import type { LoaderOptions } from '../serial-command';

interface Region {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Adds `esprig erase`. */
export function register(program: Command): void {
  withLoaderOptions(program.command('erase'), 600)
    .description('erase the flash, or a region of it, over the serial line')
    .option('--region <OFFSET:SIZE>', 'only this, in whole sectors of 0x1000', parseRegion)
    .option('--stay', 'leave the chip in the loader')
    .action(async (options: LoaderOptions & { region?: Region; stay?: boolean }) => {
      await withFlasher('erase', options, async ({ flasher, deadline, out }) => {
        out.line(`board ${describeBoard(flasher)}`);
        const { region = { offset: 0, sizeBytes: flasher.identity.flashSizeBytes } } = options;
        if (options.region === undefined) await flasher.eraseAll(deadline);
        else await flasher.erase(region.offset, region.sizeBytes, deadline);
        if (options.stay !== true) await flasher.leave(deadline);
        out.line(
          `erased ${flashOffsetText(region.offset)} to ${flashOffsetText(region.offset + region.sizeBytes)}`,
        );
        out.value({ mac: flasher.identity.mac, ...region });
      });
    });
}

function parseRegion(text: string): Region {
  const [offset, sizeBytes] = text.split(':').map(parseOffset);
  if (offset === undefined || sizeBytes === undefined || text.split(':').length !== 2) {
    throw new UsageError('ESPRIG_USAGE_OFFSET', `--region: '${text}' is not OFFSET:SIZE`, {
      hint: 'Write it as 0x10000:0x4000.',
    });
  }
  return { offset, sizeBytes };
}
