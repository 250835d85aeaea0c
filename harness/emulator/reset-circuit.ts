/** The two pins that the circuit drives. */
export interface ResetPins {
  setEnable(high: boolean, settleMicros?: number): void;
  setPin(pin: number, level: boolean): void;
}

/**
 * How long EN may take to rise while both lines are asserted. Nobody means that state to last: it is the way from reset
 * to GPIO0 low for a host that changes one line after the other. A client of a serial server waits for an answer in
 * between (pyserial looks every 50 ms), so this must be longer than its pause and not matter to anybody else.
 */
const TRANSIT_MICROS = 250_000;

/**
 * The two transistors of a NodeMCU between the USB bridge's DTR and RTS and the chip's EN and GPIO0. A line that the
 * host asserts is low on the wire; with both asserted neither transistor conducts (chip.md 6.3).
 */
export function driveResetCircuit(board: ResetPins, dtr: boolean, rts: boolean): void {
  if (dtr && rts) {
    board.setPin(0, true);
    board.setEnable(true, TRANSIT_MICROS);
    return;
  }
  board.setPin(0, !dtr || rts); // GPIO0 low: the serial loader
  board.setEnable(dtr || !rts); // EN low: reset
}
