import { EmulatorFault } from '../fault';

/**
 * The fault of an access to a register that no source knows in this block: strict by default, so that a missing
 * register is found by its name and not by a silent zero.
 */
export function unknownRegister(block: string, offset: number): EmulatorFault {
  return new EmulatorFault(
    'ESPRIG_EMU_UNMAPPED',
    `${block} has no register at +0x${offset.toString(16).padStart(2, '0')}`,
  );
}
