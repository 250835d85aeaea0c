import { resolve } from 'node:path';
import { RigError } from '../core/errors';
import { firmwareSetOf, readFirmwareSet, type FirmwareSet } from './firmware-set';
import type { RigDescription } from './rig-schema';
import { baseOf, PROJECT_ROOT } from './select-rigs';

/**
 * The firmware that a rig is to be flashed with: what the caller says, what its file says, or the one built for its
 * layout. Names of files count from the folder that holds the rigs (`baseOf`).
 * @throws RigError ESPRIG_RIG_NO_FIRMWARE
 */
export function firmwareFor(
  rig: RigDescription,
  file: string,
  asked: string | undefined,
  root = PROJECT_ROOT,
): FirmwareSet {
  const set = readFor(rig, file, asked, root);
  if (set.layout === undefined || set.layout === rig.board.layout) return set;
  throw new RigError(
    'ESPRIG_RIG_NO_FIRMWARE',
    `${set.name} is built for layout ${set.layout}, and ${rig.name} has ${rig.board.layout}`,
    { hint: 'Build it for that layout, or change board.layout in the rig file.' },
  );
}

function readFor(rig: RigDescription, file: string, asked: string | undefined, root: string): FirmwareSet {
  if (asked !== undefined) return readFirmwareSet(resolve(asked));
  const { firmware } = rig;
  if (firmware === undefined) return readFirmwareSet(resolve(root, 'build', 'firmware', rig.board.layout));
  if (typeof firmware === 'string') return readFirmwareSet(resolve(baseOf(file), firmware));
  const { flash, slots, app, version } = firmware;
  const described = {
    flash: flash.map(({ offset, file: name }) => ({ flashOffset: offset, file: name })),
    slots,
    ...(app === undefined ? {} : { app }),
    ...(version === undefined ? {} : { version }),
  };
  return firmwareSetOf(described, baseOf(file), file);
}
