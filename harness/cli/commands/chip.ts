import type { Command } from 'commander';
import { withFlasher, withLoaderOptions } from '../serial-command';
import type { LoaderOptions } from '../serial-command';

/** Adds `esprig chip`. */
export function register(program: Command): void {
  withLoaderOptions(program.command('chip'), 60)
    .description('tell chip, MAC and flash of the board on a port')
    .option('--stay', 'leave the chip in the loader')
    .action(async (options: LoaderOptions & { stay?: boolean }) => {
      await withFlasher('chip', options, async ({ flasher, deadline, out }) => {
        const { identity, loader } = flasher;
        if (options.stay !== true) await flasher.leave(deadline);
        out.line(`chip   ${identity.chip}`);
        out.line(`MAC    ${identity.mac}`);
        const id = `0x${identity.flashId.toString(16).padStart(6, '0')}`;
        out.line(
          `flash  ${identity.flashName ?? 'unknown make'} (${id}), ${identity.flashSizeBytes / 1024} KiB`,
        );
        out.value({ ...identity, loader });
      });
    });
}
