/**
 * The clocks of the chip. Sources: chip.md section 4; PLL values: esp8266/Arduino `cores/esp8266/mmu_iram.cpp`;
 * that the SDK writes 8 back into the PLL before it restarts: behaviour of its `esp_restart`.
 */
import { EmulatorFault } from '../fault';
import type { Clocks, SavedState } from './peripheral';
import { SavedFields } from './saved-fields';

export interface ClockConfig {
  /** 26 MHz on nearly every board; 40 MHz is what the ROM was written for. */
  readonly crystalHz: number;
}

/** PLL register 1 (block 0x67, host 4) as the chip comes up. It fits a 40 MHz crystal. */
export const PLL_DEFAULT = 8;
/** PLL register 1 once software has told the PLL of a 26 MHz crystal. */
const PLL_FOR_26_MHZ = 136;

/**
 * With a 26 MHz crystal everything runs at 52 MHz instead of 80 until software reprograms the PLL; that is where
 * "74880 baud" comes from. Nothing is stored but the two settings; every frequency is computed from them.
 */
export class ClockTree implements Clocks {
  readonly crystalHz: number;
  private pllRegister1 = PLL_DEFAULT;
  private cpuDoubled = false;
  private readonly listeners: (() => void)[] = [];

  /** @throws ESPRIG_EMU_BAD_CONFIG when a cycle of the clocks would not be a whole number of ticks. */
  constructor(config: ClockConfig) {
    if (config.crystalHz !== 26_000_000 && config.crystalHz !== 40_000_000) {
      throw new EmulatorFault(
        'ESPRIG_EMU_BAD_CONFIG',
        `crystal of ${config.crystalHz} Hz; only 26 and 40 MHz exist`,
      );
    }
    this.crystalHz = config.crystalHz;
  }

  get apbHz(): number {
    return this.pllRegister1 === PLL_FOR_26_MHZ ? 80_000_000 : 2 * this.crystalHz;
  }

  get cpuHz(): number {
    return this.cpuDoubled ? 2 * this.apbHz : this.apbHz;
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** What software writes to register 1 of the PLL. */
  setPllRegister1(value: number): void {
    const before = this.cpuHz;
    this.pllRegister1 = value;
    if (this.cpuHz !== before) this.announce();
  }

  /** DPORT+14 bit 0. */
  setCpuDoubled(doubled: boolean): void {
    if (doubled === this.cpuDoubled) return;
    this.cpuDoubled = doubled;
    this.announce();
  }

  save(): SavedState {
    return { version: 1, pllRegister1: this.pllRegister1, cpuDoubled: this.cpuDoubled };
  }

  /**
   * Announces nothing: whoever listens restores itself.
   * @throws ESPRIG_EMU_SNAPSHOT when the state does not fit.
   */
  restore(state: SavedState): void {
    const fields = new SavedFields('clocks', state, 1);
    this.pllRegister1 = fields.number('pllRegister1');
    this.cpuDoubled = fields.boolean('cpuDoubled');
  }

  private announce(): void {
    for (const listener of this.listeners) listener();
  }
}
