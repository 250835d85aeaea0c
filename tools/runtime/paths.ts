import { join } from 'node:path';

/** Where things are in the checkout. */
export const ROOT = join(__dirname, '../..');
export const FIRMWARE = join(ROOT, 'firmware');
export const RUNTIME = join(FIRMWARE, 'open-runtime');
export const LAYOUTS = join(FIRMWARE, 'app/layouts');
export const BUILD = join(ROOT, 'build');
/** Objects and generated headers. */
export const WORK = join(BUILD, 'runtime');
/** What a build leaves for the harness: one folder a layout. */
export const OUTPUT = join(BUILD, 'firmware');
export const LWIP = join(BUILD, 'third-party/lwip-2.1.3');
