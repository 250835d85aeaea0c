/**
 * A SPI NOR flash chip of the W25Q family behind one chip select. Sources: data sheets W25Q32JV and W25Q128JV for
 * commands, status registers, protection and typical times; JESD216B for SFDP; docs/emulator-fidelity.md says what is
 * absent.
 *
 * An operation takes effect at the end of its time, in one step; until then the content is the old one. A power cut in
 * between leaves what flash-power-cut.ts defines.
 */
import { FLASH_CHIPS, FLASH_PAGE_BYTES } from '../../chip/flash-chips';
import type { Alarm, Scheduler } from '../event-queue';
import { EmulatorFault } from '../fault';
import { FLASH_COMMAND, FLASH_HEADER_BYTES, SR1_WEL, SR1_WIP, SR2_QE } from './flash-commands';
import { FlashEngine } from './flash-engine';
import { FlashIdentity } from './flash-identity';
import {
  operationAreaBytes,
  type FlashOperation,
  type FlashOperationKind,
  type FlashPowerCut,
  type PowerCutRequest,
} from './flash-operation';
import { isAreaProtected } from './flash-protection';
import { FlashStatus } from './flash-status';
import { FLASH_TIMINGS, type FlashTiming, type FlashTimingName } from './flash-timing';
import type { SavedState } from './peripheral';
import { SavedFields } from './saved-fields';
import type { SpiDevice } from './spi-device';

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

const C = FLASH_COMMAND;

export class FlashChip implements SpiDevice {
  readonly sizeBytes: number;
  readonly content: Uint8Array;
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
  private readonly identity: FlashIdentity;
  private readonly engine: FlashEngine;
  private readonly addrMask: number;
  private readonly seed: number;

  private powered = true;
  private wel = false;
  private volatileWrite = false;
  private deepPowerDown = false;
  private resetEnabled = false;

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
    const timing = typeof config.timing === 'string' ? FLASH_TIMINGS[config.timing] : config.timing;
    this.seed = config.seed ?? 1;
    this.identity = new FlashIdentity(config.jedecId ?? known.jedecId, sizeBytes, timing, config.uniqueId);
    this.status = new FlashStatus(config.statusRegisters ?? SR2_QE << 8);
    this.engine = new FlashEngine(config.content, this.status, config.scheduler, timing, {
      started: () => this.onOperation?.(this.engine.describe()),
      completed: () => {
        this.wel = false;
      },
      contentChanged: (flashOffset, lengthBytes) => this.onContentChanged?.(flashOffset, lengthBytes),
      powerCut: (cut) => {
        this.powered = false;
        this.softReset();
        this.onPowerCut?.(cut);
      },
    });
  }

  /** Ends an operation or cuts the power in it. The board registers it, so that a snapshot can name it. */
  get alarm(): Alarm {
    return this.engine.alarm;
  }

  /** 0xCCTTMM as RDID leaves it in SPI W0. */
  get jedecId(): number {
    return this.identity.jedecId;
  }

  /** Operations started since power-on; the number the last one has. */
  get operationsSincePowerOn(): number {
    return this.engine.countSincePowerOn;
  }

  get operationsTotal(): number {
    return this.engine.countTotal;
  }

  /** WIP: an operation is under way. */
  get busy(): boolean {
    return this.engine.busy;
  }

  get isPowered(): boolean {
    return this.powered;
  }

  isFetchable(quad: boolean): boolean {
    return this.powered && !this.busy && !this.deepPowerDown && (!quad || this.status.quadEnabled);
  }

  /**
   * Cuts the power at one operation to come. Replaces an earlier request; holds over power-offs until its operation
   * comes.
   * @throws EmulatorFault ESPRIG_EMU_BAD_CONFIG when that operation has already started
   */
  armPowerCut(request: PowerCutRequest): void {
    this.engine.arm(request);
  }

  disarmPowerCut(): void {
    this.engine.arm(undefined);
  }

  /** Supply on. No effect when it is. */
  powerOn(): void {
    if (this.powered) return;
    this.powered = true;
    this.engine.powerOn();
    this.softReset();
  }

  /** Supply off, now: an operation under way is left where it is. No effect when it is off. */
  powerOff(): void {
    if (!this.powered) return;
    const nowTicks = this.scheduler.nowTicks();
    this.engine.settle(nowTicks);
    if (!this.powered) return;
    this.engine.interrupt(nowTicks, this.seed + this.operationsTotal);
    this.powered = false;
    this.softReset();
  }

  transfer(
    tx: Uint8Array,
    txBits: number,
    rx: Uint8Array,
    rxBytes: number,
    startTicks: number,
    endTicks: number,
  ): void {
    this.engine.settle(startTicks);
    rx.fill(0xff, 0, rxBytes);
    if (!this.powered || txBits < 8) return;
    const opcode = tx[0]!;
    if (this.deepPowerDown && opcode !== C.RES) return;
    if (FLASH_HEADER_BYTES[opcode] !== 0) this.answer(opcode, tx, txBits, rx, rxBytes, endTicks);
    else if (!this.busy) this.execute(opcode, tx, txBits, endTicks);
  }

  save(): SavedState {
    return {
      version: 1,
      sizeBytes: this.sizeBytes,
      jedecId: this.jedecId,
      powered: this.powered,
      wel: this.wel,
      volatileWrite: this.volatileWrite,
      deepPowerDown: this.deepPowerDown,
      resetEnabled: this.resetEnabled,
      statusStored: this.status.stored,
      statusActive: this.status.active,
      statusWanted: this.status.wanted,
      engine: this.engine.save(),
    };
  }

  /**
   * The content and the alarm are restored by the board.
   * @throws EmulatorFault ESPRIG_EMU_SNAPSHOT for another version or another chip
   */
  restore(state: SavedState): void {
    const fields = new SavedFields('flash-chip', state, 1);
    if (fields.number('sizeBytes') !== this.sizeBytes || fields.number('jedecId') !== this.jedecId) {
      throw new EmulatorFault('ESPRIG_EMU_SNAPSHOT', 'snapshot is of a board with another flash chip');
    }
    this.powered = fields.boolean('powered');
    this.wel = fields.boolean('wel');
    this.volatileWrite = fields.boolean('volatileWrite');
    this.deepPowerDown = fields.boolean('deepPowerDown');
    this.resetEnabled = fields.boolean('resetEnabled');
    this.status.stored = fields.number('statusStored');
    this.status.active = fields.number('statusActive');
    this.status.wanted = fields.number('statusWanted');
    this.engine.restore(fields.part('engine'));
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
    if (opcode === C.RDSR1 || opcode === C.RDSR2 || opcode === C.RDSR3) {
      rx.fill(this.statusAt(opcode, endTicks), 0, rxBytes);
      return;
    }
    if (this.busy) return;
    this.resetEnabled = false;
    if (opcode === C.RES) this.deepPowerDown = false;
    const txBytes = txBits >> 3;
    // Half-clocked bytes would shift the whole answer; no driver does that, and a chip would deliver rubbish.
    if ((txBits & 7) !== 0) return;
    // A header clocked too short delays the answer, one too long has already swallowed its beginning.
    const skipped = txBytes - FLASH_HEADER_BYTES[opcode]!;
    const first = Math.max(0, -skipped);
    const from = Math.max(0, skipped);
    const addr = txBytes >= 4 ? (tx[1]! << 16) | (tx[2]! << 8) | tx[3]! : 0;
    if (this.identity.answers(opcode)) {
      for (let i = first; i < rxBytes; i++) rx[i] = this.identity.answerByte(opcode, addr, from + i - first);
      return;
    }
    const isQuad = opcode === C.READ_QUAD_OUTPUT || opcode === C.READ_QUAD_IO;
    if (isQuad && !this.status.quadEnabled) return;
    const { content, addrMask } = this;
    const start = addr + from - first;
    for (let i = first; i < rxBytes; i++) rx[i] = content[(start + i) & addrMask]!;
  }

  private statusAt(opcode: number, atTicks: number): number {
    if (opcode !== C.RDSR1) return this.status.read(opcode === C.RDSR2 ? 2 : 3);
    // The operation may end while the answer is being clocked out, before its alarm has fired.
    const wip = this.engine.isBusyAt(atTicks);
    const wel = this.wel && wip === this.busy;
    return this.status.read(1) | (wip ? SR1_WIP : 0) | (wel ? SR1_WEL : 0);
  }

  /** Commands that do something. */
  private execute(opcode: number, tx: Uint8Array, txBits: number, endTicks: number): void {
    const wasResetEnabled = this.resetEnabled;
    this.resetEnabled = false;
    switch (opcode) {
      case C.WREN:
        this.wel = true;
        return;
      case C.WRDI:
        this.wel = false;
        this.volatileWrite = false;
        return;
      case C.WREN_VOLATILE:
        this.volatileWrite = true;
        return;
      case C.PP:
      case C.QUAD_PP:
        this.program(opcode, tx, txBits, endTicks);
        return;
      case C.SE:
        this.erase('erase-sector', tx, txBits, endTicks);
        return;
      case C.BE32:
        this.erase('erase-block-32k', tx, txBits, endTicks);
        return;
      case C.BE64:
        this.erase('erase-block', tx, txBits, endTicks);
        return;
      case C.CE:
      case C.CE2:
        if (txBits === 8 && this.mayWrite(0, this.sizeBytes)) {
          this.engine.begin('erase-chip', 0, this.sizeBytes, endTicks);
        }
        return;
      case C.WRSR1:
        this.writeStatus(1, tx, txBits, endTicks);
        return;
      case C.WRSR2:
        this.writeStatus(2, tx, txBits, endTicks);
        return;
      case C.WRSR3:
        this.writeStatus(3, tx, txBits, endTicks);
        return;
      case C.DP:
        this.deepPowerDown = true;
        return;
      case C.RESET_ENABLE:
        this.resetEnabled = true;
        return;
      case C.RESET:
        if (wasResetEnabled) this.softReset();
        return;
      case C.MODE_RESET:
      case C.XMC_ULTRA_POWER_DOWN:
      case C.HPM:
        return;
      default:
        this.onUnknownCommand?.(opcode);
    }
  }

  private program(opcode: number, tx: Uint8Array, txBits: number, endTicks: number): void {
    if (opcode === C.QUAD_PP && !this.status.quadEnabled) return;
    const dataBytes = (txBits >> 3) - 4;
    // Chip select has to rise on a byte boundary, or nothing is programmed.
    if (dataBytes < 1 || (txBits & 7) !== 0) return;
    const addr = ((tx[1]! << 16) | (tx[2]! << 8) | tx[3]!) & this.addrMask;
    if (!this.mayWrite(addr & -FLASH_PAGE_BYTES, FLASH_PAGE_BYTES)) return;
    this.engine.latch.fill(0xff);
    for (let i = 0; i < dataBytes; i++) this.engine.latch[(addr + i) & (FLASH_PAGE_BYTES - 1)] = tx[4 + i]!;
    this.engine.begin('program', addr, Math.min(dataBytes, FLASH_PAGE_BYTES), endTicks);
  }

  private erase(kind: FlashOperationKind, tx: Uint8Array, txBits: number, endTicks: number): void {
    if (txBits !== 32) return;
    const areaBytes = operationAreaBytes(kind, this.sizeBytes);
    const addr = ((tx[1]! << 16) | (tx[2]! << 8) | tx[3]!) & this.addrMask & -areaBytes;
    if (this.mayWrite(addr, areaBytes)) this.engine.begin(kind, addr, areaBytes, endTicks);
  }

  private writeStatus(register: 1 | 2 | 3, tx: Uint8Array, txBits: number, endTicks: number): void {
    const bytes = (txBits >> 3) - 1;
    if ((txBits & 7) !== 0 || bytes < 1 || bytes > (register === 1 ? 2 : 1)) return;
    const value = tx[1]! | (bytes > 1 ? tx[2]! << 8 : 0);
    if (this.volatileWrite) {
      this.volatileWrite = false;
      this.status.writeVolatile(register, value, bytes);
    } else if (this.wel) {
      this.status.beginWrite(register, value, bytes);
      this.engine.begin('write-status', 0, 0, endTicks);
    }
  }

  /** Without WEL nothing happens. A protected area refuses; whether WEL survives that is not documented. */
  private mayWrite(addr: number, lengthBytes: number): boolean {
    if (!this.wel) return false;
    const { status, sizeBytes } = this;
    if (isAreaProtected(status.read(1), status.read(2), sizeBytes, addr, lengthBytes)) this.wel = false;
    return this.wel;
  }

  private softReset(): void {
    this.wel = false;
    this.volatileWrite = false;
    this.deepPowerDown = false;
    this.resetEnabled = false;
    this.status.reload();
  }
}
