import { Board } from '../../harness/emulator/board';
import { SerialText } from '../../harness/emulator/testkit/serial-text';
import type { PartitionRow } from './partitions';
import { BOOT_ONLY } from './programs/boot-only';
import {
  buildBootloader,
  compileProgram,
  imageForSlot,
  partitionsImage,
  readLayout,
  type LayoutFiles,
} from './program';

/** Everything of a layout whose app is the boot-only program. */
export interface BootFiles {
  readonly layout: LayoutFiles;
  readonly bootloader: Uint8Array;
  readonly partitions: Uint8Array;
  /** Image of each OTA slot, by slot. */
  readonly images: readonly Uint8Array[];
}

const PARTITIONS_AT = 0x8000;
const BOOT_LIMIT_MICROS = 5_000_000;
const REST_OF_LINE_NANOS = 20_000_000;

/** Builds bootloader, table and the boot-only program for each slot of a layout. */
export async function buildBootFiles(name: string): Promise<BootFiles> {
  const layout = readLayout(name);
  const [{ image: bootloader }, objects] = await Promise.all([
    buildBootloader(layout),
    compileProgram(BOOT_ONLY, layout),
  ]);
  const images: Uint8Array[] = [];
  for (const slot of layout.slots) images.push((await imageForSlot(objects, slot, layout)).image);
  return { layout, bootloader, partitions: partitionsImage(layout), images };
}

/** A board with these files in its flash, not yet switched on. */
export class BootBoard {
  readonly board: Board;
  readonly serial: SerialText;
  private readonly rows: readonly PartitionRow[];

  constructor(files: BootFiles) {
    this.board = new Board({ flashSizeBytes: files.layout.flashSizeBytes });
    this.serial = new SerialText(this.board);
    this.rows = files.layout.rows;
    this.board.programFlash(0, files.bootloader);
    this.board.programFlash(PARTITIONS_AT, files.partitions);
    files.layout.slots.forEach((slot, index) =>
      this.board.programFlash(slot.flashOffset, files.images[index]!),
    );
  }

  /** Writes into a partition as a programmer clip does. */
  program(label: string, bytes: Uint8Array, offset = 0): void {
    const row = this.rows.find((each) => each.label === label);
    if (row === undefined) throw new Error(`no partition ${label}`);
    this.board.programFlash(row.flashOffset + offset, bytes);
  }

  /** Switches on and answers the console, without CR, as soon as `text` was said. */
  bootUntil(text: string): string {
    this.board.powerOn();
    this.serial.waitFor(text, BOOT_LIMIT_MICROS);
    // To the end of the line.
    this.board.runFor(REST_OF_LINE_NANOS);
    return this.serial.text.replaceAll('\r', '');
  }
}
