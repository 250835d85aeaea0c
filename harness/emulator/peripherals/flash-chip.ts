/**
 * A SPI NOR flash chip of the W25Q family behind one chip select. Sources: data sheets W25Q32JV and W25Q128JV for
 * commands, status registers, protection and typical times; JESD216B for SFDP; docs/emulator-fidelity.md says what is
 * absent.
 *
 * An operation takes effect at the end of its time, in one step; until then the content is the old one. A power cut in
 * between leaves what flash-power-cut.ts defines.
 */
import { FLASH_CHIPS, FLASH_PAGE_BYTES } from '../../chip/flash-chips';
import { Alarm, type Scheduler } from '../event-queue';
import { EmulatorFault } from '../fault';
import { nanosToTicks } from '../time';
import { FLASH_COMMAND, FLASH_HEADER_BYTES, SR1_WEL, SR1_WIP, SR2_QE } from './flash-commands';
import {
  applyOperation,
  operationAreaBytes,
  operationTicks,
  type FlashOperation,
  type FlashOperationKind,
  type FlashPowerCut,
  type PowerCutRequest,
} from './flash-operation';
import { momentInside } from './flash-power-cut';
import { isAreaProtected } from './flash-protection';
import { buildSfdp } from './flash-sfdp';
import { FlashStatus } from './flash-status';
import { FLASH_TIMINGS, type FlashTiming, type FlashTimingName } from './flash-timing';
import type { SavedState } from './peripheral';
import type { SpiDevice } from './spi-device';
import { expectStateVersion, savedBoolean, savedNumber, savedNumbers } from './spi-state';

export interface FlashChipConfig {
  /** The array itself, a view into the board's memory; its length is the chip's size. */
  readonly content: Uint8Array;
  readonly scheduler: Scheduler;
  /** Named times or own ones. */
  readonly timing: FlashTimingName | FlashTiming;
  /** 0xCCTTMM; the W25Q part of the size when left out. */
  readonly jedecId?: number;
  /** 64 bits as RUID sends them. */
  readonly uniqueId?: readonly number[];
  /** Status registers 1-3, low byte first, as shipped. QE is set when left out, as in the W25Q…IQ parts. */
  readonly statusRegisters?: number;
  /** Decides what `powerOff` in the middle of an operation leaves, together with the operation's number. */
  readonly seed?: number;
}

const UNIQUE_ID = [0xd1, 0x66, 0x20, 0x8a, 0x5b, 0x3c, 0x41, 0x2f];
const OPERATION_KINDS: readonly FlashOperationKind[] = [
  'program',
  'erase-sector',
  'erase-block-32k',
  'erase-block',
  'erase-chip',
  'write-status',
];

export class FlashChip implements SpiDevice {
  readonly sizeBytes: number;
  readonly jedecId: number;
  readonly content: Uint8Array;
  /** Ends an operation or cuts the power in it. The board registers it, so that a snapshot can name it. */
  readonly alarm: Alarm;
  readonly status: FlashStatus;

  /** Told of every operation that makes the chip busy, when it starts. */
  onOperation: ((operation: FlashOperation) => void) | undefined;
  /** Told when bytes of the content may have changed, so that copies of them are dropped. */
  onContentChanged: ((flashOffset: number, lengthBytes: number) => void) | undefined;
  /** The armed power cut has come; the chip is already off, the board has the rest to do. Called from an alarm. */
  onPowerCut: ((cut: FlashPowerCut) => void) | undefined;
  /** Told of every command the chip does not know; it ignores them as silicon does. */
  onUnknownCommand: ((opcode: number) => void) | undefined;

  private readonly scheduler: Scheduler;
  private readonly timing: FlashTiming;
  private readonly sfdp: Uint8Array;
  private readonly uniqueId: Uint8Array;
  private readonly addrMask: number;
  private readonly seed: number;

  private powered = true;
  private wip = false;
  private wel = false;
  private volatileWrite = false;
  private deepPowerDown = false;
  private resetEnabled = false;
  private countSincePowerOn = 0;
  private countTotal = 0;

  private kind: FlashOperationKind = 'program';
  private addr = 0;
  private length = 0;
  private startTicks = 0;
  private endTicks = 0;
  /** When the alarm is due: the end, or the cut before it. */
  private dueTicks = 0;
  private cutting = false;
  /** The page to be programmed, FF where nothing is. */
  private readonly latch = new Uint8Array(FLASH_PAGE_BYTES);
  private armed: PowerCutRequest | undefined;

  /** @throws EmulatorFault ESPRIG_EMU_BAD_CONFIG for a size that no chip has */
  constructor(config: FlashChipConfig) {
    const sizeBytes = config.content.length;
    const known = FLASH_CHIPS.find((chip) => chip.sizeBytes === sizeBytes);
    if (known === undefined) {
      throw new EmulatorFault('ESPRIG_EMU_BAD_CONFIG', `no flash chip has ${sizeBytes} bytes`);
    }
    this.sizeBytes = sizeBytes;
    this.addrMask = sizeBytes - 1;
    this.content = config.content;
    this.scheduler = config.scheduler;
    this.timing = typeof config.timing === 'string' ? FLASH_TIMINGS[config.timing] : config.timing;
    this.jedecId = config.jedecId ?? known.jedecId;
    this.uniqueId = Uint8Array.from(config.uniqueId ?? UNIQUE_ID);
    this.seed = config.seed ?? 1;
    this.sfdp = buildSfdp(sizeBytes, this.timing);
    this.status = new FlashStatus(config.statusRegisters ?? SR2_QE << 8);
    this.alarm = new Alarm('flash-chip', () => this.onAlarm());
  }

  /** Operations started since power-on; the number the last one has. */
  get operationsSincePowerOn(): number {
    return this.countSincePowerOn;
  }

  get operationsTotal(): number {
    return this.countTotal;
  }

  /** WIP: an operation is under way. */
  get busy(): boolean {
    return this.wip;
  }

  get isPowered(): boolean {
    return this.powered;
  }

  isFetchable(quad: boolean): boolean {
    return this.powered && !this.wip && !this.deepPowerDown && (!quad || this.status.quadEnabled);
  }

  /**
   * Cuts the power at one operation to come. Replaces an earlier request; holds over power-offs until its operation
   * comes.
   * @throws EmulatorFault ESPRIG_EMU_BAD_CONFIG when that operation has already started
   */
  armPowerCut(request: PowerCutRequest): void {
    const started = request.counted === 'total' ? this.countTotal : this.countSincePowerOn;
    if (request.operation <= started || (request.afterNanos ?? 0) < 0) {
      throw new EmulatorFault(
        'ESPRIG_EMU_BAD_CONFIG',
        `power cut at flash operation ${request.operation} after ${request.afterNanos ?? 'some'} ns: ` +
          `${started} operations have started already`,
      );
    }
    this.armed = request;
  }

  disarmPowerCut(): void {
    this.armed = undefined;
  }

  /** Supply on. No effect when it is. */
  powerOn(): void {
    if (this.powered) return;
    this.powered = true;
    this.countSincePowerOn = 0;
    this.softReset();
  }

  /** Supply off, now: an operation under way is left where it is. No effect when it is off. */
  powerOff(): void {
    if (!this.powered) return;
    const nowTicks = this.scheduler.nowTicks();
    this.settle(nowTicks);
    if (!this.powered) return;
    this.scheduler.cancel(this.alarm);
    if (this.wip) this.apply(Math.max(0, nowTicks - this.startTicks), this.seed + this.countTotal);
    this.loseState();
  }

  transfer(
    tx: Uint8Array,
    txBits: number,
    rx: Uint8Array,
    rxBytes: number,
    startTicks: number,
    endTicks: number,
  ): void {
    this.settle(startTicks);
    rx.fill(0xff, 0, rxBytes);
    if (!this.powered || txBits < 8) return;
    const opcode = tx[0]!;
    if (this.deepPowerDown && opcode !== FLASH_COMMAND.RES) return;
    if (FLASH_HEADER_BYTES[opcode] !== 0) this.answer(opcode, tx, txBits, rx, rxBytes, endTicks);
    else if (!this.wip) this.execute(opcode, tx, txBits, endTicks);
  }

  save(): SavedState {
    return {
      kind: 'flash-chip',
      version: 1,
      sizeBytes: this.sizeBytes,
      jedecId: this.jedecId,
      powered: this.powered,
      wip: this.wip,
      wel: this.wel,
      volatileWrite: this.volatileWrite,
      deepPowerDown: this.deepPowerDown,
      resetEnabled: this.resetEnabled,
      statusStored: this.status.stored,
      statusActive: this.status.active,
      statusWanted: this.status.wanted,
      countSincePowerOn: this.countSincePowerOn,
      countTotal: this.countTotal,
      operationKind: OPERATION_KINDS.indexOf(this.kind),
      addr: this.addr,
      length: this.length,
      startTicks: this.startTicks,
      endTicks: this.endTicks,
      dueTicks: this.dueTicks,
      cutting: this.cutting,
      latch: this.latch.slice(),
      armed: this.armed === undefined ? null : { ...this.armed },
    };
  }

  /**
   * The content and the alarm are restored by the board.
   * @throws EmulatorFault ESPRIG_EMU_SNAPSHOT for another version or another chip
   */
  restore(state: SavedState): void {
    expectStateVersion(state, 'flash-chip', 1);
    if (
      savedNumber(state, 'sizeBytes') !== this.sizeBytes ||
      savedNumber(state, 'jedecId') !== this.jedecId
    ) {
      throw new EmulatorFault('ESPRIG_EMU_SNAPSHOT', 'snapshot is of a board with another flash chip');
    }
    const kind = OPERATION_KINDS[savedNumber(state, 'operationKind')];
    if (kind === undefined)
      throw new EmulatorFault('ESPRIG_EMU_SNAPSHOT', 'snapshot: unknown flash operation');
    this.powered = savedBoolean(state, 'powered');
    this.wip = savedBoolean(state, 'wip');
    this.wel = savedBoolean(state, 'wel');
    this.volatileWrite = savedBoolean(state, 'volatileWrite');
    this.deepPowerDown = savedBoolean(state, 'deepPowerDown');
    this.resetEnabled = savedBoolean(state, 'resetEnabled');
    this.status.stored = savedNumber(state, 'statusStored');
    this.status.active = savedNumber(state, 'statusActive');
    this.status.wanted = savedNumber(state, 'statusWanted');
    this.countSincePowerOn = savedNumber(state, 'countSincePowerOn');
    this.countTotal = savedNumber(state, 'countTotal');
    this.kind = kind;
    this.addr = savedNumber(state, 'addr');
    this.length = savedNumber(state, 'length');
    this.startTicks = savedNumber(state, 'startTicks');
    this.endTicks = savedNumber(state, 'endTicks');
    this.dueTicks = savedNumber(state, 'dueTicks');
    this.cutting = savedBoolean(state, 'cutting');
    this.latch.set(savedNumbers(state, 'latch', FLASH_PAGE_BYTES));
    const armed = state['armed'] as PowerCutRequest | null;
    this.armed = armed === null ? undefined : { ...armed };
  }

  /** Commands that answer. While the chip is busy only the status registers do. */
  private answer(
    opcode: number,
    tx: Uint8Array,
    txBits: number,
    rx: Uint8Array,
    rxBytes: number,
    endTicks: number,
  ): void {
    const register =
      opcode === FLASH_COMMAND.RDSR1
        ? 1
        : opcode === FLASH_COMMAND.RDSR2
          ? 2
          : opcode === FLASH_COMMAND.RDSR3
            ? 3
            : 0;
    if (register !== 0) {
      rx.fill(this.statusAt(register, endTicks), 0, rxBytes);
      return;
    }
    if (this.wip) return;
    this.resetEnabled = false;
    if (opcode === FLASH_COMMAND.RES) this.deepPowerDown = false;
    const txBytes = txBits >> 3;
    // Half-clocked bytes would shift the whole answer; no driver does that, and a chip would deliver rubbish.
    if ((txBits & 7) !== 0) return;
    // A header clocked too short delays the answer, one too long has already swallowed its beginning.
    const skipped = txBytes - FLASH_HEADER_BYTES[opcode]!;
    const first = Math.max(0, -skipped);
    const from = Math.max(0, skipped);
    const addr = txBytes >= 4 ? (tx[1]! << 16) | (tx[2]! << 8) | tx[3]! : 0;
    for (let i = first; i < rxBytes; i++) rx[i] = this.answerByte(opcode, addr, from + i - first);
  }

  private answerByte(opcode: number, addr: number, index: number): number {
    switch (opcode) {
      case FLASH_COMMAND.RDID:
        return (this.jedecId >> (8 * (index % 3))) & 0xff;
      case FLASH_COMMAND.RDSFDP:
        return this.sfdp[(addr + index) & 0xff]!;
      case FLASH_COMMAND.RUID:
        return this.uniqueId[index % this.uniqueId.length]!;
      case FLASH_COMMAND.REMS:
        return ((addr + index) & 1) === 0 ? this.jedecId & 0xff : this.deviceId;
      case FLASH_COMMAND.RES:
        return this.deviceId;
      case FLASH_COMMAND.READ_QUAD_OUTPUT:
      case FLASH_COMMAND.READ_QUAD_IO:
        return this.status.quadEnabled ? this.content[(addr + index) & this.addrMask]! : 0xff;
      default:
        return this.content[(addr + index) & this.addrMask]!;
    }
  }

  /** The one-byte id of old: one less than the capacity byte of the JEDEC id. */
  private get deviceId(): number {
    return ((this.jedecId >> 16) - 1) & 0xff;
  }

  private statusAt(register: 1 | 2 | 3, atTicks: number): number {
    const value = this.status.read(register);
    if (register !== 1) return value;
    // The operation may end while the answer is being clocked out, before its alarm has fired.
    const wip = this.wip && atTicks < this.endTicks;
    const wel = this.wel && (wip || !this.wip);
    return value | (wip ? SR1_WIP : 0) | (wel ? SR1_WEL : 0);
  }

  /** Commands that do something. */
  private execute(opcode: number, tx: Uint8Array, txBits: number, endTicks: number): void {
    const wasResetEnabled = this.resetEnabled;
    this.resetEnabled = false;
    switch (opcode) {
      case FLASH_COMMAND.WREN:
        this.wel = true;
        return;
      case FLASH_COMMAND.WRDI:
        this.wel = false;
        this.volatileWrite = false;
        return;
      case FLASH_COMMAND.WREN_VOLATILE:
        this.volatileWrite = true;
        return;
      case FLASH_COMMAND.PP:
      case FLASH_COMMAND.QUAD_PP:
        this.program(opcode, tx, txBits, endTicks);
        return;
      case FLASH_COMMAND.SE:
        this.erase('erase-sector', tx, txBits, endTicks);
        return;
      case FLASH_COMMAND.BE32:
        this.erase('erase-block-32k', tx, txBits, endTicks);
        return;
      case FLASH_COMMAND.BE64:
        this.erase('erase-block', tx, txBits, endTicks);
        return;
      case FLASH_COMMAND.CE:
      case FLASH_COMMAND.CE2:
        if (txBits === 8 && this.mayWrite(0, this.sizeBytes))
          this.begin('erase-chip', 0, this.sizeBytes, endTicks);
        return;
      case FLASH_COMMAND.WRSR1:
        this.writeStatus(1, tx, txBits, endTicks);
        return;
      case FLASH_COMMAND.WRSR2:
        this.writeStatus(2, tx, txBits, endTicks);
        return;
      case FLASH_COMMAND.WRSR3:
        this.writeStatus(3, tx, txBits, endTicks);
        return;
      case FLASH_COMMAND.DP:
        this.deepPowerDown = true;
        return;
      case FLASH_COMMAND.RESET_ENABLE:
        this.resetEnabled = true;
        return;
      case FLASH_COMMAND.RESET:
        if (wasResetEnabled) this.softReset();
        return;
      case FLASH_COMMAND.MODE_RESET:
      case FLASH_COMMAND.XMC_ULTRA_POWER_DOWN:
      case FLASH_COMMAND.HPM:
        return;
      default:
        this.onUnknownCommand?.(opcode);
    }
  }

  private program(opcode: number, tx: Uint8Array, txBits: number, endTicks: number): void {
    if (opcode === FLASH_COMMAND.QUAD_PP && !this.status.quadEnabled) return;
    const dataBytes = (txBits >> 3) - 4;
    // Chip select has to rise on a byte boundary, or nothing is programmed.
    if (dataBytes < 1 || (txBits & 7) !== 0) return;
    const addr = ((tx[1]! << 16) | (tx[2]! << 8) | tx[3]!) & this.addrMask;
    if (!this.mayWrite(addr & -FLASH_PAGE_BYTES, FLASH_PAGE_BYTES)) return;
    this.latch.fill(0xff);
    for (let i = 0; i < dataBytes; i++) this.latch[(addr + i) & (FLASH_PAGE_BYTES - 1)] = tx[4 + i]!;
    this.begin('program', addr, Math.min(dataBytes, FLASH_PAGE_BYTES), endTicks);
  }

  private erase(kind: FlashOperationKind, tx: Uint8Array, txBits: number, endTicks: number): void {
    if (txBits !== 32) return;
    const areaBytes = operationAreaBytes(kind, this.sizeBytes);
    const addr = ((tx[1]! << 16) | (tx[2]! << 8) | tx[3]!) & this.addrMask & -areaBytes;
    if (this.mayWrite(addr, areaBytes)) this.begin(kind, addr, areaBytes, endTicks);
  }

  private writeStatus(register: 1 | 2 | 3, tx: Uint8Array, txBits: number, endTicks: number): void {
    const bytes = (txBits >> 3) - 1;
    if ((txBits & 7) !== 0 || bytes < 1 || bytes > (register === 1 ? 2 : 1)) return;
    const value = this.status.merged(register, tx[1]! | (bytes > 1 ? tx[2]! << 8 : 0), bytes);
    if (this.volatileWrite) {
      this.volatileWrite = false;
      this.status.active = value;
    } else if (this.wel) {
      this.status.wanted = value;
      this.begin('write-status', 0, 0, endTicks);
    }
  }

  /** Without WEL nothing happens. A protected area refuses; whether WEL survives that is not documented. */
  private mayWrite(addr: number, lengthBytes: number): boolean {
    if (!this.wel) return false;
    if (!isAreaProtected(this.status.read(1), this.status.read(2), this.sizeBytes, addr, lengthBytes))
      return true;
    this.wel = false;
    return false;
  }

  private begin(kind: FlashOperationKind, addr: number, length: number, atTicks: number): void {
    const durationTicks = operationTicks(kind, this.sizeBytes, this.timing);
    this.countSincePowerOn++;
    this.countTotal++;
    this.kind = kind;
    this.addr = addr;
    this.length = length;
    this.startTicks = atTicks;
    this.endTicks = atTicks + durationTicks;
    this.wip = true;
    this.dueTicks = this.endTicks;
    this.cutting = this.isCutNow();
    if (this.cutting) {
      const { afterNanos, seed } = this.armed!;
      const afterTicks =
        afterNanos === undefined ? momentInside(durationTicks, seed) : nanosToTicks(afterNanos);
      this.dueTicks = Math.min(this.endTicks, atTicks + afterTicks);
    }
    this.scheduler.scheduleAt(this.alarm, this.dueTicks);
    this.onOperation?.(this.describe());
  }

  private isCutNow(): boolean {
    const { armed } = this;
    if (armed === undefined) return false;
    return armed.operation === (armed.counted === 'total' ? this.countTotal : this.countSincePowerOn);
  }

  private describe(): FlashOperation {
    return {
      number: this.countSincePowerOn,
      total: this.countTotal,
      kind: this.kind,
      addr: this.addr,
      length: this.length,
      atTicks: this.startTicks,
    };
  }

  /** Does what an alarm would have done by then: transfers can be queued ahead of the clock. */
  private settle(atTicks: number): void {
    if (!this.wip || this.dueTicks > atTicks) return;
    this.scheduler.cancel(this.alarm);
    this.onAlarm();
  }

  private onAlarm(): void {
    if (!this.cutting) {
      this.apply(this.endTicks - this.startTicks, 0);
      this.wip = false;
      this.wel = false;
      return;
    }
    const cut: FlashPowerCut = {
      operation: this.describe(),
      elapsedTicks: this.dueTicks - this.startTicks,
      durationTicks: this.endTicks - this.startTicks,
    };
    this.apply(cut.elapsedTicks, this.armed!.seed);
    this.loseState();
    this.onPowerCut?.(cut);
  }

  /** The operation's effect after some of its time. */
  private apply(elapsedTicks: number, seed: number): void {
    const progress = elapsedTicks / (this.endTicks - this.startTicks);
    if (this.kind === 'write-status') {
      this.status.store(progress, seed);
      return;
    }
    applyOperation(this.content, this.kind, this.addr, this.latch, progress, seed);
    if (progress <= 0) return;
    const areaBytes = operationAreaBytes(this.kind, this.sizeBytes);
    this.onContentChanged?.(this.addr & -areaBytes, areaBytes);
  }

  private loseState(): void {
    this.powered = false;
    if (this.cutting) this.armed = undefined;
    this.softReset();
  }

  private softReset(): void {
    this.wip = false;
    this.cutting = false;
    this.wel = false;
    this.volatileWrite = false;
    this.deepPowerDown = false;
    this.resetEnabled = false;
    this.status.reload();
  }
}
