import { join } from 'node:path';
import { appInfo } from './app-info';
import { faultOverlay } from './fault-overlay';
import { ALL_PARTS } from './components';
import { OUTPUT } from './paths';
import {
  buildBootloader,
  compileProgram,
  imageForSlot,
  inputsHash,
  partitionsImage,
  readLayout,
  type BuiltImage,
  type LayoutFiles,
} from './program';
import { componentSizes, type ComponentSize } from './sizes';
import { writeWhole } from './tool';

const PARTITION_TABLE_AT = 0x8000;
const OTADATA_BYTES = 0x2000;
const MIB_MASK = 0xfffff;

export interface FirmwareRequest {
  readonly layout: string;
  /** Name of a folder of firmware/faults. */
  readonly fault?: string;
  /** Where the files go; build/firmware/LAYOUT, or with a fault build/firmware-faults/FAULT/LAYOUT. */
  readonly folder?: string;
}

/** firmware.json */
export interface FirmwareManifest {
  readonly formatVersion: 1;
  readonly layout: string;
  readonly app: string;
  readonly version: string;
  readonly runtime: 'open';
  readonly fault?: string;
  readonly flashSizeBytes: number;
  /** What makes a board start with slot 0, by flash offset. */
  readonly flash: readonly { readonly flashOffset: number; readonly file: string }[];
  readonly slots: Readonly<Record<string, { readonly image: string; readonly elf: string }>>;
  readonly sizes: {
    readonly bootloaderBytes: number;
    readonly imageBytes: number;
    readonly slotBytes: number;
    readonly heapAtStartBytes: number;
    readonly components: readonly ComponentSize[];
  };
  readonly inputsSha256: string;
}

export interface BuiltFirmware {
  readonly folder: string;
  readonly manifest: FirmwareManifest;
}

/** Builds everything of one layout and writes it to its folder. @throws Error with the tool's words */
export async function buildFirmware(request: FirmwareRequest): Promise<BuiltFirmware> {
  const layout = readLayout(request.layout);
  const overlay = request.fault === undefined ? undefined : faultOverlay(request.fault);
  const [bootloader, objects] = await Promise.all([
    buildBootloader(layout),
    compileProgram(ALL_PARTS, layout, overlay),
  ]);
  const partitions = partitionsImage(layout);
  const images = await imagesOfSlots(layout, (slot) => imageForSlot(objects, slot, layout));
  const first = images.get(layout.slots[0]!.label)!;
  const flash = flashPlan(layout);
  const { name, version } = appInfo();
  const manifest: FirmwareManifest = {
    formatVersion: 1,
    layout: layout.name,
    app: name,
    version,
    runtime: 'open',
    ...(request.fault !== undefined && { fault: request.fault }),
    flashSizeBytes: layout.flashSizeBytes,
    flash,
    slots: Object.fromEntries(
      [...images.keys()].map((label) => [label, { image: `${label}.bin`, elf: `${label}.elf` }]),
    ),
    sizes: {
      bootloaderBytes: bootloader.image.length,
      imageBytes: first.image.length,
      slotBytes: Math.min(...layout.slots.map((slot) => slot.sizeBytes)),
      heapAtStartBytes: heapAtStart(first),
      components: componentSizes(first.linked.map),
    },
    inputsSha256: inputsHash(
      [...objects, ...bootloader.objects],
      [...[...images.values()].map(({ linked }) => linked.script), JSON.stringify(layout.rows)],
    ),
  };

  const folder = request.folder ?? defaultFolder(request);
  const write = (file: string, content: string | Uint8Array): void => writeWhole(join(folder, file), content);
  write('bootloader.bin', bootloader.image);
  write('bootloader.elf', bootloader.linked.elfBytes);
  write('partitions.bin', partitions);
  write('otadata.bin', new Uint8Array(OTADATA_BYTES).fill(0xff));
  for (const [label, { image, linked }] of images) {
    write(`${label}.bin`, image);
    write(`${label}.elf`, linked.elfBytes);
    write(`${label}.map`, linked.map);
  }
  write('flasher_args.json', flasherArgs(layout, flash));
  // Last: whoever finds it finds the others.
  write('firmware.json', `${JSON.stringify(manifest, undefined, 2)}\n`);
  return { folder, manifest };
}

function defaultFolder({ layout, fault }: FirmwareRequest): string {
  return fault === undefined ? join(OUTPUT, layout) : join(OUTPUT, '../firmware-faults', fault, layout);
}

/** An image for every slot; slots at the same place of their MiB share one link. */
async function imagesOfSlots(
  layout: LayoutFiles,
  make: (slot: LayoutFiles['slots'][number]) => Promise<BuiltImage>,
): Promise<ReadonlyMap<string, BuiltImage>> {
  const byPlace = new Map<string, Promise<BuiltImage>>();
  const images = new Map<string, BuiltImage>();
  for (const slot of layout.slots) {
    const place = `${slot.flashOffset & MIB_MASK} ${slot.sizeBytes}`;
    const image = byPlace.get(place) ?? make(slot);
    byPlace.set(place, image);
    images.set(slot.label, await image);
  }
  return images;
}

function flashPlan(layout: LayoutFiles): FirmwareManifest['flash'] {
  const otadata = layout.rows.find((row) => row.type === 1 && row.subtype === 0);
  const first = layout.slots[0]!;
  return [
    { flashOffset: 0, file: 'bootloader.bin' },
    { flashOffset: PARTITION_TABLE_AT, file: 'partitions.bin' },
    ...(otadata === undefined ? [] : [{ flashOffset: otadata.flashOffset, file: 'otadata.bin' }]),
    { flashOffset: first.flashOffset, file: `${first.label}.bin` },
  ];
}

/** As the SDK's build leaves it: for esptool and for `esprig flash`. */
function flasherArgs(layout: LayoutFiles, flash: FirmwareManifest['flash']): string {
  const flashSize = `${layout.flashSizeBytes / 0x100000}MB`;
  const args = {
    write_flash_args: ['--flash_mode', 'dio', '--flash_size', flashSize, '--flash_freq', '40m'],
    flash_settings: { flash_mode: 'dio', flash_size: flashSize, flash_freq: '40m' },
    flash_files: Object.fromEntries(flash.map((row) => [`0x${row.flashOffset.toString(16)}`, row.file])),
  };
  return `${JSON.stringify(args, undefined, 2)}\n`;
}

/** What is left of the data RAM behind .bss. */
function heapAtStart({ linked }: BuiltImage): number {
  const { symbols } = linked.elf;
  return symbols.get('_heap_end')! - symbols.get('_heap_start')!;
}
