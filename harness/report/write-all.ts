import { writeSync } from 'node:fs';

/** All of it, though the system may take a part at a time. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written);
}
