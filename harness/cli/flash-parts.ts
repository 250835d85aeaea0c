/** What `esprig flash` writes: files that a person names, those of a build, or the firmware of a rig. */
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { UsageError } from '../core/errors';
import { flashOffsetText, type FlashPart } from '../device/flash-plan';
import { parseFlasherArgs, parseOffsetFile } from '../protocol/flasher-args';
import type { Layout } from '../protocol/layouts';
import { appSlots } from '../protocol/partition-table';
import { checkForSlot } from '../protocol/slots';
import { flashPlace } from './flash-places';
import type { SerialTarget } from './serial-target';
import { REFUSAL_HINTS } from './upload-forecast';

export interface PartsOptions {
  readonly flasherArgs?: string;
  /** Folder with a firmware.json, in place of the rig's own. */
  readonly firmware?: string;
  readonly force?: boolean;
}

/**
 * Reads all files before a port is opened, so that a mistyped name costs nothing.
 * @throws UsageError ESPRIG_USAGE, ESPRIG_USAGE_FILE, ESPRIG_USAGE_OFFSET, ESPRIG_USAGE_TOO_LARGE; as `planOf`
 */
export async function readParts(
  pairs: readonly string[],
  options: PartsOptions,
  target: SerialTarget,
): Promise<readonly FlashPart[]> {
  const named = await Promise.all(pairs.map((pair) => readPair(pair, options, target.layout)));
  const parts = [...named, ...(await readBuild(options.flasherArgs))];
  if (parts.length > 0 && options.firmware !== undefined) {
    throw new UsageError('ESPRIG_USAGE', 'flash: --firmware is a whole set, and files are named besides', {
      hint: 'Leave one of them out.',
    });
  }
  return parts.length > 0 ? parts : shippedWith(target, options.firmware);
}

async function readPair(
  pair: string,
  { force }: PartsOptions,
  layout: Layout | undefined,
): Promise<FlashPart> {
  const colon = pair.indexOf(':');
  if (layout === undefined || colon <= 0 || pair.slice(colon + 1) === '') {
    const { offset, file } = parseOffsetFile(pair);
    return { name: basename(file), offset, bytes: await readBytes(file) };
  }
  const file = pair.slice(colon + 1);
  const { offset, sizeBytes, label } = flashPlace(pair.slice(0, colon), layout, 'flash');
  const bytes = await readBytes(file);
  if (sizeBytes !== undefined && bytes.length > sizeBytes) {
    throw new UsageError(
      'ESPRIG_USAGE_TOO_LARGE',
      `${file}: ${bytes.length} bytes, and ${label ?? ''} of ${layout.name} has ${sizeBytes}`,
    );
  }
  if (force !== true) mustBeLinkedFor(offset, file, bytes, layout);
  return { name: basename(file), offset, bytes };
}

/** An app image that is linked for the other slot does not start where it is written. */
function mustBeLinkedFor(offset: number, file: string, bytes: Uint8Array, layout: Layout): void {
  const slot = appSlots(layout.partitions).find((each) => each.offset === offset);
  if (slot === undefined) return;
  const verdict = checkForSlot(bytes, slot);
  if (verdict.ok || verdict.error !== 'wrong_slot') return;
  throw new UsageError(
    'ESPRIG_IMAGE_BAD',
    `${file} would not start from ${slot.label} of ${layout.name} at ${flashOffsetText(offset)}: ${verdict.detail}`,
    { hint: `${REFUSAL_HINTS['wrong_slot'] ?? ''} --force writes it all the same.` },
  );
}

async function readBuild(flasherArgs: string | undefined): Promise<readonly FlashPart[]> {
  if (flasherArgs === undefined) return [];
  const folder = dirname(resolve(flasherArgs));
  const { files } = parseFlasherArgs(Buffer.from(await readBytes(flasherArgs)).toString('utf8'));
  return Promise.all(
    files.map(async ({ offset, file }) => ({
      ...{ name: basename(file), offset },
      bytes: await readBytes(resolve(folder, file)),
    })),
  );
}

/** What the rig is shipped with, its settings among it, as before a run. */
async function shippedWith(
  { rig }: SerialTarget,
  firmware: string | undefined,
): Promise<readonly FlashPart[]> {
  if (rig === undefined) {
    throw new UsageError('ESPRIG_USAGE', 'flash: nothing to write', {
      hint:
        'Name files as 0x10000:app.bin, a build with --flasher-args build/flasher_args.json, or a rig with --rig: ' +
        'then its firmware is written.',
    });
  }
  const [{ planOf }, { shippedParts }] = await Promise.all([
    import('../rig/make-plan'),
    import('../rig/rig-plan'),
  ]);
  const plan = planOf(rig, { firmware });
  return shippedParts(plan, plan.settings);
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    throw new UsageError(
      'ESPRIG_USAGE_FILE',
      `cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`,
      { cause: error },
    );
  }
}
