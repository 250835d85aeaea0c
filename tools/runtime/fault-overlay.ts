import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { faultedFiles, copyWithFault, readFault } from '../firmware/faults';
import type { Overlay } from './components';
import { FIRMWARE, WORK } from './paths';
import { writeWhole } from './tool';

/**
 * Makes the files that a fault changes, and says for each path of the firmware where it is to be read instead. Sources find
 * headers beside them, so a fault in a header takes a copy of everything.
 * @throws Error when the fault does not exist or does not fit the source any more
 */
export function faultOverlay(name: string): Overlay {
  const fault = readFault(name);
  const folder = join(WORK, 'faults', name);
  const changed = faultedFiles(fault);
  if ([...changed.keys()].some((path) => path.endsWith('.h'))) copyWithFault(fault, folder);
  else for (const [path, text] of changed) writeWhole(join(folder, path), text);
  return (path) => {
    const copy = join(folder, relative(FIRMWARE, path));
    const inside = relative(FIRMWARE, path);
    const isCopied = changed.has(inside) || [...changed.keys()].some((each) => each.endsWith('.h'));
    return isCopied && !inside.startsWith('..') && existsSync(copy) ? copy : path;
  };
}
