import type { Deadline } from '../core/deadline';
import { blaming, isEsprigError } from '../core/errors';

/**
 * Errors that a damaged or lost byte can cause: worth another try over a fresh connection. Not a link that is gone, not
 * a stop, not a deadline that is used up, and nothing that would come out the same again.
 */
export function isLineTrouble(error: unknown, deadline: Deadline): boolean {
  if (deadline.expired || deadline.cancelled || !isEsprigError(error)) return false;
  switch (error.code) {
    case 'ESPRIG_DEADLINE':
    case 'ESPRIG_ROM_BAD_REPLY':
    case 'ESPRIG_ROM_BAD_CHECKSUM':
    case 'ESPRIG_ROM_STATUS':
    case 'ESPRIG_FLASH_VERIFY':
    case 'ESPRIG_FLASH_UNKNOWN':
      return true;
    default:
      return false;
  }
}

/** While the loader is at work no firmware runs: what goes wrong then is for whoever has the board on the bench. */
export function rigsTrouble(error: unknown): unknown {
  if (!isEsprigError(error) || error.blame !== 'dut') return error;
  return blaming(
    error,
    'rig',
    'Look at cable and supply, lower the flash baud rate: the line may damage bytes.',
  );
}
