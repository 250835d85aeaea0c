/** An image in words, for a terminal. */
import { hex } from './bytes';
import type { FlashDump } from './flash-dump';
import { inspectImage, type ImageInfo, type ImageSegment } from './image';
import { FLASH_SIZES_V1, FLASH_SIZES_V3, LOAD_REGIONS, SPI_MODES, SPI_SPEEDS } from './image-format';
import { LAYOUTS, type Layout } from './layouts';
import { appSlots, partitionUsage, type Partition } from './partition-table';
import { checkForSlot, slotBaseAddr, slotsServedBy } from './slots';
import { FLASH_WINDOW_BASE } from '../chip/esp8266';
import { FLASH_SECTOR_BYTES } from '../chip/flash-chips';

/** What the bytes are as an image, in lines. With a layout also which slots take it, and why not. */
export function explainImage(bytes: Uint8Array, layout?: Layout): string {
  const info = inspectImage(bytes);
  const lines = explainInfo(info);
  if (info.kind === 'app') {
    lines.push('');
    if (layout === undefined) lines.push(servesLine(bytes));
    else lines.push(`Slots of layout ${layout.name}`, ...slotLines(bytes, layout));
  }
  return `${lines.join('\n')}\n`;
}

/** The same without slots, from what was read already; with what is to be said against it where it lies. */
function explainInfo(info: ImageInfo, complaints: readonly string[] = []): string[] {
  const { header } = info;
  if (info.kind === 'not-an-image' || header === undefined) {
    const start = info.problems.map((problem) => problem.text).join('; ');
    return [`Not an ESP8266 image: ${start}.`, `It looks like ${info.looksLike.text}.`];
  }
  const lines = [
    info.kind === 'app'
      ? 'App image (V3): runs from flash, started by the second-stage bootloader'
      : 'RAM image (V1): loaded by the boot ROM from flash 0, as a bootloader is',
    field('size', `${info.fileBytes} bytes${imageSizeNote(info)}`),
    field('entry', hex(header.entryAddr, 8)),
    field(
      'flash mode',
      `${SPI_MODES.get(header.spiMode) ?? `unknown (${header.spiMode})`}${modeNote(header.spiMode)}`,
    ),
    field('flash speed', SPI_SPEEDS.get(header.spiSpeed) ?? `unknown (${hex(header.spiSpeed)})`),
    field('flash size', sizeText(info.kind, header.sizeNibble)),
  ];
  if (info.kind === 'app') lines.push(...linkLines(info));
  lines.push(...descriptorLines(info), '', `Segments (${header.segmentCount})`);
  lines.push('  #  load address  length            file offset  where');
  lines.push(...info.segments.map(segmentLine));
  lines.push('', ...tailLines(info, complaints));
  if (info.looksLike.name === 'image-esp32') lines.push(`This looks like ${info.looksLike.text}.`);
  return lines;
}

function field(name: string, value: string): string {
  return `  ${name.padEnd(14)}${value}`;
}

function imageSizeNote(info: ImageInfo): string {
  if (info.imageBytes === undefined) return '; its own length cannot be told';
  if (info.imageBytes === info.fileBytes) return '';
  const relation = info.imageBytes > info.fileBytes ? 'should be' : 'the image ends at';
  return `, ${relation} ${info.imageBytes}`;
}

/** A QIO configuration writes DIO here; the reader should not wonder. */
function modeNote(mode: number): string {
  return mode === 2 ? ' (QIO and QOUT builds write this too; the bootloader switches)' : '';
}

function sizeText(kind: 'app' | 'ram', nibble: number): string {
  const table = kind === 'app' ? FLASH_SIZES_V3 : FLASH_SIZES_V1;
  const other = kind === 'app' ? FLASH_SIZES_V1 : FLASH_SIZES_V3;
  const which =
    kind === 'app'
      ? "the app's coding; a bootloader's would say"
      : "the bootloader's coding; an app's would say";
  return `${table.get(nibble) ?? 'unknown'} (code ${nibble} in ${which} ${other.get(nibble) ?? 'nothing'})`;
}

function linkLines(info: ImageInfo): string[] {
  if (info.linkedOffset === undefined) return [field('linked for', 'nothing: no segment in flash')];
  const offset = info.linkedOffset;
  const base = FLASH_WINDOW_BASE + offset;
  const isOdd = offset % FLASH_SECTOR_BYTES !== 0 ? '; no slot begins there' : '';
  const also = offset >= 0 ? `, or that plus a multiple of 1 MiB` : '';
  return [field('linked for', `a slot at ${hex(offset)}${also} (base ${hex(base + 0x10, 8)})${isOdd}`)];
}

function descriptorLines(info: ImageInfo): string[] {
  const { descriptor } = info;
  if (descriptor === undefined) return info.kind === 'app' ? [field('descriptor', 'none')] : [];
  const place =
    descriptor.placement === 'text'
      ? `at ${hex(descriptor.offset)}, where the SDK looks for it`
      : `at ${hex(descriptor.offset)}, start of rodata; esp_ota_get_partition_description does not find it there`;
  const lines = [
    field('descriptor', place),
    field('project', `${descriptor.project} ${descriptor.version}`),
    field('built', `${descriptor.date} ${descriptor.time}, ${descriptor.idfVersion}`),
  ];
  if (/[^0]/.test(descriptor.elfSha256)) lines.push(field('ELF SHA-256', descriptor.elfSha256));
  return lines;
}

function segmentLine(segment: ImageSegment): string {
  const { index, loadAddr, sizeBytes, dataOffset, virtualAddr } = segment;
  const region = LOAD_REGIONS.find((each) => each.name === segment.region);
  const shift = virtualAddr - loadAddr;
  const note = shift === 0 ? '' : `; its bytes appear at ${hex(virtualAddr, 8)}, ${shift} further`;
  const where = `${region?.text ?? 'no memory of the chip'}${note}`;
  const size = `${hex(sizeBytes).padEnd(9)} ${sizeBytes.toString().padStart(7)}`;
  return `  ${index.toString().padEnd(2)} ${hex(loadAddr, 8)}    ${size} ${hex(dataOffset).padStart(11)}  ${where}`;
}

function tailLines(info: ImageInfo, complaints: readonly string[]): string[] {
  const lines: string[] = [];
  const { checksum, sha256, trailing } = info;
  if (checksum !== undefined) {
    const verdict =
      checksum.stored === checksum.calculated
        ? 'right'
        : `wrong, the data give ${hex(checksum.calculated, 2)}`;
    lines.push(field('checksum', `${hex(checksum.stored, 2)} at ${hex(checksum.offset)}, ${verdict}`));
  }
  if (sha256 !== undefined) {
    lines.push(field('SHA-256', `${sha256.stored}, ${sha256.ok ? 'right' : 'wrong'}`));
  }
  if (trailing.sizeBytes > 0) {
    const fill = trailing.fill === undefined ? 'mixed bytes' : `all ${hex(trailing.fill, 2)}`;
    lines.push(field('behind it', `${trailing.sizeBytes} bytes, ${fill}`));
  }
  const problems = info.problems.filter((problem) => problem.code !== 'trailing-bytes');
  const all = [...problems.map((problem) => `at ${hex(problem.offset)}: ${problem.text}`), ...complaints];
  return [...lines, ...(all.length === 0 ? ['No complaints.'] : complaintLines(all))];
}

function complaintLines(complaints: readonly string[]): string[] {
  return complaints.length === 0 ? [] : ['Complaints', ...complaints.map((each) => `  ${each}`)];
}

/** Every layout with a slot that takes the image. */
function servesLine(bytes: Uint8Array): string {
  const served = LAYOUTS.flatMap(({ name, partitions }) => {
    const labels = slotsServedBy(bytes, appSlots(partitions)).map((slot) => slot.label);
    return labels.length === 0 ? [] : [`${labels.join(' and ')} of ${name}`];
  });
  return `May serve in: ${served.length === 0 ? 'no slot of any known layout' : served.join('; ')}.`;
}

function slotLines(bytes: Uint8Array, layout: Layout): string[] {
  return appSlots(layout.partitions).map((slot) => {
    const verdict = checkForSlot(bytes, slot);
    const place = `${slot.label} at ${hex(slot.offset)}, ${slot.sizeBytes} bytes, seen at ${hex(slotBaseAddr(slot), 8)}`;
    return `  ${verdict.ok ? 'yes' : 'no '} ${place}${verdict.ok ? '' : `: ${verdict.error}, ${verdict.detail}`}`;
  });
}

/** A flash dump in words: each part, and what boots. */
export function explainDump(dump: FlashDump): string {
  const lines = ['Dump of a whole flash', '', 'Bootloader at 0x0', ...explainInfo(dump.bootloader)];
  if (dump.partitions === undefined) {
    lines.push('', `Partition table at 0x8000: ${dump.tableProblem ?? 'unusable'}`, 'boots: nothing');
    return `${lines.join('\n')}\n`;
  }
  lines.push('', 'Partition table at 0x8000', ...dump.partitions.map(partitionLine));
  lines.push(...complaintLines(dump.tableComplaints));
  if (dump.otaData !== undefined) {
    const records = dump.otaData.records.map((record) =>
      record.isBlank ? 'blank' : `sequence ${record.sequence}${record.isValid ? '' : ' with a wrong CRC'}`,
    );
    lines.push('', `otadata: ${records.join(', ')}`);
  }
  lines.push(...bootLines(dump));
  for (const { partition, image, complaint } of dump.apps) {
    lines.push('', `${partition.label} at ${hex(partition.offset)}`);
    if (image === undefined) lines.push('  erased');
    else lines.push(...explainInfo(image, complaint === undefined ? [] : [complaint]));
  }
  return `${lines.join('\n')}\n`;
}

/** What boots in the bootloader's words, and what it tried before. */
function bootLines({ boot, bootPartition, bootProblem = 'no reason known', apps }: FlashDump): string[] {
  if (boot === undefined) return [`boots: nothing ("${bootProblem}")`];
  const said = boot.logged.length === 0 ? '' : ` (${boot.logged.map((line) => `"${line}"`).join(', ')})`;
  const refused = boot.refused.map(({ partition, why }) => `  not ${partition.label}: ${why}`);
  if (boot.started === undefined) return [`boots: nothing${said}`, ...refused];
  if (bootPartition === undefined) return [`boots: nothing (${bootProblem})`];
  const complaint = apps.find(({ partition }) => partition === bootPartition)?.complaint;
  const but = complaint === undefined ? '' : `, but: ${complaint}`;
  const tries =
    boot.first === bootPartition ? 'boots: ' : `tries ${boot.first?.label ?? 'none'} first, boots `;
  return [`${tries}${bootPartition.label}${said}${but}`, ...refused];
}

/** One row of a table as the bootloader lays it out, in words. */
function partitionLine(partition: Partition): string {
  const { label, offset, sizeBytes } = partition;
  return `  ${label.padEnd(16)} ${partitionUsage(partition).padEnd(12)} ${hex(offset, 8)} ${hex(sizeBytes, 8)}`;
}
