import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { appInfo, RUNTIME_VERSION } from './app-info';
import { compileAll, type CompiledObject } from './compile';
import { BOOTLOADER, unitsOf, type Component, type Overlay } from './components';
import { appImage, ramImage } from './elf-to-image';
import { flashSizeBytes, kconfigDefaults, readDefaults, sdkconfigHeader } from './kconfig';
import { linkApp, linkBootloader, type Linked, type SlotPlace } from './link';
import { encodePartitionRows, otaRows, readPartitionRows, type PartitionRow } from './partitions';
import { FIRMWARE, LAYOUTS, RUNTIME, WORK } from './paths';
import { hashOf, toolsVersion, writeWhole } from './tool';

/** A layout as its two files in firmware/app/layouts have it. */
export interface LayoutFiles {
  readonly name: string;
  readonly rows: readonly PartitionRow[];
  readonly slots: readonly PartitionRow[];
  readonly flashSizeBytes: number;
  /** Folder of its sdkconfig.h. */
  readonly settings: string;
}

/** @throws Error when there is no such layout */
export function readLayout(name: string): LayoutFiles {
  const layout = readDefaults(readFileSync(join(LAYOUTS, `${name}.defaults`), 'utf8'));
  const rows = readPartitionRows(readFileSync(join(LAYOUTS, `${name}.csv`), 'utf8'));
  const header = sdkconfigHeader(
    ...['components/sse_ota/Kconfig', 'app/main/Kconfig.projbuild'].map((file) =>
      kconfigDefaults(readFileSync(join(FIRMWARE, file), 'utf8')),
    ),
    readDefaults(readFileSync(join(RUNTIME, 'sdkconfig.defaults'), 'utf8')),
    layout,
  );
  // Layouts of the same settings share a folder, hence their objects.
  const settings = join(WORK, 'settings', hashOf(header).slice(0, 16));
  writeWhole(join(settings, 'sdkconfig.h'), header);
  return { name, rows, slots: otaRows(rows), flashSizeBytes: flashSizeBytes(layout), settings };
}

/** Text as a macro whose value is a C string. */
function textMacro(name: string, value: string): string {
  return `-D${name}="${value}"`;
}

/** Compiles the components of a program. @throws Error with the compiler's words */
export function compileProgram(
  components: readonly Component[],
  layout: LayoutFiles,
  overlay?: Overlay,
): Promise<readonly CompiledObject[]> {
  const { name, version } = appInfo();
  const common = ['-DESP_PLATFORM', textMacro('IDF_VER', RUNTIME_VERSION)];
  const units = components
    .flatMap((component) => unitsOf(component, layout.settings, common, overlay))
    .map((unit) =>
      unit.source.endsWith('/app_desc.c')
        ? {
            ...unit,
            flags: [...unit.flags, textMacro('PROJECT_NAME', name), textMacro('PROJECT_VER', version)],
          }
        : unit,
    );
  return compileAll(units);
}

export interface BuiltImage {
  readonly image: Uint8Array;
  readonly linked: Linked;
}

/** Links the objects for one slot and makes the image. @throws Error when it does not fit the slot */
export async function imageForSlot(
  objects: readonly CompiledObject[],
  slot: SlotPlace,
  layout: LayoutFiles,
): Promise<BuiltImage> {
  const linked = await linkApp(objects, slot, layout.flashSizeBytes);
  const image = appImage(linked.elf, layout.flashSizeBytes);
  // The linker only guards the part that is mapped.
  if (image.length > slot.sizeBytes) {
    throw new Error(`the image has ${image.length} bytes, its slot ${slot.sizeBytes}`);
  }
  return { image, linked };
}

/** Where the bootloader must end: the partition table follows. */
const BOOTLOADER_END = 0x8000;

export interface BuiltBootloader extends BuiltImage {
  readonly objects: readonly CompiledObject[];
}

/** The second-stage bootloader for a size of flash. @throws Error when it grows into the partition table */
export async function buildBootloader(layout: LayoutFiles): Promise<BuiltBootloader> {
  const units = unitsOf(BOOTLOADER, layout.settings, [textMacro('BOOT_VERSION', RUNTIME_VERSION)]);
  const objects = await compileAll(units);
  const linked = await linkBootloader(objects, layout.flashSizeBytes);
  const image = ramImage(linked.elf, layout.flashSizeBytes);
  if (image.length > BOOTLOADER_END) throw new Error(`the bootloader has ${image.length} bytes`);
  return { image, linked, objects };
}

export function partitionsImage(layout: LayoutFiles): Uint8Array {
  return encodePartitionRows(layout.rows);
}

/** One hash for all that went into some objects: sources, headers, tools. */
export function inputsHash(objects: readonly CompiledObject[], others: readonly string[]): string {
  const inputs = new Map(objects.flatMap((object) => [...object.inputs]));
  const hash = createHash('sha256').update(toolsVersion());
  for (const [path, sha256] of [...inputs].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${path} ${sha256}\n`);
  for (const other of others) hash.update(other);
  return hash.digest('hex');
}
