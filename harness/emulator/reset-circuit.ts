import type { Board } from './board';

/**
 * The two transistors of a NodeMCU between the USB bridge's DTR and RTS and the chip's EN and GPIO0. A line that the
 * host asserts is low on the wire; with both asserted neither transistor conducts (chip.md 6.3).
 */
export function driveResetCircuit(board: Board, dtr: boolean, rts: boolean): void {
  board.setPin(0, !(dtr && !rts)); // GPIO0 low: the serial loader
  board.setEnable(!(rts && !dtr)); // EN low: reset
}
