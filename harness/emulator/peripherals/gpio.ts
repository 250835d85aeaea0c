/**
 * GPIO 0-15, 0x60000300. Sources: esp-open-rtos `gpio_regs.h`, chip.md 3.4. GPIO16 belongs to the RTC block. Which pins
 * IOMUX really gives to GPIO is not looked at: a pin is driven when its ENABLE bit is set.
 */
import type { IrqLine, Peripheral, PeripheralContext, ResetKind, SavedState } from './peripheral';
import { RTC_PERIOD_TICKS } from './rtc-clock';
import { TICKS_PER_SECOND } from '../time';
import { SavedFields } from './saved-fields';
import { unknownRegister } from './unknown-register';

export interface GpioWiring {
  /** Interrupt 4, level. */
  readonly irq: IrqLine;
  /** What the chip does with a pin changed: it drives `level`, or lets go of the pin. */
  readonly onOutput: (pin: number, level: boolean, driven: boolean) => void;
}

export interface GpioConfig {
  /** Levels that the board's circuit puts on pins 0-15 while the chip does not drive them. */
  readonly idleLevels: number;
  /** IN bits 29-31, the second number of the ROM's `boot mode:(3,6)`. */
  readonly sdStraps: number;
}

/**
 * A bare module that boots from flash: GPIO0 and GPIO2 up, GPIO15 down, the serial lines and the flash pins up, the JTAG
 * pins up by their own pull-ups, GPIO4 and GPIO5 down.
 */
export const DEFAULT_GPIO_CONFIG: GpioConfig = { idleLevels: 0x7fcf, sdStraps: 6 };

export const GPIO_SIZE = 0x100;

const GPIO_OUT = 0x00;
const GPIO_OUT_W1TS = 0x04;
const GPIO_OUT_W1TC = 0x08;
const GPIO_ENABLE = 0x0c;
const GPIO_ENABLE_W1TS = 0x10;
const GPIO_ENABLE_W1TC = 0x14;
const GPIO_IN = 0x18;
const GPIO_STATUS = 0x1c;
const GPIO_STATUS_W1TS = 0x20;
const GPIO_STATUS_W1TC = 0x24;
const GPIO_PIN0 = 0x28;
const GPIO_SIGMA_DELTA = 0x68;
const GPIO_RTC_CALIB_SYNC = 0x6c;
const GPIO_RTC_CALIB_VALUE = 0x70;

const PINS = 0xffff;
const PIN_OPEN_DRAIN = 1 << 2;
const RTC_CALIB_READY = 0x80000000;
/** RTC periods over which the calibration counts crystal cycles. */
const RTC_CALIB_PERIODS = 256;

/** PIN registers bits 7-9. */
const INTERRUPT_TYPE = { RISING: 1, FALLING: 2, ANY_EDGE: 3, LOW: 4, HIGH: 5 } as const;

/** Pins, their interrupts, the latched straps and the RTC calibration. */
export class Gpio implements Peripheral {
  readonly name = 'gpio';
  private readonly context: PeripheralContext;
  private readonly wiring: GpioWiring;
  private readonly config: GpioConfig;
  private readonly pinConfig = new Uint32Array(16);
  private out = 0;
  private enable = 0;
  private status = 0;
  private sigmaDelta = 0;
  private calibration = 0;
  /** Levels from outside. */
  private external: number;
  /** Levels of the pins when they were last looked at, to find edges. */
  private seenLevels: number;
  /** IN bits 16-18. */
  private straps = 0;
  /** What `onOutput` was told last. */
  private toldDriven = 0;
  private toldLevels = 0;

  constructor(context: PeripheralContext, wiring: GpioWiring, config: GpioConfig) {
    this.context = context;
    this.wiring = wiring;
    this.config = config;
    this.external = config.idleLevels & PINS;
    this.seenLevels = this.external;
    this.latchStraps();
  }

  /** The first number of the ROM's `boot mode`: bit 0 GPIO2, bit 1 GPIO0, bit 2 GPIO15. */
  get bootStraps(): number {
    return this.straps;
  }

  /** Samples GPIO2, GPIO0 and GPIO15, as the chip does when EN has been high long enough. */
  latchStraps(): void {
    const bit = (pin: number): number => (this.external >>> pin) & 1;
    this.straps = bit(2) | (bit(0) << 1) | (bit(15) << 2);
  }

  /** The outside puts a level on a pin; it shows while the chip does not drive the pin. */
  setInput(pin: number, level: boolean): void {
    const mask = 1 << pin;
    this.external = level ? this.external | mask : this.external & ~mask;
    this.pinsChanged();
  }

  read32(offset: number): number {
    switch (offset) {
      case GPIO_OUT:
        return this.out;
      case GPIO_ENABLE:
        return this.enable;
      case GPIO_IN:
        return (this.levels | (this.straps << 16) | (this.config.sdStraps << 29)) >>> 0;
      case GPIO_STATUS:
        return this.status;
      case GPIO_OUT_W1TS:
      case GPIO_OUT_W1TC:
      case GPIO_ENABLE_W1TS:
      case GPIO_ENABLE_W1TC:
      case GPIO_STATUS_W1TS:
      case GPIO_STATUS_W1TC:
        return 0; // write only
      case GPIO_SIGMA_DELTA:
        return this.sigmaDelta;
      case GPIO_RTC_CALIB_SYNC:
        return this.calibration;
      case GPIO_RTC_CALIB_VALUE:
        return (RTC_CALIB_READY | this.calibrationResult) >>> 0;
      default:
        return this.pinConfig[this.pinOf(offset)]!;
    }
  }

  write32(offset: number, value: number): void {
    switch (offset) {
      case GPIO_OUT:
        this.setOutputs(value, this.enable);
        break;
      case GPIO_OUT_W1TS:
        this.setOutputs(this.out | value, this.enable);
        break;
      case GPIO_OUT_W1TC:
        this.setOutputs(this.out & ~value, this.enable);
        break;
      case GPIO_ENABLE:
        this.setOutputs(this.out, value);
        break;
      case GPIO_ENABLE_W1TS:
        this.setOutputs(this.out, this.enable | value);
        break;
      case GPIO_ENABLE_W1TC:
        this.setOutputs(this.out, this.enable & ~value);
        break;
      case GPIO_IN:
        break; // read only
      case GPIO_STATUS:
        this.setStatus(value);
        break;
      case GPIO_STATUS_W1TS:
        this.setStatus(this.status | value);
        break;
      case GPIO_STATUS_W1TC:
        this.setStatus(this.status & ~value);
        break;
      case GPIO_SIGMA_DELTA:
        this.sigmaDelta = value;
        break;
      case GPIO_RTC_CALIB_SYNC:
        this.calibration = value;
        break;
      case GPIO_RTC_CALIB_VALUE:
        break; // read only
      default:
        this.pinConfig[this.pinOf(offset)] = value;
        this.pinsChanged();
    }
  }

  reset(kind: ResetKind): void {
    this.pinConfig.fill(0);
    this.sigmaDelta = 0;
    this.calibration = 0;
    this.setOutputs(0, 0);
    this.status = 0;
    this.driveIrq();
    if (kind === 'power-on' || kind === 'external') this.latchStraps();
  }

  save(): SavedState {
    return {
      version: 1,
      pinConfig: Array.from(this.pinConfig),
      out: this.out,
      enable: this.enable,
      status: this.status,
      sigmaDelta: this.sigmaDelta,
      calibration: this.calibration,
      external: this.external,
      seenLevels: this.seenLevels,
      straps: this.straps,
      toldDriven: this.toldDriven,
      toldLevels: this.toldLevels,
    };
  }

  /** @throws ESPRIG_EMU_SNAPSHOT when the state does not fit. */
  restore(state: SavedState): void {
    const fields = new SavedFields(this.name, state, 1);
    this.pinConfig.set(fields.numbers('pinConfig', 16));
    this.out = fields.number('out');
    this.enable = fields.number('enable');
    this.status = fields.number('status');
    this.sigmaDelta = fields.number('sigmaDelta');
    this.calibration = fields.number('calibration');
    this.external = fields.number('external');
    this.seenLevels = fields.number('seenLevels');
    this.straps = fields.number('straps');
    this.toldDriven = fields.number('toldDriven');
    this.toldLevels = fields.number('toldLevels');
    this.driveIrq();
  }

  /** Pins the chip drives: enabled, and not an open drain that is let go. */
  private get driven(): number {
    let driven = this.enable;
    for (let pin = 0; pin < 16; pin++) {
      if ((this.pinConfig[pin]! & PIN_OPEN_DRAIN) !== 0) driven &= ~(this.out & (1 << pin));
    }
    return driven;
  }

  private get levels(): number {
    const { driven } = this;
    return (this.out & driven) | (this.external & ~driven & PINS);
  }

  /** Crystal cycles in 256 periods of the slow clock, what `pm_rtc_clock_cali` divides by the crystal's MHz. */
  private get calibrationResult(): number {
    const { crystalHz } = this.context.clocks;
    return Math.round((RTC_CALIB_PERIODS * RTC_PERIOD_TICKS * crystalHz) / TICKS_PER_SECOND);
  }

  private pinOf(offset: number): number {
    const pin = (offset - GPIO_PIN0) >> 2;
    if (pin < 0 || pin > 15) throw unknownRegister(this.name, offset);
    return pin;
  }

  private setOutputs(out: number, enable: number): void {
    this.out = out & PINS;
    this.enable = enable & PINS;
    this.pinsChanged();
  }

  private pinsChanged(): void {
    this.tellOutputs();
    const { levels } = this;
    const changed = levels ^ this.seenLevels;
    this.seenLevels = levels;
    for (let pin = 0; pin < 16; pin++) {
      const mask = 1 << pin;
      if ((changed & mask) === 0) continue;
      const type = (this.pinConfig[pin]! >>> 7) & 7;
      const rose = (levels & mask) !== 0;
      if (
        type === INTERRUPT_TYPE.ANY_EDGE ||
        (type === INTERRUPT_TYPE.RISING && rose) ||
        (type === INTERRUPT_TYPE.FALLING && !rose)
      ) {
        this.status |= mask;
      }
    }
    this.driveIrq();
  }

  private setStatus(status: number): void {
    this.status = status & PINS;
    this.driveIrq();
  }

  /** Level conditions come back at once when their status is cleared. */
  private driveIrq(): void {
    for (let pin = 0; pin < 16; pin++) {
      const type = (this.pinConfig[pin]! >>> 7) & 7;
      const high = ((this.seenLevels >>> pin) & 1) !== 0;
      if ((type === INTERRUPT_TYPE.HIGH && high) || (type === INTERRUPT_TYPE.LOW && !high))
        this.status |= 1 << pin;
    }
    this.wiring.irq(this.status !== 0);
  }

  private tellOutputs(): void {
    const { driven } = this;
    const levels = this.out & driven;
    const changed = (driven ^ this.toldDriven) | (levels ^ this.toldLevels);
    this.toldDriven = driven;
    this.toldLevels = levels;
    for (let pin = 0; changed >>> pin !== 0; pin++) {
      const mask = 1 << pin;
      if ((changed & mask) !== 0) this.wiring.onOutput(pin, (levels & mask) !== 0, (driven & mask) !== 0);
    }
  }
}
