import type { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { UsageError } from '../../core/errors';
import { flashOffsetText } from '../../device/flash-plan';
import type { FlashPart } from '../../device/flash-plan';
import type { WrittenPart } from '../../device/flash-types';
import { parseFlasherArgs, parseOffsetFile } from '../../protocol/flasher-args';
import type { FlashFile } from '../../protocol/flasher-args';
import { describeBoard, withFlasher, withLoaderOptions } from '../serial-command';
import type { LoaderOptions } from '../serial-command';

interface FlashOptions extends LoaderOptions {
  readonly flasherArgs?: string;
  readonly eraseAll?: boolean;
  readonly rewrite?: boolean;
  readonly force?: boolean;
  readonly stay?: boolean;
}

/** Adds `esprig flash`. */
export function register(program: Command): void {
  withLoaderOptions(program.command('flash'), 600)
    .description('write images over the serial line, only what differs, verified')
    .argument('[OFFSET:FILE...]', 'what goes where, as in 0x10000:app.bin')
    .option('--flasher-args <file>', 'take files and offsets from a build’s flasher_args.json')
    .option('--erase-all', 'erase the whole chip first')
    .option('--rewrite', 'write all, also what the flash holds already')
    .option('--force', 'write files that are no sound images')
    .option('--stay', 'leave the chip in the loader')
    .action(async (pairs: string[], options: FlashOptions) => {
      const parts = await readParts(pairs, options.flasherArgs);
      await withFlasher('flash', options, async ({ flasher, deadline, out }) => {
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
        if (options.stay !== true) await flasher.leave(deadline);
        out.line(
          `done in ${(result.elapsedMs / 1000).toFixed(1)} s at ${result.baud} baud (${result.loader})`,
        );
        out.value({ ...flasher.identity, ...result });
      });
    });
}

/** Reads all files before a port is opened, so that a mistyped name costs nothing. */
async function readParts(pairs: readonly string[], flasherArgs: string | undefined): Promise<FlashPart[]> {
  const files: FlashFile[] = pairs.map(parseOffsetFile);
  if (flasherArgs !== undefined) {
    const folder = dirname(resolve(flasherArgs));
    const { files: listed } = parseFlasherArgs(Buffer.from(await readBytes(flasherArgs)).toString('utf8'));
    for (const { offset, file } of listed) files.push({ offset, file: resolve(folder, file) });
  }
  if (files.length === 0) {
    throw new UsageError('ESPRIG_USAGE', 'flash: nothing to write', {
      hint: 'Name files as 0x10000:app.bin, or a build with --flasher-args build/flasher_args.json.',
    });
  }
  return Promise.all(
    files.map(async ({ offset, file }) => ({ name: basename(file), offset, bytes: await readBytes(file) })),
  );
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    throw new UsageError(
      'ESPRIG_USAGE_FILE',
      `cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`,
      {
        cause: error,
      },
    );
  }
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
