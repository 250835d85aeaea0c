/**
 * What to flash where: `OFFSET:FILE` from a command line, or `flasher_args.json` from a build, and the checks to make
 * before the first byte is written. Source of the JSON: ESP8266_RTOS_SDK `components/esptool_py/flasher_args.json.in`.
 */
import { ProtocolError, UsageError } from '../core/errors';
import { hex } from './bytes';

const SECTOR_BYTES = 0x1000;

export interface FlashFile {
  readonly offset: number;
  /** As written down; relative to the folder of the JSON file or to the working folder. */
  readonly file: string;
}

export interface FlasherArgs {
  readonly files: readonly FlashFile[];
  readonly flashMode: string | undefined;
  readonly flashSize: string | undefined;
  readonly flashFrequency: string | undefined;
}

/** A number in decimal or 0x hex, as all offsets are written; undefined when it is none. */
export function parseOffset(text: string): number | undefined {
  const trimmed = text.trim();
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(trimmed)) return undefined;
  const value = Number(trimmed);
  return Number.isSafeInteger(value) && value <= 0xffffffff ? value : undefined;
}

/** @throws UsageError ESPRIG_USAGE_OFFSET when there is no `OFFSET:` in front */
export function parseOffsetFile(argument: string): FlashFile {
  const colon = argument.indexOf(':');
  const offset = colon < 0 ? undefined : parseOffset(argument.slice(0, colon));
  const file = argument.slice(colon + 1);
  if (offset === undefined || file === '') {
    throw new UsageError('ESPRIG_USAGE_OFFSET', `"${argument}" is not OFFSET:FILE`, {
      hint: 'Write the flash offset in front of the file, as in 0x10000:app.bin.',
    });
  }
  return { offset, file };
}

/** @throws ProtocolError ESPRIG_USAGE_FILE when the text is no `flasher_args.json` */
export function parseFlasherArgs(json: string): FlasherArgs {
  const fail = (what: string, cause?: unknown) =>
    new ProtocolError('ESPRIG_USAGE_FILE', `flasher_args.json: ${what}`, {
      blame: 'case',
      cause,
      hint: 'Name the file that the build wrote, or give OFFSET:FILE pairs instead.',
    });
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw fail('no JSON', error);
  }
  if (!isRecord(value) || !isRecord(value['flash_files'])) throw fail('no "flash_files" in it');
  const files = Object.entries(value['flash_files']).map(([key, file]): FlashFile => {
    const offset = parseOffset(key);
    if (offset === undefined) throw fail(`"${key}" is no flash offset`);
    if (typeof file !== 'string' || file === '') throw fail(`no file name at ${key}`);
    return { offset, file };
  });
  if (files.length === 0) throw fail('"flash_files" is empty');
  const settings = isRecord(value['flash_settings']) ? value['flash_settings'] : {};
  const setting = (name: string) => (typeof settings[name] === 'string' ? settings[name] : undefined);
  return {
    files: files.sort((a, b) => a.offset - b.offset),
    flashMode: setting('flash_mode'),
    flashSize: setting('flash_size'),
    flashFrequency: setting('flash_freq'),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export interface SizedFile extends FlashFile {
  readonly sizeBytes: number;
}

/**
 * Refuses what cannot be flashed as asked: odd offsets, files beyond the chip, files over each other. Whole sectors
 * count, since a sector is erased as a whole.
 * @throws UsageError ESPRIG_USAGE_OFFSET, ESPRIG_USAGE_TOO_LARGE, ESPRIG_USAGE_OVERLAP
 */
export function checkFlashPlan(files: readonly SizedFile[], flashBytes: number): void {
  for (const { offset, file, sizeBytes } of files) {
    if (offset % SECTOR_BYTES !== 0) {
      throw new UsageError('ESPRIG_USAGE_OFFSET', `${file}: offset ${hex(offset)} is not at a sector`, {
        hint: `Flash is erased in sectors: use a multiple of ${hex(SECTOR_BYTES)}.`,
      });
    }
    if (offset + sizeBytes > flashBytes) {
      throw new UsageError(
        'ESPRIG_USAGE_TOO_LARGE',
        `${file}: ${sizeBytes} bytes at ${hex(offset)} end beyond the flash of ${hex(flashBytes)}`,
      );
    }
  }
  const sorted = [...files].filter((each) => each.sizeBytes > 0).sort((a, b) => a.offset - b.offset);
  sorted.forEach((each, index) => {
    const next = sorted[index + 1];
    const endOffset = Math.ceil((each.offset + each.sizeBytes) / SECTOR_BYTES) * SECTOR_BYTES;
    if (next !== undefined && next.offset < endOffset) {
      throw new UsageError(
        'ESPRIG_USAGE_OVERLAP',
        `${next.file} at ${hex(next.offset)} lies over ${each.file}, which ends at ${hex(endOffset)}`,
      );
    }
  });
}
