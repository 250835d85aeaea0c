import { FLASH_SECTOR_BYTES } from '../chip/flash-chips';
import type { Deadline } from '../core/deadline';
import { ProtocolError } from '../core/errors';
import {
  eraseRegion,
  flashBegin,
  readReg,
  ROM_BLOCK_BYTES,
  romErasedSectors,
  romEraseSize,
  writeReg,
} from '../protocol/rom-loader';
import type { LoaderSession } from './loader-session';

/** SPI0 registers (ESP8266_RTOS_SDK `esp8266/spi_register.h`; chip.md 7). */
const SPI_CMD = 0x60000200;
const SPI_ADDR = 0x60000204;
const SPI_RD_STATUS = 0x60000210;
const SPI_FLASH_WREN = 1 << 30;
const SPI_FLASH_RDSR = 1 << 27;
const SPI_FLASH_SE = 1 << 24;
/** Write in progress, in the flash chip's status. */
const WIP = 1;
/** Status reads before a sector is given up: each takes a round trip, so this is more than the 400 ms of a worn chip. */
const MAX_POLLS = 2000;

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
    await eraseSectorByHand(session, offset + (sectors - 1) * FLASH_SECTOR_BYTES, deadline);
  }
  await session.command(
    flashBegin({ eraseBytes, blocks, blockBytes: ROM_BLOCK_BYTES, flashOffset: offset }),
    deadline,
    session.limitFor(session.limits.eraseMsPerMiB, sizeBytes),
  );
}

async function eraseSectorByHand(session: LoaderSession, offset: number, deadline: Deadline): Promise<void> {
  const write = async (addr: number, value: number): Promise<void> => {
    await session.command(writeReg({ addr, value }), deadline);
  };
  await write(SPI_CMD, SPI_FLASH_WREN);
  await write(SPI_ADDR, offset);
  await write(SPI_CMD, SPI_FLASH_SE);
  for (let poll = 0; poll < MAX_POLLS; poll++) {
    await write(SPI_CMD, SPI_FLASH_RDSR);
    const { value } = await session.command(readReg(SPI_RD_STATUS), deadline);
    if ((value & WIP) === 0) return;
  }
  throw new ProtocolError(
    'ESPRIG_ROM_STATUS',
    `the flash chip does not finish erasing the sector at 0x${offset.toString(16)}`,
    {
      hint: 'Check the 3.3 V supply; a worn-out flash chip shows like this too.',
    },
  );
}
