import { join } from 'node:path';
import { BootBoard, type BootFiles } from './boot-board';
import { STRICT_FLAGS } from './compile';
import { ours, type Component } from './components';
import { buildBootloader, compileProgram, imageForSlot, partitionsImage, readLayout } from './program';

/** A C program on kernel and system, without network and app: programs/system/NAME.c. Images for both slots. */
export async function buildSystemProgram(name: string, layoutName: string): Promise<BootFiles> {
  const layout = readLayout(layoutName);
  const program: Component = {
    name: `system-${name}`,
    sources: [join(__dirname, 'programs/system')],
    includes: [],
    flags: ['-Os', ...STRICT_FLAGS],
    only: new RegExp(`^(${name}|flash_constant)\\.c$`),
  };
  const parts = [ours('kernel', '-O2'), ours('libc'), ours('log'), ours('system'), program];
  const [{ image: bootloader }, objects] = await Promise.all([
    buildBootloader(layout),
    compileProgram(parts, layout),
  ]);
  const images: Uint8Array[] = [];
  for (const slot of layout.slots) images.push((await imageForSlot(objects, slot, layout)).image);
  return { layout, bootloader, partitions: partitionsImage(layout), images };
}

export const SYSTEM_DONE = 'system test done';
const LOADED = /Loaded app from partition at offset 0x[\da-f]+/;
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

export interface SystemRun {
  readonly board: BootBoard;
  /** What the program has said. */
  readonly lines: readonly string[];
}

/** Runs the program with these partitions written before; `until` instead of to its end. */
export function runSystemProgram(
  files: BootFiles,
  partitions: Readonly<Record<string, Uint8Array>> = {},
  until = SYSTEM_DONE,
): SystemRun {
  const board = new BootBoard(files);
  for (const [label, bytes] of Object.entries(partitions)) board.program(label, bytes);
  const text = board.bootUntil(until);
  // Without colours; from the program's first line to the one before the last.
  const all = text.replaceAll(COLOURS, '').split('\n');
  const first = all.findIndex((line) => LOADED.test(line)) + 1;
  return {
    board,
    lines: all.slice(
      first,
      all.findIndex((line, at) => at >= first && line.includes(until)),
    ),
  };
}

/** What lies in a partition of the board's flash. */
export function partitionBytes({ board }: SystemRun, files: BootFiles, label: string): Uint8Array {
  const row = files.layout.rows.find((each) => each.label === label)!;
  return board.board.memory.flash.slice(row.flashOffset, row.flashOffset + row.sizeBytes);
}
