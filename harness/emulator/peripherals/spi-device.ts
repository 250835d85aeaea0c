/**
 * Something on an SPI bus behind one chip select. One call is one select cycle, seen from the wire: first the bits the
 * controller drives (opcode, address, dummy clocks and data alike: a chip cannot tell the controller's phases apart),
 * then the bytes it clocks in.
 */
export interface SpiDevice {
  /**
   * @param tx what the controller drives, most significant bit of byte 0 first; dummy clocks arrive as ones
   * @param txBits how many bits of it; a chip drops a trailing part of a byte
   * @param rx filled with `rxBytes` bytes; a device that does not drive the line leaves them all-ones
   * @param startTicks when chip select fell
   * @param endTicks when it rose: what the cycle sets off begins here
   */
  transfer(
    tx: Uint8Array,
    txBits: number,
    rx: Uint8Array,
    rxBytes: number,
    startTicks: number,
    endTicks: number,
  ): void;
  /** Whether reads by the cache would deliver the content now; `quad`: over four data lines. */
  isFetchable(quad: boolean): boolean;
}
