import { ROM_SIZE } from '../chip/esp8266';
import { DEFAULT_BOARD_CONFIG, type BoardConfig } from './board-config';
import { buildParts, type BoardParts } from './board-parts';
import { restoreSnapshot, takeSnapshot, type BoardSnapshot } from './board-snapshot';
import type { Medium } from './air';
import { warmUpHotLoop } from './cpu/warm-up';
import type { RomProgram } from './cpu/code-table';
import { Cpu } from './cpu/cpu';
import { FlashWindowCode } from './cpu/flash-window-code';
import { Alarm, EventQueue } from './event-queue';
import { EmulatorFault } from './fault';
import { Bus } from './memory/bus';
import { GuestMemory } from './memory/guest-memory';
import type { ResetKind } from './peripherals';
import type { FlashPowerCut, PowerCutRequest } from './peripherals/flash-operation';
import { buildRom } from './rom/rom';
import { microsToTicks, nanosToTicks, ticksToNanos } from './time';

export type { BoardSnapshot } from './board-snapshot';

/** Why a run ended. */
export type RunEnd = 'time' | 'stopped' | 'power-off';

/** Executes instructions up to a moment, or stops before it when something else must be looked at first. */
export interface SliceRunner {
  runSlice(untilTicks: number): void;
}

/**
 * An ESP8266 on a NodeMCU-like board: chip, crystal, flash chip, reset circuit. It knows no host: bytes and line
 * changes come in by calls, go out by callbacks, and time passes only in `runUntil`.
 */
export class Board {
  readonly config: BoardConfig;
  readonly memory: GuestMemory;
  readonly cpu: Cpu;
  readonly bus: Bus;
  readonly queue = new EventQueue();
  readonly parts: BoardParts;

  /** A byte has left UART 0 or 1, with the speed of its frame. */
  onTransmit: ((uart: 0 | 1, byte: number, baud: number, atTicks: number) => void) | undefined;
  /** The chip starts over. */
  onReset: ((kind: ResetKind, atTicks: number) => void) | undefined;
  /** The armed power cut has come. */
  onPowerCut: ((cut: FlashPowerCut) => void) | undefined;
  /** The chip drives a pin, or lets go of it; 16 is the RTC's. */
  onPin: ((pin: number, level: boolean, driven: boolean) => void) | undefined;
  /** The WiFi MAC lost its state, by whatever kind of restart: those who talked to it must start over. */
  onRadioVanished: (() => void) | undefined;

  /** Who executes: the CPU itself, or a tracer or profiler in front of it (debug/). */
  sliceRunner: SliceRunner;

  private readonly settleAlarm: Alarm;
  private powered = false;
  /** EN is high and has been for long enough. */
  private enabled = false;
  private enHigh = true;
  /** Power has come since the chip last started: the next start is a power-on, whenever EN allows it. */
  private cold = true;
  private pendingReset: ResetKind | undefined;
  private readonly windowCode: FlashWindowCode;
  private air: Medium | undefined;

  /** @throws EmulatorFault `ESPRIG_EMU_BAD_CONFIG` */
  constructor(config: Partial<BoardConfig> = {}) {
    warmUpHotLoop();
    this.config = { ...DEFAULT_BOARD_CONFIG, ...config };
    this.memory = new GuestMemory(this.config.flashSizeBytes);
    this.bus = new Bus();
    this.bus.lenient = this.config.lenient;
    this.cpu = new Cpu(this.memory, this.bus, this.queue);
    this.sliceRunner = this.cpu;
    this.cpu.data.trapNarrowAccess = this.config.trapNarrowAccess;
    this.parts = buildParts(this.config, this.memory, this.cpu, this.bus, this.queue, {
      transmitted: (uart, byte, baud, atTicks) => this.onTransmit?.(uart, byte, baud, atTicks),
      softwareReset: () => this.resetSoon('software'),
      watchdogReset: () => this.resetSoon('watchdog'),
      sleepChanged: () => this.sleepChanged(),
      deepSleepWake: () => this.resetSoon('external'),
      pinChanged: (pin, level, driven) => this.onPin?.(pin, level, driven),
      radioVanished: () => this.onRadioVanished?.(),
    });
    this.settleAlarm = this.queue.register(new Alarm('board.en-settle', () => this.start()));
    const { flash, cache, clocks } = this.parts;
    clocks.onChange(() => this.cpu.time.setClock(clocks.cpuHz));
    this.windowCode = new FlashWindowCode(this.cpu.codeTable, cache, this.memory.flash.length);
    cache.onMappingChanged = () => this.windowCode.mappingChanged();
    flash.onContentChanged = (offset, length) => this.windowCode.contentChanged(offset, length);
    flash.onPowerCut = (cut) => {
      this.powerOff();
      this.onPowerCut?.(cut);
    };
    this.cpu.time.setClock(clocks.cpuHz);
    this.cpu.codeTable.setRom(this.config.romImage ? foreignRom(this.config.romImage) : buildRom());
  }

  // --- power, reset, lines ----------------------------------------------------------------------------------------

  get isPowered(): boolean {
    return this.powered;
  }

  /** Applies power: RAM and RTC memory hold nothing, straps are sampled, the ROM starts with cause 1. */
  powerOn(): void {
    if (this.powered) return;
    this.powered = true;
    this.cold = true;
    this.memory.losePower();
    this.parts.flash.powerOn();
    if (this.enHigh) this.start();
  }

  /** Takes the power away, whatever is under way: the flash keeps what its physics leave. */
  powerOff(): void {
    if (!this.powered) return;
    this.powered = false;
    this.parts.flash.powerOff();
    this.hold();
  }

  /** A short press of the reset button: EN low and high again. */
  pressReset(): void {
    this.setEnable(false);
    this.setEnable(true);
  }

  /** EN pin. Low stops the chip at once; high starts it when the lines have stood still for the settle time. */
  setEnable(high: boolean, settleMicros = this.config.lineSettleMicros): void {
    if (high === this.enHigh) return;
    this.enHigh = high;
    if (!high) this.hold();
    else if (this.powered) this.restartSettling(settleMicros);
  }

  /** Level that the board puts on a pin, GPIO0 for example. A strap that moves while EN settles starts the wait anew. */
  setPin(pin: number, level: boolean): void {
    this.parts.gpio.setInput(pin, level);
    if (this.settleAlarm.scheduled) this.restartSettling();
  }

  private restartSettling(settleMicros = this.config.lineSettleMicros): void {
    this.queue.scheduleIn(this.settleAlarm, microsToTicks(settleMicros));
  }

  private start(): void {
    this.enabled = true;
    const kind = this.cold ? 'power-on' : 'external';
    this.cold = false;
    this.reset(kind);
  }

  /** The chip stands still, its pins let go, nothing more is sent. The flash chip has its own supply and goes on. */
  private hold(): void {
    if (this.enabled) {
      for (const block of this.parts.blocks) block.reset('external');
    }
    this.enabled = false;
    this.pendingReset = undefined;
    this.queue.cancel(this.settleAlarm);
    this.cpu.time.cutSlice(0);
  }

  /** In deep sleep only the RTC has power. */
  private sleepChanged(): void {
    const { blocks, rtc } = this.parts;
    if (rtc.sleeping === 'deep') {
      for (const block of blocks) if (block !== rtc) block.reset('external');
    }
    this.cpu.time.cutSlice(0);
  }

  private resetSoon(kind: ResetKind): void {
    this.pendingReset = kind;
    this.cpu.time.cutSlice(0);
  }

  private reset(kind: ResetKind): void {
    this.pendingReset = undefined;
    this.parts.cache.reset();
    for (const block of this.parts.blocks) block.reset(kind);
    this.cpu.reset();
    this.cpu.time.setClock(this.parts.clocks.cpuHz);
    this.onReset?.(kind, this.queue.nowTicks());
  }

  // --- serial line ------------------------------------------------------------------------------------------------

  /** A byte arrives at UART0's RXD at the sender's speed; false when the input queue is full. */
  receiveByte(byte: number, baud: number): boolean {
    return this.parts.uart0.receiveByte(byte, baud);
  }

  // --- air --------------------------------------------------------------------------------------------------------

  /**
   * Puts the board on a medium made with `board.queue` as its scheduler; returns the way to take it off. The medium and
   * its peers are no part of a snapshot: after a restore they go on as they are, at the board's new time.
   */
  attachAir(medium: Medium): () => void {
    this.air = medium;
    const detach = this.parts.wifi.attach(medium);
    return () => {
      detach();
      if (this.air === medium) this.air = undefined;
    };
  }

  // --- time -------------------------------------------------------------------------------------------------------

  get nowTicks(): number {
    return this.cpu.nowTicks;
  }

  get nowNanos(): number {
    return ticksToNanos(this.cpu.nowTicks);
  }

  /** How much time the guest spent waiting since the last call, at the CPU clock of now. */
  takeIdledNanos(): number {
    const cycles = this.cpu.time.idledCycles;
    this.cpu.time.idledCycles = 0;
    return ticksToNanos(cycles * this.cpu.time.ticksPerCycle);
  }

  /** Bits are under way on UART0: time that is spent waiting for them is not idle time. */
  get isSerialBusy(): boolean {
    const { uart0 } = this.parts;
    return !uart0.txIdle || uart0.inputFree < this.config.inputQueueBytes;
  }

  private get isComputing(): boolean {
    return this.enabled && this.parts.rtc.sleeping === 'awake';
  }

  runFor(nanos: number): RunEnd {
    return this.runUntil(this.nowTicks + nanosToTicks(nanos));
  }

  /**
   * Lets time pass until `untilTicks` (to the end of the instruction that reaches it).
   *
   * @throws EmulatorFault when the guest does what the emulator refuses to guess about; the state stays as it was then
   */
  runUntil(untilTicks: number): RunEnd {
    const { cpu, queue } = this;
    cpu.stopRequested = false;
    for (;;) {
      queue.fireDue(cpu.nowTicks);
      if (this.pendingReset !== undefined) this.reset(this.pendingReset);
      if (!this.powered) return 'power-off';
      if (cpu.stopRequested) return 'stopped';
      if (cpu.nowTicks >= untilTicks) return 'time';
      const sliceEnd = Math.min(untilTicks, queue.nextAtTicks);
      if (this.isComputing) this.sliceRunner.runSlice(sliceEnd);
      else cpu.time.passUntil(sliceEnd);
    }
  }

  /** Ends the running `runUntil` before the next instruction. */
  stop(): void {
    this.cpu.stopRequested = true;
    this.cpu.time.cutSlice(0);
  }

  // --- flash ------------------------------------------------------------------------------------------------------

  /** Writes the flash chip's array from outside, as a programmer clip does; the serial way is the flasher's. */
  programFlash(flashOffset: number, bytes: Uint8Array): void {
    if (flashOffset < 0 || flashOffset + bytes.length > this.memory.flash.length) {
      throw new EmulatorFault(
        'ESPRIG_EMU_BAD_CONFIG',
        `${bytes.length} bytes at ${flashOffset} do not fit a flash of ${this.memory.flash.length} bytes`,
      );
    }
    this.memory.flash.set(bytes, flashOffset);
    this.windowCode.contentChanged(flashOffset, bytes.length);
  }

  /** Erases the whole chip from outside. A reset never does. */
  eraseFlash(): void {
    this.memory.flash.fill(0xff);
    this.windowCode.contentChanged(0, this.memory.flash.length);
  }

  /** Power will fail in flash operation `operation`, counted from power-on; see flash-power-cut.ts for what is left. */
  armPowerCut(request: PowerCutRequest): void {
    this.parts.flash.armPowerCut(request);
  }

  // --- snapshot ---------------------------------------------------------------------------------------------------

  save(): BoardSnapshot {
    const { powered, enabled, enHigh, cold } = this;
    return takeSnapshot(this, { version: 1, powered, enabled, enHigh, cold });
  }

  /**
   * Makes this board the one that was saved; from here both run the same, to the cycle.
   *
   * @throws EmulatorFault `ESPRIG_EMU_SNAPSHOT` for another version or another flash size; the board must then be
   * thrown away
   */
  restore(snapshot: BoardSnapshot): void {
    const ticksBefore = this.nowTicks;
    const fields = restoreSnapshot(this, snapshot);
    this.windowCode.forgetAll();
    this.powered = fields.boolean('powered');
    this.enabled = fields.boolean('enabled');
    this.enHigh = fields.boolean('enHigh');
    this.cold = fields.boolean('cold');
    this.pendingReset = undefined;
    this.air?.timers.shift(this.nowTicks - ticksBefore);
    this.parts.wifi.restored();
  }
}

/** A ROM of the user's: no function of ours stands in for it. */
function foreignRom(image: Uint8Array): RomProgram {
  if (image.length !== ROM_SIZE) {
    throw new EmulatorFault(
      'ESPRIG_EMU_BAD_CONFIG',
      `a boot ROM has ${ROM_SIZE} bytes, this one ${image.length}`,
    );
  }
  return { image, known: new Uint8Array(ROM_SIZE).fill(1), calls: [] };
}
