import { TICKS_PER_MICRO } from '../time';

/**
 * Period of the chip's slow RC oscillator: 5.75 µs (173.9 kHz). It follows from the plausible calibration result
 * 0x80009580 of chip.md 3.4 at 26 MHz; GPIO+70 and the RTC counter both use it, so that calibrated sleeps come out
 * right.
 */
export const RTC_PERIOD_TICKS = 5.75 * TICKS_PER_MICRO;
