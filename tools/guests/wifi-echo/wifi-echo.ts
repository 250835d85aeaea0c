import { join } from 'node:path';
import { buildImage } from '../../../harness/emulator/testkit/image-builder';
import type { Elf } from '../../torture/elf';
import { build } from '../../torture/toolchain';

const TORTURE = join(__dirname, '../../torture/programs');

/** Compiles the access point on bare registers. */
export function wifiEcho(): Elf {
  return build({
    sources: [join(TORTURE, 'start.S'), join(TORTURE, 'support.c'), join(__dirname, 'wifi-echo.c')],
    headers: [join(TORTURE, 'torture.h')],
    linkerScript: join(TORTURE, 'program.ld'),
    optimization: '-O2',
    functions: 'rom',
  });
}

/** As an image that the boot ROM loads from flash offset 0. */
export function wifiEchoImage(program: Elf): Uint8Array {
  const segments = program.segments.map(({ addr, bytes }) => {
    const whole = new Uint8Array((bytes.length + 3) & ~3);
    whole.set(bytes);
    return { loadAddr: addr, data: whole };
  });
  return buildImage(segments, { entryAddr: program.entryAddr });
}
