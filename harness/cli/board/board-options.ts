import { readFileSync, statSync } from 'node:fs';
import { FLASH_CHIPS } from '../../chip/flash-chips';
import type { ErrorCode } from '../../core/error-codes';
import { isEsprigError, UsageError } from '../../core/errors';
import type { BoardConfig } from '../../emulator/board-config';
import type { BoardDebugOptions, Pacing } from '../../host/board-messages';
import { parseElfSymbols } from '../../protocol/elf-symbols';
import { checkFlashPlan, parseOffsetFile, type SizedFile } from '../../protocol/flasher-args';
import type { OutputFlags } from '../output-options';

/** `esprig board`'s options as commander hands them over. */
export interface BoardFlags extends OutputFlags {
  /** Name, or path of a rig file. */
  readonly rig?: string;
  readonly firmware?: string;
  readonly flashSize?: string;
  readonly flash?: string;
  readonly image: readonly string[];
  readonly rom?: string;
  readonly mac?: string;
  readonly seed?: number;
  readonly serial?: number;
  readonly until?: string;
  readonly timeout?: number;
  readonly trace?: string | true;
  readonly traceLast?: number;
  readonly elf?: string;
  readonly gdb?: number;
  readonly profile?: true;
  readonly saveFlash?: string;
  readonly fast?: true;
  readonly realtime?: true;
  readonly silicon?: true;
  readonly lenient?: true;
  readonly download?: true;
}

export interface FlashContent {
  readonly offset: number;
  readonly file: string;
  readonly bytes: Uint8Array;
}

const ROM_BYTES = 0x10000;
const DEFAULT_TRACE_FILE = 'board.trace';
const MEBIBYTE = 0x100000;

/** Bytes of `1MB`, `512KB`, `0x100000`. @throws UsageError ESPRIG_USAGE */
export function parseFlashSize(text: string): number {
  const match = /^(\d+)\s*(k|kb|kib|m|mb|mib)?$/i.exec(text.trim());
  const unit = match?.[2]?.[0]?.toLowerCase();
  const bytes = match ? Number(match[1]) * (unit === 'm' ? MEBIBYTE : unit === 'k' ? 1024 : 1) : Number(text);
  if (FLASH_CHIPS.some((chip) => chip.sizeBytes === bytes)) return bytes;
  throw new UsageError('ESPRIG_USAGE', `--flash-size ${text}: no ESP8266 board has such a flash`, {
    hint: `Use one of ${FLASH_CHIPS.map((chip) => sizeName(chip.sizeBytes)).join(', ')}.`,
  });
}

export function sizeName(bytes: number): string {
  return bytes >= MEBIBYTE ? `${bytes / MEBIBYTE}MB` : `${bytes / 1024}KB`;
}

/** @throws UsageError ESPRIG_USAGE */
export function parseMac(text: string): readonly number[] {
  const octets = text.split(/[:-]/);
  if (octets.length === 6 && octets.every((octet) => /^[0-9a-f]{2}$/i.test(octet))) {
    return octets.map((octet) => parseInt(octet, 16));
  }
  throw new UsageError('ESPRIG_USAGE', `--mac ${text}: not a MAC address`, {
    hint: 'Write six octets, as in 5c:cf:7f:01:23:45.',
  });
}

/** A board of which nothing is said. */
const PLAIN_BOARD = { flashSizeBytes: MEBIBYTE, seed: 1, flashTiming: 'fast', lenient: false } as const;

/** The board that the flags describe, or what they make of the board of a rig. @throws UsageError */
export function boardConfig(
  flags: BoardFlags,
  base: Partial<BoardConfig> = PLAIN_BOARD,
): Partial<BoardConfig> {
  return {
    ...base,
    ...(flags.flashSize === undefined ? {} : { flashSizeBytes: parseFlashSize(flags.flashSize) }),
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    ...(flags.silicon ? { flashTiming: 'silicon' as const } : {}),
    ...(flags.lenient ? { lenient: true } : {}),
    ...(flags.mac === undefined ? {} : { mac: parseMac(flags.mac) }),
    ...(flags.rom === undefined ? {} : { romImage: readRom(flags.rom) }),
  };
}

/** @throws UsageError when both are given */
export function pacing(flags: BoardFlags): Pacing {
  if (flags.fast && flags.realtime) {
    throw new UsageError('ESPRIG_USAGE', '--fast and --realtime exclude each other', {
      hint: 'Leave both out: then only idle time walks with the wall clock, and only while somebody watches.',
    });
  }
  return flags.fast ? 'fast' : flags.realtime ? 'realtime' : 'auto';
}

/** How the board is watched. @throws UsageError for a missing ELF file; ProtocolError for what is none */
export function debugOptions(flags: BoardFlags): BoardDebugOptions {
  const file = flags.trace === true ? DEFAULT_TRACE_FILE : flags.trace;
  const traced = file !== undefined || flags.traceLast !== undefined;
  return {
    ...(flags.elf === undefined ? {} : { symbols: parseElfSymbols(readBytes(flags.elf)) }),
    ...(traced
      ? {
          trace: {
            ...(file === undefined ? {} : { file }),
            ...(flags.traceLast === undefined ? {} : { last: flags.traceLast }),
          },
        }
      : {}),
    profile: flags.profile ?? false,
    waitForDebugger: flags.gdb !== undefined,
  };
}

/**
 * What goes into the flash before power comes on: the dump or else what a rig is shipped with, then the images over it.
 * @throws UsageError for a missing file, one that does not fit, images that overlap, an odd offset
 */
export function flashContents(
  flags: BoardFlags,
  flashBytes: number,
  shipped: readonly FlashContent[] = [],
): readonly FlashContent[] {
  const dump = flags.flash === undefined ? [] : [{ offset: 0, file: flags.flash }];
  const images = flags.image.map(parseOffsetFile);
  const sized = (files: readonly { offset: number; file: string }[]) =>
    files.map((each) => ({ ...each, sizeBytes: sizeOf(each.file) }));
  checked(sized(dump), flashBytes);
  checked(sized(images), flashBytes);
  checked(
    shipped.map((part) => ({ ...part, sizeBytes: part.bytes.length })),
    flashBytes,
  );
  const named = [...dump, ...images].map((each) => ({ ...each, bytes: readBytes(each.file) }));
  return dump.length > 0 ? named : [...shipped, ...named];
}

/** With what to do about it on this board, where the codec does not know. */
const HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  ESPRIG_USAGE_TOO_LARGE: 'A larger chip may do: --flash-size 2MB, for example.',
  ESPRIG_USAGE_OVERLAP:
    'Each --image needs sectors of its own; give one of them another offset. A --flash dump lies below all of them.',
};

function checked(files: readonly SizedFile[], flashBytes: number): void {
  try {
    checkFlashPlan(files, flashBytes);
  } catch (error) {
    if (!isEsprigError(error)) throw error;
    throw new UsageError(error.code, error.message, { hint: error.hint ?? HINTS[error.code], cause: error });
  }
}

function readRom(file: string): Uint8Array {
  const bytes = readBytes(file);
  if (bytes.length === ROM_BYTES) return bytes;
  throw new UsageError(
    'ESPRIG_USAGE_TOO_LARGE',
    `--rom ${file}: ${bytes.length} bytes, a boot ROM has ${ROM_BYTES}`,
    {
      hint: 'Give a dump of 0x40000000-0x4000FFFF, or leave --rom out: esprig has a boot ROM of its own.',
    },
  );
}

function sizeOf(file: string): number {
  return onFile(file, () => {
    const stat = statSync(file);
    if (!stat.isFile()) throw new Error('it is no file');
    return stat.size;
  });
}

export function readBytes(file: string): Uint8Array {
  return onFile(file, () => new Uint8Array(readFileSync(file)));
}

function onFile<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    throw new UsageError(
      'ESPRIG_USAGE_FILE',
      `${file}: ${code === 'ENOENT' ? 'there is no such file' : message}`,
      {
        hint: 'Check the name; a relative one counts from the folder you are in.',
      },
    );
  }
}
