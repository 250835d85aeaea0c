import type { Command } from 'commander';
import { checkParts, flashOffsetText } from '../../device/flash-plan';
import type { WrittenPart } from '../../device/flash-types';
import { readParts, type PartsOptions } from '../flash-parts';
import { describeBoard, rigValue, withFlasher } from '../serial-command';
import { serialTarget, withLoaderOptions, type LoaderOptions } from '../serial-target';

interface FlashOptions extends LoaderOptions, PartsOptions {
  readonly eraseAll?: boolean;
  readonly rewrite?: boolean;
}

/** Adds `esprig flash`. */
export function register(program: Command): void {
  withLoaderOptions(program.command('flash'), 600)
    .description('write images over the serial line, only what differs, verified')
    .argument(
      '[OFFSET:FILE...]',
      'what goes where, as in 0x10000:app.bin; with --rig also LABEL:FILE, as in ota_0:app.bin; with --rig and ' +
        'nothing here: what the rig is shipped with, its settings too',
    )
    .option('--flasher-args <file>', 'take files and offsets from a build’s flasher_args.json')
    .option('--firmware <folder>', 'with --rig: a firmware set in place of the rig’s own (firmware.json)')
    .option('--erase-all', 'erase the whole chip first')
    .option('--rewrite', 'write all, also what the flash holds already')
    .option(
      '--force',
      'write damaged images, texts, archives and ELF files, too; with --rig, which knows the slots, also apps that are linked ' +
        'for another slot',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  npx esprig flash --port /dev/ttyUSB0 0x10000:app.bin\n  npx esprig flash --rig bench-1\n  npx esprig flash --rig bench-1 --wait=600 ota_1:app.ota_1.bin',
    )
    .action(async (pairs: string[], options: FlashOptions) => {
      const target = await serialTarget('flash', options);
      const parts = await readParts(pairs, options, target);
      // The flasher knows the chip's own size and looks again; most mistakes need no board to be seen.
      checkParts(parts, { flashSizeBytes: target.mostFlashBytes, force: options.force === true });
      await withFlasher(target, options, async ({ flasher, leave, deadline, out }) => {
        out.line(`board ${describeBoard(flasher)}`);
        const result = await flasher.write(
          parts,
          {
            eraseAll: options.eraseAll === true,
            rewrite: options.rewrite === true,
            force: options.force === true,
          },
          deadline,
        );
        for (const part of result.parts) out.line(describePart(part));
        await leave();
        out.line(
          `done in ${(result.elapsedMs / 1000).toFixed(1)} s at ${result.baud} baud (${result.loader})`,
        );
        out.value({ ...rigValue(target), ...flasher.identity, ...result });
      });
    });
}

function describePart(part: WrittenPart): string {
  const at = `${part.name} at ${flashOffsetText(part.offset)}`;
  const by = part.verifiedBy === 'md5' ? 'verified by MD5' : 'each block read back by the boot ROM';
  switch (part.action) {
    case 'skipped':
      return `${at}: is there already, nothing written (${by})`;
    case 'sectors':
      return `${at}: ${part.sectorsWritten} of ${Math.ceil(part.sizeBytes / 4096)} sectors differed and were written (${by})`;
    case 'written':
      return `${at}: ${part.sizeBytes} bytes written${part.rewritten ? ', twice' : ''} (${by})`;
  }
}
