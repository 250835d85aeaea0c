import { FLASH_SECTOR_BYTES } from '../chip/flash-chips';
import type { Deadline } from '../core/deadline';
import { ProtocolError } from '../core/errors';
import {
  eraseRegion,
  flashBegin,
  ROM_BLOCK_BYTES,
  romErasedSectors,
  romEraseSize,
} from '../protocol/rom-loader';
import type { LoaderSession } from './loader-session';
import { eraseSectorByRegisters } from './spi-registers';

/** Erases whole sectors, neither more nor less. */
export async function eraseSectors(
  session: LoaderSession,
  offset: number,
  sizeBytes: number,
  deadline: Deadline,
): Promise<void> {
  if (session.kind === 'stub') {
    const limitMs = session.limitFor(session.limits.eraseMsPerMiB, sizeBytes);
    await session.command(eraseRegion(offset, sizeBytes), deadline, limitMs);
  } else {
    await beginWithRom(session, offset, sizeBytes, 0, deadline);
  }
}

/**
 * FLASH_BEGIN of the boot ROM that erases exactly the sectors of a region. The ROM erases too much (chip.md 6.2); for
 * most sizes a smaller number makes up for it, for some odd ones it would still take the sector behind. Then the last
 * sector is erased by hand, through the flash controller's registers, and the ROM is asked for one less.
 */
export async function beginWithRom(
  session: LoaderSession,
  offset: number,
  sizeBytes: number,
  blocks: number,
  deadline: Deadline,
): Promise<void> {
  const sectors = Math.ceil(sizeBytes / FLASH_SECTOR_BYTES);
  let eraseBytes = romEraseSize(offset, sizeBytes);
  if (romErasedSectors(offset, eraseBytes).count !== sectors) {
    eraseBytes = romEraseSize(offset, (sectors - 1) * FLASH_SECTOR_BYTES);
    if (romErasedSectors(offset, eraseBytes).count !== sectors - 1) {
      throw new ProtocolError('ESPRIG_INTERNAL', `no way found to erase ${sectors} sectors with the ROM`, {
        blame: 'harness',
      });
    }
    // FLASH_BEGIN connects the flash pins; a first one that erases nothing makes sure that they are.
    await session.command(
      flashBegin({ eraseBytes: 0, blocks: 0, blockBytes: ROM_BLOCK_BYTES, flashOffset: offset }),
      deadline,
    );
    await eraseSectorByRegisters(session, offset + (sectors - 1) * FLASH_SECTOR_BYTES, deadline);
  }
  await session.command(
    flashBegin({ eraseBytes, blocks, blockBytes: ROM_BLOCK_BYTES, flashOffset: offset }),
    deadline,
    session.limitFor(session.limits.eraseMsPerMiB, sizeBytes),
  );
}
