import { Board, type BoardSnapshot } from '../../harness/emulator/board';
import {
  operationTicks,
  type FlashOperation,
  type FlashOperationKind,
} from '../../harness/emulator/peripherals/flash-operation';
import { momentInside } from '../../harness/emulator/peripherals/flash-power-cut';
import { FLASH_TIMINGS } from '../../harness/emulator/peripherals/flash-timing';
import { SerialText } from '../../harness/emulator/testkit/serial-text';
import { layoutByName, partitionOf } from '../../harness/protocol/layouts';
import { bootTargetsOf, chooseBootSlot, OTADATA_BYTES, parseOtaData } from '../../harness/protocol/otadata';
import { parseAnswer } from '../firmware/raw-http';
import type { BuiltFirmware } from './testkit/app-board';
import { AppInside } from './testkit/app-inside';

/**
 * Power cuts in the flash operations of updates. One board takes the updates, undisturbed; whenever an operation has begun,
 * a second one is made its twin, loses its power inside of that operation, gets it back and boots.
 */

export type SlotLabel = 'ota_0' | 'ota_1';

/** In the middle of the operation, or as soon as it is over. */
export type CutMoment = 'inside' | 'behind';

export interface CutOutcome {
  readonly moment: CutMoment;
  /** 1 is the first update. */
  readonly update: number;
  /** 1 is the first operation of its update. */
  readonly number: number;
  readonly kind: FlashOperationKind;
  readonly addr: number;
  /** What ran while it was updated, and what the update is for. */
  readonly oldSlot: SlotLabel;
  readonly newSlot: SlotLabel;
  /** What the console says that runs after the cut; undefined: the app did not come up. */
  readonly booted: string | undefined;
  /** What the rules of otadata make of the flash after the cut. */
  readonly chosen: string;
  /** The slot that booted holds its whole image, byte for byte. */
  readonly isWhole: boolean;
  /** The chip's content, as the cut has left it. */
  readonly flash: Uint8Array;
  readonly console: string;
}

export interface PowerCutPlan {
  readonly firmware: BuiltFirmware;
  /** Updates one after the other, from slot to slot. */
  readonly updates: number;
  /** When to cut at this operation, of which `number` counts from 1 in its update. */
  readonly momentsOf: (operation: FlashOperation, number: number) => readonly CutMoment[];
  readonly onCut: (outcome: CutOutcome) => void;
  /** An update is through; so many flash operations it had. */
  readonly onUpdate?: (update: number, operations: number) => void;
}

const UPLOAD_LIMIT_MS = 60_000;
const RESTART_LIMIT_MS = 10_000;
const BOOT_LIMIT_NANOS = 5e9;
/** Of an operation's time. */
const LATEST = 7 / 8;
const RUNS = /main: esprig_app \S+ in (ota_\d) at 0x[0-9a-f]+/;
const COLOURS = new RegExp(`\\r|${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/**
 * Runs the updates and every cut that was asked for; answers how many flash operations each update had.
 *
 * @throws Error when an update that nothing disturbs fails
 */
export function runPowerCuts(plan: PowerCutPlan): readonly number[] {
  const app = new AppInside(plan.firmware);
  const twin = new Twin(plan.firmware);
  app.until(() => app.console.includes('server started'), 'server started', RESTART_LIMIT_MS);
  const counts: number[] = [];
  for (let update = 1; update <= plan.updates; update += 1) {
    const [oldSlot, newSlot]: readonly [SlotLabel, SlotLabel] =
      update % 2 === 1 ? ['ota_0', 'ota_1'] : ['ota_1', 'ota_0'];
    let number = 0;
    let begun: FlashOperation | undefined;
    let moments: readonly CutMoment[] = [];
    app.board.parts.flash.onOperation = (operation) => {
      number += 1;
      moments = plan.momentsOf(operation, number);
      if (moments.length === 0) return;
      begun = { ...operation };
      app.board.stop();
    };
    const cutIfBegun = (): void => {
      if (begun === undefined) return;
      const snapshot = app.board.save();
      for (const moment of moments) {
        plan.onCut({
          ...{ update, number, oldSlot, newSlot, moment },
          ...twin.cutAt(begun, moment, snapshot),
        });
      }
      begun = undefined;
    };
    updateTo(app, newSlot, plan.firmware.images[newSlot], cutIfBegun);
    app.board.parts.flash.onOperation = undefined;
    counts.push(number);
    plan.onUpdate?.(update, number);
  }
  return counts;
}

/** What is wrong with a board after a cut; undefined when the old app runs, or the new one whole, as otadata says. */
export function wrongAfter(cut: CutOutcome, layoutName: string): string | undefined {
  const { oldSlot, newSlot, booted, chosen } = cut;
  const what = `update ${cut.update}, ${cut.moment} operation ${cut.number}, ${cut.kind} at 0x${cut.addr.toString(16)}`;
  if (booted === undefined) return `${what}: did not boot\n${cut.console}`;
  if (booted !== oldSlot && booted !== newSlot) return `${what}: ${booted} runs`;
  if (!cut.isWhole) return `${what}: ${booted} runs, and its image is not whole`;
  // A blank or broken record lets the bootloader try all slots, from the first on.
  if (booted !== (chosen === 'ota_-1' ? 'ota_0' : chosen)) return `${what}: ${booted} runs, not ${chosen}`;
  // Before the boot record is touched nothing but the old app may run.
  if (booted === newSlot && !isInBootRecord(cut, layoutName)) return `${what}: the new app runs too early`;
  return undefined;
}

/** The operation is one on otadata. */
export function isInBootRecord({ addr }: { readonly addr: number }, layoutName: string): boolean {
  const { offset, sizeBytes } = partitionOf(layoutByName(layoutName), 'otadata');
  return addr >= offset && addr < offset + sizeBytes;
}

/** Sends the image and waits until it runs; `look` is called whenever the board has come to rest. */
function updateTo(app: AppInside, slot: SlotLabel, image: Uint8Array, look: () => void): void {
  let text = '';
  let hasEnded = false;
  // A rest for a cut is no time that has passed: as many of them as there may be operations.
  const limit = UPLOAD_LIMIT_MS + image.length;
  const connection = app.send(
    `POST /send HTTP/1.1\r\nHost: d\r\nContent-Length: ${image.length}\r\n\r\n`,
    image,
  );
  connection.onData = (bytes) => (text += Buffer.from(bytes).toString('latin1'));
  connection.onEnd = () => (hasEnded = true);
  const from = app.console.length;
  app.until(() => (look(), hasEnded), 'answer to the upload', limit);
  connection.end();
  const { status } = parseAnswer(text);
  if (status !== 200) throw new Error(`update to ${slot}: ${text}`);
  app.until(() => (look(), app.console.slice(from).includes(` in ${slot} at `)), `${slot} runs`, limit);
  app.until(() => app.console.slice(from).includes('server started'), 'server started', RESTART_LIMIT_MS);
  app.until(() => app.station.state === 'ready', 'station ready', RESTART_LIMIT_MS);
}

/** The board that loses its power. */
class Twin {
  private readonly firmware: BuiltFirmware;
  private readonly board: Board;
  private readonly serial: SerialText;

  constructor(firmware: BuiltFirmware) {
    this.firmware = firmware;
    // Waiting for the serial line's bit times is most of a boot.
    this.board = new Board({
      flashSizeBytes: layoutByName(firmware.layout).flashBytes,
      instantTx: true,
    });
    this.serial = new SerialText(this.board);
  }

  /** Becomes the board that was saved, in whose flash this operation has just begun; loses power, and boots. */
  cutAt(
    operation: FlashOperation,
    moment: CutMoment,
    snapshot: BoardSnapshot,
  ): Omit<CutOutcome, 'update' | 'number' | 'oldSlot' | 'newSlot' | 'moment'> {
    const { board, serial } = this;
    const { kind, addr, total } = operation;
    board.restore(snapshot);
    const durationTicks = operationTicks(kind, board.memory.flash.length, FLASH_TIMINGS.fast);
    // The board stops behind an instruction, which must not reach beyond the operation.
    const latestTicks = Math.floor(durationTicks * LATEST);
    const afterTicks = moment === 'inside' ? momentInside(latestTicks, total) : durationTicks;
    board.runUntil(Math.max(board.nowTicks, operation.atTicks + afterTicks));
    if (board.parts.flash.busy !== (moment === 'inside')) {
      throw new Error(`flash operation ${total}: the cut ${moment} it came too early or too late`);
    }
    board.powerOff();
    const flash = board.memory.flash.slice();
    serial.clear();
    board.powerOn();
    const untilNanos = board.nowNanos + BOOT_LIMIT_NANOS;
    let booted: string | undefined;
    while (booted === undefined && board.nowNanos < untilNanos) {
      board.runFor(5e6);
      booted = RUNS.exec(serial.text.replace(COLOURS, ''))?.[1];
    }
    return {
      ...{ kind, addr, booted, flash },
      chosen: chosenSlot(flash, this.firmware.layout),
      isWhole: booted !== undefined && this.holdsImage(flash, booted),
      console: serial.text.replace(COLOURS, ''),
    };
  }

  private holdsImage(flash: Uint8Array, label: string): boolean {
    const image = this.firmware.images[label as SlotLabel];
    const { offset } = partitionOf(layoutByName(this.firmware.layout), label);
    return Buffer.compare(flash.subarray(offset, offset + image.length), image) === 0;
  }
}

/** The slot that a bootloader tries first, by this flash. */
function chosenSlot(flash: Uint8Array, layoutName: string): string {
  const layout = layoutByName(layoutName);
  const { offset } = partitionOf(layout, 'otadata');
  const { order } = chooseBootSlot(
    parseOtaData(flash.subarray(offset, offset + OTADATA_BYTES)),
    bootTargetsOf(layout.partitions),
  );
  return `ota_${order[0] ?? 'none'}`;
}
