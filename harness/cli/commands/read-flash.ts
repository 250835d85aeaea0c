import type { Command } from 'commander';
import { writeFile } from 'node:fs/promises';
import { UsageError } from '../../core/errors';
import { parseOffset } from '../../protocol/flasher-args';
import { describeBoard, withFlasher, withLoaderOptions } from '../serial-command';
import type { LoaderOptions } from '../serial-command';

/** Adds `esprig read-flash`. */
export function register(program: Command): void {
  withLoaderOptions(program.command('read-flash'), 1800)
    .description('read flash over the serial line into a file')
    .argument('<OFFSET>', 'where to begin')
    .argument('<SIZE>', 'how many bytes, or `all` for the rest of the flash')
    .argument('<FILE>', 'where to put them')
    .option('--stay', 'leave the chip in the loader')
    .action(
      async (
        offsetText: string,
        sizeText: string,
        file: string,
        options: LoaderOptions & { stay?: boolean },
      ) => {
        const offset = numberOf('OFFSET', offsetText);
        const size = sizeText === 'all' ? undefined : numberOf('SIZE', sizeText);
        await withFlasher('read-flash', options, async ({ flasher, deadline, out }) => {
          out.line(`board ${describeBoard(flasher)}`);
          const sizeBytes = size ?? Math.max(0, flasher.identity.flashSizeBytes - offset);
          const bytes = await flasher.read(offset, sizeBytes, deadline);
          await writeBytes(file, bytes);
          if (options.stay !== true) await flasher.leave(deadline);
          out.line(`${bytes.length} bytes written to ${file}, checked against the board's digest`);
          out.value({ mac: flasher.identity.mac, offset, sizeBytes, file });
        });
      },
    );
}

function numberOf(what: string, text: string): number {
  const value = parseOffset(text);
  if (value === undefined)
    throw new UsageError('ESPRIG_USAGE_OFFSET', `read-flash: ${what} '${text}' is no number`);
  return value;
}

async function writeBytes(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes);
  } catch (error) {
    throw new UsageError(
      'ESPRIG_USAGE_FILE',
      `cannot write ${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`,
      {
        cause: error,
      },
    );
  }
}
