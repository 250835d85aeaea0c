import type { Command } from 'commander';
import { rigValue, withFlasher } from '../serial-command';
import { serialTarget, withLoaderOptions, type LoaderOptions } from '../serial-target';

/** Adds `esprig chip`. */
export function register(program: Command): void {
  withLoaderOptions(program.command('chip'), 60)
    .description('tell chip, MAC and flash of a board')
    .addHelpText(
      'after',
      '\nThe board is reset: into its loader, and back into its app.\nExamples:\n  npx esprig chip --port /dev/ttyUSB0\n  npx esprig chip --rig bench-1',
    )
    .action(async (options: LoaderOptions) => {
      const target = await serialTarget('chip', options);
      await withFlasher(target, options, async ({ flasher, leave, out }) => {
        const { identity, loader } = flasher;
        await leave();
        out.result(`chip   ${identity.chip}`);
        out.result(`MAC    ${identity.mac}`);
        const id = `0x${identity.flashId.toString(16).padStart(6, '0')}`;
        out.result(
          `flash  ${identity.flashName ?? 'unknown make'} (${id}), ${identity.flashSizeBytes / 1024} KiB`,
        );
        out.value({ ...rigValue(target), ...identity, loader });
      });
    });
}
