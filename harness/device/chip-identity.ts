/**
 * Who the board is: chip, MAC, flash chip, read through the loader's register commands.
 * Sources: espressif/esptool `esptool/targets/esp8266.py` (efuse words, SPI registers); chip.md 6.3, 7.
 */
import { FLASH_CHIPS } from '../chip/flash-chips';
import type { Deadline } from '../core/deadline';
import { ProtocolError, RigError, UsageError } from '../core/errors';
import { hex32 } from '../core/bytes';
import {
  CHIP_MAGIC_ADDR,
  CHIP_MAGIC_ESP8266,
  flashBegin,
  readReg,
  spiSetParams,
  writeReg,
} from '../protocol/rom-loader';
import type { LoaderSession } from './loader-session';

export interface ChipIdentity {
  readonly chip: 'ESP8266EX' | 'ESP8285';
  /** Lower case with colons. */
  readonly mac: string;
  readonly efuse: readonly [number, number, number, number];
  /** 0xCCTTMM as RDID gives it: manufacturer in the low byte. */
  readonly flashId: number;
  readonly flashName: string | undefined;
  readonly flashSizeBytes: number;
}

const EFUSE_ADDRS = [0x3ff00050, 0x3ff00054, 0x3ff00058, 0x3ff0005c] as const;
const SPI_CMD = 0x60000200;
const SPI_USER = 0x6000021c;
const SPI_USER1 = 0x60000220;
const SPI_USER2 = 0x60000224;
const SPI_W0 = 0x60000240;
const SPI_USR = 1 << 18;
const SPI_USR_COMMAND = 0x80000000;
const SPI_USR_MISO = 1 << 28;
const RDID = 0x9f;
/** Reads of SPI_CMD before the controller is given up. */
const MAX_POLLS = 20;
/** A register is read until two answers in a row agree: answers carry no checksum. */
const MAX_READS = 6;

/** @throws ProtocolError when the register reads differently each time, and what `command` throws */
export async function readRegTwice(
  session: LoaderSession,
  addr: number,
  deadline: Deadline,
): Promise<number> {
  let last: number | undefined;
  for (let i = 0; i < MAX_READS; i++) {
    const { value } = await session.command(readReg(addr), deadline);
    if (value === last) return value;
    last = value;
  }
  throw new ProtocolError('ESPRIG_ROM_BAD_REPLY', `register ${hex32(addr)} reads differently each time`, {
    hint: 'The line damages bytes: lower the baud rate, shorten the cable.',
  });
}

/** @throws RigError ESPRIG_RIG_NOT_A_BOARD, ESPRIG_FLASH_UNKNOWN */
export async function identify(session: LoaderSession, deadline: Deadline): Promise<ChipIdentity> {
  const magic = await readRegTwice(session, CHIP_MAGIC_ADDR, deadline);
  if (magic !== CHIP_MAGIC_ESP8266) {
    throw new RigError(
      'ESPRIG_RIG_NOT_A_BOARD',
      `the chip says ${hex32(magic)}, an ESP8266 says ${hex32(CHIP_MAGIC_ESP8266)}`,
      {
        hint: 'esprig flashes ESP8266 and ESP8285 only.',
      },
    );
  }
  const words: number[] = [];
  for (const addr of EFUSE_ADDRS) words.push(await readRegTwice(session, addr, deadline));
  const efuse = words as [number, number, number, number] & number[];
  const flashId = await readFlashId(session, deadline);
  const flashSizeBytes = flashSizeOf(flashId);
  await session.command(spiSetParams(flashSizeBytes), deadline);
  return {
    chip: isEsp8285(efuse) ? 'ESP8285' : 'ESP8266EX',
    mac: macOf(efuse),
    efuse: [efuse[0], efuse[1], efuse[2], efuse[3]],
    flashId,
    flashName: FLASH_CHIPS.find((chip) => chip.jedecId === flashId)?.name,
    flashSizeBytes,
  };
}

/** The station MAC as esptool reads it from the efuse words. */
export function macOf([word0, word1, , word3]: readonly [number, number, number, number]): string {
  const oui = ouiOf(word1, word3);
  const bytes = [...oui, (word1 >>> 8) & 0xff, word1 & 0xff, word0 >>> 24];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

function ouiOf(word1: number, word3: number): readonly [number, number, number] {
  if (word3 !== 0) return [(word3 >>> 16) & 0xff, (word3 >>> 8) & 0xff, word3 & 0xff];
  switch ((word1 >>> 16) & 0xff) {
    case 0:
      return [0x18, 0xfe, 0x34];
    case 1:
      return [0xac, 0xd0, 0x74];
    default:
      throw new RigError(
        'ESPRIG_RIG_NOT_A_BOARD',
        `the efuse names no known maker: words 1 and 3 are ${hex32(word1)}, ${hex32(word3)}`,
        {
          hint: 'The MAC in the chip is damaged or was never burnt; flash without --expect-mac.',
        },
      );
  }
}

function isEsp8285([word0, , word2]: readonly [number, number, number, number]): boolean {
  return (word0 & (1 << 4)) !== 0 || (word2 & (1 << 16)) !== 0;
}

/** `5CCF7F012345`, `5c-cf-…` and `5C:CF:…` alike. @throws UsageError ESPRIG_USAGE */
export function normalizeMac(text: string): string {
  const digits = text.replaceAll(/[:\-.\s]/g, '').toLowerCase();
  if (!/^[0-9a-f]{12}$/.test(digits)) {
    throw new UsageError('ESPRIG_USAGE', `no MAC address: ${text}`, {
      hint: 'Write it as 5c:cf:7f:01:23:45.',
    });
  }
  return digits.replaceAll(/..(?!$)/g, '$&:');
}

/** Size from the capacity byte, the power of two that JEDEC manufacturers use. @throws RigError ESPRIG_FLASH_UNKNOWN */
export function flashSizeOf(flashId: number): number {
  const capacity = (flashId >>> 16) & 0xff;
  if (capacity < 0x12 || capacity > 0x18) {
    throw new RigError(
      'ESPRIG_FLASH_UNKNOWN',
      `the flash chip says ${hex32(flashId)}: no size can be told from that`,
      {
        hint: 'ffffff or 000000 mean that the flash chip does not answer: check its supply and soldering.',
      },
    );
  }
  return 2 ** capacity;
}

async function readFlashId(session: LoaderSession, deadline: Deadline): Promise<number> {
  // The ROM connects the flash pins with this command and no other; the stub has done so when it started.
  if (session.kind === 'rom') {
    await session.command(
      flashBegin({ eraseBytes: 0, blocks: 0, blockBytes: 0x400, flashOffset: 0 }),
      deadline,
    );
  }
  let last: number | undefined;
  for (let i = 0; i < MAX_READS; i++) {
    const id = await readIdOnce(session, deadline);
    if (id === last) return id;
    last = id;
  }
  throw new RigError('ESPRIG_FLASH_UNKNOWN', 'the flash chip gives another identity each time', {
    hint: 'Check the supply: a weak 3.3 V rail shows here first.',
  });
}

/** RDID through the USER registers: one command byte out, 24 bits in. */
async function readIdOnce(session: LoaderSession, deadline: Deadline): Promise<number> {
  const read = async (addr: number): Promise<number> =>
    (await session.command(readReg(addr), deadline)).value;
  const write = async (addr: number, value: number): Promise<void> => {
    await session.command(writeReg({ addr, value: value >>> 0 }), deadline);
  };
  const user = await read(SPI_USER);
  const user2 = await read(SPI_USER2);
  await write(SPI_USER1, (24 - 1) << 8);
  await write(SPI_USER, SPI_USR_COMMAND | SPI_USR_MISO);
  await write(SPI_USER2, (7 << 28) | RDID);
  await write(SPI_W0, 0);
  await write(SPI_CMD, SPI_USR);
  for (let poll = 0; (await read(SPI_CMD)) & SPI_USR; poll++) {
    if (poll >= MAX_POLLS)
      throw new ProtocolError(
        'ESPRIG_FLASH_UNKNOWN',
        'the SPI controller does not finish reading the flash id',
      );
  }
  const id = (await read(SPI_W0)) & 0xffffff;
  await write(SPI_USER, user);
  await write(SPI_USER2, user2);
  return id;
}
