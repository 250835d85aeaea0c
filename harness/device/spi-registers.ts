/**
 * The flash chip through the SPI controller's registers, with nothing but READ_REG and WRITE_REG: slow, and the only way
 * to look at the flash or to erase a single sector with the boot ROM alone.
 * Source: ESP8266_RTOS_SDK `esp8266/spi_register.h`; chip.md 7.
 */
import type { Deadline } from '../core/deadline';
import { ProtocolError } from '../core/errors';
import { readReg, writeReg } from '../protocol/rom-loader';
import type { LoaderSession } from './loader-session';

const SPI_CMD = 0x60000200;
/** Bits 0 to 23 the address; 24 to 31 the byte count of a READ. */
const SPI_ADDR = 0x60000204;
const SPI_RD_STATUS = 0x60000210;
const SPI_W0 = 0x60000240;
const SPI_FLASH_READ = 0x80000000;
const SPI_FLASH_WREN = 1 << 30;
const SPI_FLASH_RDSR = 1 << 27;
const SPI_FLASH_SE = 1 << 24;
/** Write in progress, in the flash chip's status. */
const WIP = 1;
/** Status reads before a sector is given up: each takes a round trip, so this is more than the 400 ms of a worn chip. */
const MAX_ERASE_POLLS = 2000;
const MAX_READ_POLLS = 20;

async function write(session: LoaderSession, addr: number, value: number, deadline: Deadline): Promise<void> {
  await session.command(writeReg({ addr, value }), deadline);
}

async function read(session: LoaderSession, addr: number, deadline: Deadline): Promise<number> {
  return (await session.command(readReg(addr), deadline)).value;
}

/** Erases one sector. The flash pins must be connected. */
export async function eraseSectorByRegisters(
  session: LoaderSession,
  offset: number,
  deadline: Deadline,
): Promise<void> {
  await write(session, SPI_CMD, SPI_FLASH_WREN, deadline);
  await write(session, SPI_ADDR, offset, deadline);
  await write(session, SPI_CMD, SPI_FLASH_SE, deadline);
  for (let poll = 0; poll < MAX_ERASE_POLLS; poll++) {
    await write(session, SPI_CMD, SPI_FLASH_RDSR, deadline);
    if (((await read(session, SPI_RD_STATUS, deadline)) & WIP) === 0) return;
  }
  throw new ProtocolError(
    'ESPRIG_ROM_STATUS',
    `the flash chip does not finish erasing the sector at 0x${offset.toString(16)}`,
    {
      hint: 'Check the 3.3 V supply; a worn-out flash chip shows like this too.',
    },
  );
}

/** Reads a few words, at most eight, from an offset that is a multiple of four. */
export async function readWordsByRegisters(
  session: LoaderSession,
  offset: number,
  words: number,
  deadline: Deadline,
): Promise<Uint8Array> {
  await write(session, SPI_ADDR, ((words * 4) << 24) | offset, deadline);
  await write(session, SPI_CMD, SPI_FLASH_READ, deadline);
  for (let poll = 0; (await read(session, SPI_CMD, deadline)) !== 0; poll++) {
    if (poll >= MAX_READ_POLLS) {
      throw new ProtocolError('ESPRIG_ROM_STATUS', 'the SPI controller does not finish reading the flash');
    }
  }
  const bytes = new Uint8Array(words * 4);
  const view = new DataView(bytes.buffer);
  for (let word = 0; word < words; word++) {
    view.setUint32(word * 4, await read(session, SPI_W0 + word * 4, deadline), true);
  }
  return bytes;
}
