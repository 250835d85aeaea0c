import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FIRMWARE } from './paths';

/** What the image's descriptor says of the app. */
export interface AppInfo {
  readonly name: string;
  readonly version: string;
}

/** Stands where the SDK's version would, in descriptor and boot log: that is how the two kinds of image are told apart. */
export const RUNTIME_VERSION = 'v3.4-esprig-open';

/** Name and version where the SDK's build takes them from: the CMake project and version.txt. @throws Error without a name */
export function appInfo(folder = join(FIRMWARE, 'app')): AppInfo {
  const name = /^project\((\S+?)\)/m.exec(readFileSync(join(folder, 'CMakeLists.txt'), 'utf8'))?.[1];
  if (name === undefined) throw new Error('firmware/app/CMakeLists.txt names no project');
  const file = join(folder, 'version.txt');
  // Without the file the SDK asks git; here everybody gets the same.
  return { name, version: existsSync(file) ? readFileSync(file, 'utf8').trim() : '1.0.0' };
}
