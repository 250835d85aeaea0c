import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { CompiledObject } from './compile';
import { readElf, type ElfFile } from './elf-file';
import { ROOT, RUNTIME, WORK } from './paths';
import { GCC, hashOf, PICOLIBC, runTool, toolsVersion, writeWhole } from './tool';

const LD = join(RUNTIME, 'ld');
const LINKS = join(WORK, 'links');
const KEPT_LINKS = 24;
/** Another build may be about to use a younger one. */
const OLD_MS = 3_600_000;
const FLASH_WINDOW = 0x40200000;
const MIB_MASK = 0xfffff;
/** Image header and first segment header. */
const BEFORE_CODE_BYTES = 0x10;

export interface Linked {
  readonly elf: ElfFile;
  readonly elfBytes: Uint8Array;
  readonly map: string;
  readonly script: string;
}

/** Where an app lies in flash. */
export interface SlotPlace {
  readonly flashOffset: number;
  readonly sizeBytes: number;
}

/** The link script of one slot. */
export function appScript(slot: SlotPlace): string {
  const base = FLASH_WINDOW + (slot.flashOffset & MIB_MASK) + BEFORE_CODE_BYTES;
  return readFileSync(join(LD, 'app.ld.in'), 'utf8')
    .replaceAll('@FLASH_BASE@', `0x${base.toString(16)}`)
    .replaceAll('@FLASH_BYTES@', `0x${(slot.sizeBytes - BEFORE_CODE_BYTES).toString(16)}`);
}

/** @throws Error with the linker's words */
export function linkApp(
  objects: readonly CompiledObject[],
  slot: SlotPlace,
  flashSizeBytes: number,
): Promise<Linked> {
  return link(objects, appScript(slot), flashSizeBytes);
}

/** @throws Error with the linker's words */
export function linkBootloader(objects: readonly CompiledObject[], flashSizeBytes: number): Promise<Linked> {
  return link(objects, readFileSync(join(LD, 'boot.ld'), 'utf8'), flashSizeBytes);
}

async function link(
  objects: readonly CompiledObject[],
  script: string,
  flashSizeBytes: number,
): Promise<Linked> {
  const rom = relative(ROOT, join(LD, 'rom.ld'));
  const paths = objects.map((object) => object.path);
  const parts = [
    toolsVersion(),
    script,
    readFileSync(join(ROOT, rom)),
    String(flashSizeBytes),
    ...paths.flatMap((path) => [path, readFileSync(join(ROOT, path))]),
  ];
  const folder = join(LINKS, hashOf(...parts).slice(0, 16));
  const [elfPath, mapPath, scriptPath] = ['program.elf', 'program.map', 'program.ld'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  mkdirSync(folder, { recursive: true });
  let kept = readIfThere(elfPath);
  if (kept === undefined) {
    writeWhole(scriptPath, script);
    const partial = join(folder, `${process.pid}`);
    await runTool(
      GCC,
      [
        ...[
          '-nostdlib',
          '-nostartfiles',
          '-Wl,--gc-sections',
          '-Wl,--build-id=none',
          '-Wl,--no-warn-rwx-segments',
        ],
        ...['-Wl,--fatal-warnings', `-Wl,--defsym=_flash_size_bytes=0x${flashSizeBytes.toString(16)}`],
        ...['-T', relative(ROOT, scriptPath), '-T', rom, `-Wl,-Map=${relative(ROOT, partial)}.map`],
        ...paths,
        ...[`-L${PICOLIBC}/lib`, '-Wl,--start-group', '-lc', '-lgcc', '-Wl,--end-group'],
        ...['-o', `${relative(ROOT, partial)}.elf`],
      ],
      'link',
    );
    // The linker's map names its output, which has the number of this process in it.
    const map = readFileSync(`${partial}.map`, 'utf8');
    writeWhole(mapPath, map.replaceAll(relative(ROOT, partial), relative(ROOT, elfPath).slice(0, -4)));
    kept = readFileSync(`${partial}.elf`);
    writeWhole(elfPath, kept);
    for (const end of ['.map', '.elf']) rmSync(partial + end);
  }
  const now = new Date();
  utimesSync(folder, now, now);
  return { elf: readElf(kept), elfBytes: kept, map: readFileSync(mapPath, 'utf8'), script };
}

/** Throws away links that have not been used for a while; each has some megabytes. */
export function forgetOldLinks(nowMs: number): void {
  const folders = readdirSync(LINKS)
    .map((name) => join(LINKS, name))
    .map((path) => ({ path, usedMs: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.usedMs - a.usedMs);
  for (const { path, usedMs } of folders.slice(KEPT_LINKS)) {
    if (nowMs - usedMs > OLD_MS) rmSync(path, { recursive: true, force: true });
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
