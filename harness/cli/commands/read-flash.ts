import type { Command } from 'commander';
import { writeFile } from 'node:fs/promises';
import { UsageError } from '../../core/errors';
import { parseOffset } from '../../protocol/flasher-args';
import { flashPlace, mustLieInFlash } from '../flash-places';
import { describeBoard, rigValue, withFlasher } from '../serial-command';
import { serialTarget, withLoaderOptions, type LoaderOptions } from '../serial-target';
import { cannotWrite, mustBeWritable } from '../writable';

/** Adds `esprig read-flash`. */
export function register(program: Command): void {
  withLoaderOptions(program.command('read-flash'), 1800)
    .description('read flash over the serial line into a file')
    .argument('<OFFSET>', 'where to begin; with --rig also a partition by its label')
    .argument('<SIZE>', 'how many bytes, or `all` for the rest of the flash or of the partition')
    .argument('<FILE>', 'where to put them')
    .addHelpText(
      'after',
      '\nExamples:\n  npx esprig read-flash --port /dev/ttyUSB0 0 all dump.bin\n  npx esprig read-flash --rig bench-1 otadata all otadata.bin',
    )
    .action(async (offsetText: string, sizeText: string, file: string, options: LoaderOptions) => {
      const target = await serialTarget('read-flash', options);
      const place = flashPlace(offsetText, target.layout, 'read-flash: OFFSET');
      const { offset } = place;
      const size = sizeText === 'all' ? place.sizeBytes : numberOf('SIZE', sizeText);
      mustLieInFlash('read-flash', { offset, sizeBytes: size ?? 0 }, target.mostFlashBytes);
      mustBeWritable('read-flash', file);
      await withFlasher(target, options, async ({ flasher, leave, deadline, out }) => {
        out.line(`board ${describeBoard(flasher)}`);
        const sizeBytes = size ?? Math.max(0, flasher.identity.flashSizeBytes - offset);
        const bytes = await flasher.read(offset, sizeBytes, deadline);
        await writeBytes(file, bytes);
        await leave();
        out.line(`${bytes.length} bytes written to ${file}, checked against the board's digest`);
        out.value({ ...rigValue(target), mac: flasher.identity.mac, offset, sizeBytes, file });
      });
    });
}

function numberOf(what: string, text: string): number {
  const value = parseOffset(text);
  if (value === undefined)
    throw new UsageError('ESPRIG_USAGE_OFFSET', `read-flash: ${what} '${text}' is no number`);
  return value;
}

async function writeBytes(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(path, bytes).catch((error: unknown) => {
    throw cannotWrite('read-flash', path, error);
  });
}
