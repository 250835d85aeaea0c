import { join } from 'node:path';
import { STRICT_FLAGS } from '../compile';
import { ours, type Component } from '../components';

/** A program without a kernel: entry, descriptor, and one line on the console. For tests of bootloader and images. */
export const BOOT_ONLY: readonly Component[] = [
  { ...ours('system'), only: /^app_(start|desc)\.c$/ },
  {
    name: 'boot-only',
    sources: [join(__dirname, 'boot-only')],
    includes: [],
    flags: ['-Os', ...STRICT_FLAGS],
  },
];
