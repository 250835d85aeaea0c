import { readFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { RigError, UsageError } from '../core/errors';
import type { FlashPart } from '../device/flash-plan';
import { inspectImage } from '../protocol/image';

/** What a board is shipped with, and the images that its slots can be updated with. */
export interface FirmwareSet {
  /** As a person calls it: its folder, or the rig file that lists the parts. */
  readonly name: string;
  readonly layout: string | undefined;
  /** Of the app descriptor of the first slot's image. */
  readonly version: string;
  readonly app: string;
  /** `open` for emulated boards, `sdk`, or whatever the build says. */
  readonly runtime: string;
  /** What a flash holds as shipped, without what the rig adds (NVS). */
  readonly flash: readonly FlashPart[];
  readonly slotLabels: readonly string[];
  /** The image that is linked for a slot. @throws UsageError ESPRIG_USAGE when the set has none */
  imageFor(slotLabel: string): Uint8Array;
  /** Its ELF file; undefined when there is none. */
  elfFor(slotLabel: string): string | undefined;
}

const slotFiles = z.strictObject({ image: z.string(), elf: z.string().optional() });

/** `firmware.json`, as the build writes it. */
export const firmwareFileSchema = z.object({
  formatVersion: z.literal(1).optional(),
  layout: z.string().optional(),
  app: z.string().optional(),
  version: z.string().optional(),
  runtime: z.string().optional(),
  flash: z.array(z.object({ flashOffset: z.int().nonnegative(), file: z.string() })).min(1),
  slots: z.record(z.string(), slotFiles),
});

export type FirmwareFile = z.infer<typeof firmwareFileSchema>;

/**
 * Reads `firmware.json` of a folder and the files it names.
 * @throws RigError ESPRIG_RIG_NO_FIRMWARE when there is none, or a file is missing or is not what it should be
 */
export function readFirmwareSet(folder: string): FirmwareSet {
  const file = join(folder, 'firmware.json');
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new RigError('ESPRIG_RIG_NO_FIRMWARE', `no firmware: ${file} ${reasonOf(error)}`, {
      cause: error,
      hint: 'The firmware of virtual rigs is built by: node tools/setup.cjs start. Another build: --firmware FOLDER.',
    });
  }
  const checked = firmwareFileSchema.safeParse(parsed);
  if (!checked.success) {
    throw new RigError('ESPRIG_RIG_NO_FIRMWARE', `${file}: ${z.prettifyError(checked.error)}`, {
      hint: 'rigs/README.md says what a firmware.json holds.',
    });
  }
  return firmwareSetOf(checked.data, folder, folder);
}

/** The set that this describes; names of files count from `folder`. @throws RigError as `readFirmwareSet` */
export function firmwareSetOf(described: FirmwareFile, folder: string, name: string): FirmwareSet {
  const place = (file: string): string => (isAbsolute(file) ? file : resolve(folder, file));
  const flash = described.flash.map(({ flashOffset, file }) => ({
    name: file,
    offset: flashOffset,
    bytes: readImage(place(file)),
  }));
  const images = new Map(
    Object.entries(described.slots).map(([label, { image }]) => [label, readImage(place(image))]),
  );
  const [first] = images.values();
  const descriptor = first && inspectImage(first).descriptor;
  return {
    name,
    flash,
    slotLabels: [...images.keys()],
    layout: described.layout,
    version: described.version ?? descriptor?.version ?? 'unknown',
    app: described.app ?? descriptor?.project ?? 'unknown',
    runtime: described.runtime ?? 'unknown',
    imageFor(slotLabel) {
      const image = images.get(slotLabel);
      if (image !== undefined) return image;
      throw new UsageError('ESPRIG_USAGE', `${name} has no image for slot ${slotLabel}`, {
        hint: `It has images for: ${[...images.keys()].join(', ')}.`,
      });
    },
    elfFor(slotLabel) {
      const elf = described.slots[slotLabel]?.elf;
      return elf === undefined ? undefined : place(elf);
    },
  };
}

function readImage(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new RigError('ESPRIG_RIG_NO_FIRMWARE', `firmware file ${file} ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'is missing' : `cannot be read: ${message}`;
}
