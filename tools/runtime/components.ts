import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { STRICT_FLAGS, type Unit } from './compile';
import { FIRMWARE, LWIP, RUNTIME } from './paths';

/** What firmware is made of. Sources are whatever lies in the folders, so that nobody has to keep a list. */
export interface Component {
  readonly name: string;
  /** Folders whose .c and .S files are compiled. */
  readonly sources: readonly string[];
  /** Folders of headers of its own; every component also sees the runtime's and lwIP's. */
  readonly includes: readonly string[];
  readonly flags: readonly string[];
  /** Files of those folders that are compiled, when not all are. */
  readonly only?: RegExp;
  /** Files of those folders that are not compiled. */
  readonly except?: RegExp;
}

const SMALL = '-Os';
const FAST = '-O2';

/** A folder of the open runtime. */
export function ours(name: string, speed = SMALL): Component {
  const folder = join(RUNTIME, name);
  return { name, sources: [folder], includes: [folder], flags: [speed, ...STRICT_FLAGS] };
}

const SSE_OTA = join(FIRMWARE, 'components/sse_ota');
const APP = join(FIRMWARE, 'app/main');

export const BOOTLOADER: Component = ours('boot', SMALL);

/** The parts of the open runtime, without an app. */
export const RUNTIME_PARTS: readonly Component[] = [
  ours('kernel', FAST),
  ours('libc', SMALL),
  ours('log', SMALL),
  ours('system', SMALL),
  ours('wifi', FAST),
  ours('net', FAST),
];

const LWIP_PART: Component = {
  name: 'lwip',
  sources: ['core', 'core/ipv4', 'api', 'netif'].map((folder) => join(LWIP, 'src', folder)),
  includes: [],
  // Not ours to mend.
  flags: [FAST, '-w'],
  except: /^(slip\w*|bridgeif\w*|lowpan6\w*|zepif)\.c$/,
};

export const APP_PARTS: readonly Component[] = [
  { name: 'app', sources: [APP], includes: [APP, join(SSE_OTA, 'include')], flags: [SMALL, ...STRICT_FLAGS] },
  {
    name: 'sse_ota',
    sources: [join(SSE_OTA, 'src'), join(SSE_OTA, 'port/esp8266')],
    includes: ['include', 'src', 'port/esp8266'].map((folder) => join(SSE_OTA, folder)),
    flags: [SMALL, ...STRICT_FLAGS],
  },
];

/** All that the app is made of. */
export const ALL_PARTS: readonly Component[] = [...APP_PARTS, ...RUNTIME_PARTS, LWIP_PART];

/** Headers everybody sees. */
const COMMON_INCLUDES = [join(RUNTIME, 'include'), join(LWIP, 'src/include')];

/** A changed copy of a source file in place of the one in the tree, or the path itself. */
export type Overlay = (path: string) => string;

/** The files to compile. `common` comes last on each command line. */
export function unitsOf(
  component: Component,
  settings: string,
  common: readonly string[],
  overlay: Overlay = (path) => path,
): readonly Unit[] {
  return component.sources
    .flatMap((folder) => filesOf(folder, component))
    .map((path) => ({
      component: component.name,
      source: overlay(path),
      includes: [...component.includes.map(overlay), settings, ...COMMON_INCLUDES],
      flags: [...component.flags, ...common],
    }));
}

function filesOf(folder: string, { only, except }: Component): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /\.[cS]$/.test(name) && only?.test(name) !== false && except?.test(name) !== true)
    .sort()
    .map((name) => join(folder, name));
}
