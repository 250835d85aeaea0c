/**
 * Thrown by the load and store functions of a RomGuest once they have entered the exception that the access causes:
 * the body unwinds, and whoever ran it takes the outcome for 'jumped' (see runRomCall). A guest allocates one and throws
 * it again and again. A body never catches it, so it changes argument registers only when nothing can trap any more.
 */
export class RomTrap extends Error {
  constructor() {
    super('an access of a boot ROM function raised a guest exception');
    this.name = 'RomTrap';
  }
}

/**
 * What a boot-ROM function written in the emulator's language sees of the guest. Registers hold the call0 ABI's
 * arguments in a2…a7; the result goes to a2 (64-bit: a2 low, a3 high).
 */
export interface RomGuest {
  /** a0…a15, signed. */
  readonly ar: Int32Array;
  /**
   * Data accesses with all of the bus's rules; a byte access to flash is allowed once the app handles such traps.
   * @throws RomTrap after raising the exception the access causes; EmulatorFault where the bus itself would.
   */
  load8(addr: number): number;
  load16(addr: number): number;
  load32(addr: number): number;
  store8(addr: number, value: number): void;
  store16(addr: number, value: number): void;
  store32(addr: number, value: number): void;
  /**
   * A live view of guest memory when [addr, addr + length) lies wholly inside one memory (RAM, ROM, mapped flash),
   * else undefined: then go byte by byte. `forWriting` refuses read-only memories and keeps predecoded code coherent.
   */
  view(addr: number, length: number, forWriting: boolean): Uint8Array | undefined;
  /** Time this call takes beyond the table's fixed cost. */
  chargeCycles(cycles: number): void;
  /** Lets up to `cycles` pass, but no more than until the next thing happens: what a busy wait would do. */
  passCycles(cycles: number): void;
  /** Enters the exception with EPC1 at this function's address, as silicon would on a fault inside the ROM. */
  raise(cause: number, excvaddr?: number): void;
}

/**
 * - nothing: return to a0.
 * - `again`: stay on this address; interrupts are taken first, then the call is made anew with the same registers.
 *   So a function that waits keeps no state between two calls.
 * - `jumped`: the function set the PC or raised an exception itself.
 */
export type RomOutcome = 'again' | 'jumped' | undefined;

/** One row of the ROM table. */
export interface RomCall {
  readonly addr: number;
  readonly name: string;
  /** Fixed cost in CPU cycles; work that depends on a length is charged by the body. */
  readonly cycles: number;
  readonly run: (guest: RomGuest) => RomOutcome;
}

/** Runs a body; a trap inside it counts as 'jumped'. */
export function runRomCall(call: RomCall, guest: RomGuest): RomOutcome {
  try {
    return call.run(guest);
  } catch (error) {
    if (error instanceof RomTrap) return 'jumped';
    throw error;
  }
}
