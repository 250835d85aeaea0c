/** One boot put together from its log lines: what the ROM loaded, what the bootloader saw and chose. */
import type { BootLogEvent, RomMessage } from './boot-log';

export interface RomSegment {
  readonly addr: number;
  readonly sizeBytes: number;
  readonly room: number;
  readonly tail: number | undefined;
  readonly chksum: number | undefined;
}

export interface LoggedPartition {
  readonly label: string;
  readonly usage: string;
  readonly type: number;
  readonly subtype: number;
  readonly offset: number;
  readonly sizeBytes: number;
}

export interface LoggedSegment {
  readonly index: number;
  /** Where the data lie in flash. */
  readonly flashOffset: number;
  readonly addr: number;
  readonly sizeBytes: number;
  readonly action: 'map' | 'load' | '';
}

export interface BootSummary {
  readonly resetCause: number;
  readonly bootMode: number;
  readonly romSegments: readonly RomSegment[];
  readonly romCsum: number | undefined;
  readonly romMessages: readonly RomMessage[];
  readonly bootloaderVersion: string | undefined;
  readonly spiMode: string | undefined;
  readonly spiSpeed: string | undefined;
  readonly flashSize: string | undefined;
  readonly partitions: readonly LoggedPartition[];
  readonly segments: readonly LoggedSegment[];
  /** Flash offset of the app that was started. */
  readonly loadedOffset: number | undefined;
  /** Lines of level E and W, in order, as `tag: text`. */
  readonly complaints: readonly string[];
}

type Draft = { -readonly [Key in keyof BootSummary]: BootSummary[Key] } & {
  romSegments: RomSegment[];
  romMessages: RomMessage[];
  partitions: LoggedPartition[];
  segments: LoggedSegment[];
  complaints: string[];
};

const PARTITION_ROW = /^ ?\d+ (.{16}) (.{16}) ([0-9a-f]{2}) ([0-9a-f]{2}) ([0-9a-f]{8}) ([0-9a-f]{8})$/;
const SEGMENT =
  /^segment (\d+): paddr=0x([0-9a-f]+) vaddr=0x([0-9a-f]+) size=0x([0-9a-f]+) \( *\d+\) ?(map|load)?$/;
const VERSION = /^ESP-IDF (\S+) 2nd stage bootloader$/;
const LOADED = /^Loaded app from partition at offset 0x([0-9a-f]+)$/;
const SPI = /^SPI (Speed|Mode|Flash Size) *: (\S+)$/;

/** Boots in a stream of events; each begins with a ROM banner. Lines before the first banner are left out. */
export function summarizeBoots(events: Iterable<BootLogEvent>): readonly BootSummary[] {
  const boots: Draft[] = [];
  for (const event of events) {
    if (event.kind === 'rom-banner') boots.push(newBoot(event.resetCause, event.bootMode));
    const boot = boots.at(-1);
    if (boot !== undefined) take(boot, event);
  }
  return boots;
}

function newBoot(resetCause: number, bootMode: number): Draft {
  return {
    resetCause,
    bootMode,
    romSegments: [],
    romCsum: undefined,
    romMessages: [],
    bootloaderVersion: undefined,
    spiMode: undefined,
    spiSpeed: undefined,
    flashSize: undefined,
    partitions: [],
    segments: [],
    loadedOffset: undefined,
    complaints: [],
  };
}

function take(boot: Draft, event: BootLogEvent): void {
  const last = boot.romSegments.length - 1;
  switch (event.kind) {
    case 'rom-load': {
      const { addr, sizeBytes, room } = event;
      boot.romSegments.push({ addr, sizeBytes, room, tail: undefined, chksum: undefined });
      break;
    }
    case 'rom-tail':
      if (last >= 0) boot.romSegments[last] = { ...boot.romSegments[last]!, tail: event.tail };
      break;
    case 'rom-chksum':
      if (last >= 0) boot.romSegments[last] = { ...boot.romSegments[last]!, chksum: event.value };
      break;
    case 'rom-csum':
      boot.romCsum = event.value;
      break;
    case 'rom-message':
      boot.romMessages.push(event.message);
      break;
    case 'log':
      if (event.level === 'E' || event.level === 'W') boot.complaints.push(`${event.tag}: ${event.text}`);
      // After the app is started the same lines come again from its own image checks.
      if (boot.loadedOffset === undefined) takeBootloaderLine(boot, event.tag, event.text);
      break;
    default:
      break;
  }
}

function takeBootloaderLine(boot: Draft, tag: string, text: string): void {
  if (tag === 'esp_image') {
    const segment = SEGMENT.exec(text);
    if (segment === null) return;
    const index = Number(segment[1]);
    // A new try after a slot that was not bootable counts again from zero.
    if (index === 0) boot.segments.length = 0;
    boot.segments.push({
      index,
      flashOffset: parseInt(segment[2]!, 16),
      addr: parseInt(segment[3]!, 16),
      sizeBytes: parseInt(segment[4]!, 16),
      action: (segment[5] ?? '') as LoggedSegment['action'],
    });
    return;
  }
  if (tag !== 'boot') return;
  const row = PARTITION_ROW.exec(text);
  if (row !== null) {
    boot.partitions.push({
      label: row[1]!.trimEnd(),
      usage: row[2]!.trimEnd(),
      type: parseInt(row[3]!, 16),
      subtype: parseInt(row[4]!, 16),
      offset: parseInt(row[5]!, 16),
      sizeBytes: parseInt(row[6]!, 16),
    });
    return;
  }
  boot.bootloaderVersion ??= VERSION.exec(text)?.[1];
  const spi = SPI.exec(text);
  if (spi?.[1] === 'Speed') boot.spiSpeed = spi[2];
  if (spi?.[1] === 'Mode') boot.spiMode = spi[2];
  if (spi?.[1] === 'Flash Size') boot.flashSize = spi[2];
  const loaded = LOADED.exec(text);
  if (loaded !== null) boot.loadedOffset = parseInt(loaded[1]!, 16);
}
