import { sep } from 'node:path';

export const RIG_FILE_ENDING = '.yaml';

/** Whether this names a rig by the path of its file, and not by its name. */
export function isRigPath(text: string): boolean {
  return text.endsWith(RIG_FILE_ENDING) || text.includes('/') || text.includes(sep);
}
