/** Stable codes of everything the emulator refuses to guess about. */
export type FaultCode =
  | 'ESPRIG_EMU_UNMAPPED'
  | 'ESPRIG_EMU_CACHE_OFF'
  | 'ESPRIG_EMU_UNKNOWN_ROM_CALL'
  | 'ESPRIG_EMU_DOUBLE_EXCEPTION'
  | 'ESPRIG_EMU_UNIMPLEMENTED'
  | 'ESPRIG_EMU_SNAPSHOT'
  | 'ESPRIG_EMU_BAD_CONFIG';

export interface FaultPlace {
  /** Program counter of the guest instruction that caused it, when there was one. */
  readonly pc?: number;
  /** Data or fetch address, when there was one. */
  readonly addr?: number;
}

/** `0x` and eight hexadecimal digits, the way addresses stand in every message. */
export function hex32(value: number): string {
  return '0x' + (value >>> 0).toString(16).padStart(8, '0');
}

/**
 * The emulator met something that it will not guess about: an unmapped access, an unknown ROM address, a peripheral
 * feature that does not exist. Never a mistake of the emulator's user alone, never a silent zero.
 */
export class EmulatorFault extends Error {
  readonly code: FaultCode;
  readonly pc: number | undefined;
  readonly addr: number | undefined;

  constructor(code: FaultCode, message: string, place: FaultPlace = {}) {
    const where = [
      place.pc === undefined ? '' : ` at pc ${hex32(place.pc)}`,
      place.addr === undefined ? '' : `, address ${hex32(place.addr)}`,
    ].join('');
    super(message + where);
    this.name = 'EmulatorFault';
    this.code = code;
    this.pc = place.pc;
    this.addr = place.addr;
  }
}
