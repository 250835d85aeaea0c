import { join } from 'node:path';
import { BootBoard, type BootFiles } from './boot-board';
import { STRICT_FLAGS } from './compile';
import { ours, type Component } from './components';
import { buildBootloader, compileProgram, imageForSlot, partitionsImage, readLayout } from './program';
import type { ElfFile } from './elf-file';

/** A C program on the kernel alone: no network, no app. Its source is programs/kernel/NAME.c. */
export interface KernelProgram {
  readonly files: BootFiles;
  readonly elf: ElfFile;
}

const KERNEL_PARTS: readonly Component[] = [
  ours('kernel', '-O2'),
  ours('libc'),
  ours('log'),
  { ...ours('system'), only: /^app_(start|desc)\.c$/ },
];

/** Builds a program for slot 0 of the 1 MB layout. @throws Error with the compiler's words */
export async function buildKernelProgram(name: string): Promise<KernelProgram> {
  const layout = readLayout('one-mb');
  const program: Component = {
    name: `kernel-${name}`,
    sources: [join(__dirname, 'programs/kernel')],
    includes: [],
    flags: ['-Os', ...STRICT_FLAGS],
    only: new RegExp(`^(${name}|flash_constant)\\.c$`),
  };
  const [{ image: bootloader }, objects] = await Promise.all([
    buildBootloader(layout),
    compileProgram([...KERNEL_PARTS, program], layout),
  ]);
  const { image, linked } = await imageForSlot(objects, layout.slots[0]!, layout);
  return {
    files: { layout, bootloader, partitions: partitionsImage(layout), images: [image, new Uint8Array()] },
    elf: linked.elf,
  };
}

const LOADED = 'Loaded app from partition at offset 0x10000';
const DONE = 'kernel test done';
const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/** Boots the program and answers its lines, without CR and colours, up to the one that says it is done. */
export function runKernelProgram({ files }: KernelProgram, limitSeconds: number): readonly string[] {
  const board = new BootBoard(files);
  board.board.powerOn();
  const text = board.serial.waitFor(DONE, limitSeconds * 1e6);
  const lines = text.replaceAll('\r', '').replaceAll(COLOUR, '').split('\n');
  return lines.slice(lines.findIndex((line) => line.includes(LOADED)) + 1, -1);
}
