/**
 * Every error code of the project with its one-line meaning. Codes are stable: scripts and tests match on them, so a
 * code is never renamed and never given another meaning. A code that is not in this list does not compile.
 *
 * Named by what they are about: `ESPRIG_<subject>_<what>`. The emulator is sealed and carries its own union of
 * `ESPRIG_EMU_*` codes (harness/emulator/fault.ts); a test keeps that union and this list together.
 */
export const ERROR_CODES = {
  // How a command or an interface was used.
  ESPRIG_USAGE: 'A command or a function was called in a way that cannot mean anything.',
  ESPRIG_USAGE_FILE: 'A file that was named is missing or cannot be read or written.',
  ESPRIG_USAGE_OFFSET: 'A flash offset is no number, odd, or not where it has to be.',
  ESPRIG_USAGE_OVERLAP: 'Two of the named files would lie over each other in the flash.',
  ESPRIG_USAGE_TOO_LARGE: 'A file is larger than the place it should go to.',
  ESPRIG_USAGE_NOT_YET: 'A part of esprig that is planned and does not exist yet.',
  ESPRIG_LINE_BORROWED: 'The console was used while someone else had borrowed the line.',
  ESPRIG_LINE_TAKEN: 'The console was used after the line had been handed over for good.',
  ESPRIG_DISPOSED: 'A port, rig or board was used after it had been closed.',

  // Rigs: what stands on the bench.
  ESPRIG_RIG_FILE_INVALID: 'A rig file does not follow the schema.',
  ESPRIG_RIG_NO_FIRMWARE: 'The firmware that a rig is to be flashed with is not there.',
  ESPRIG_RIG_NOT_FOUND: 'No rig file has the name or matches the pattern.',
  ESPRIG_RIG_KIND: 'The command cannot work on a rig of this kind, as one that is only emulated.',
  ESPRIG_RIG_NO_ADDRESS: 'The address of a board is told when it starts, and nobody may start it.',
  ESPRIG_RIG_LEASE_HELD: 'Somebody else holds the lease of the board.',
  ESPRIG_RIG_LEASE_FAILED: 'The lock of a board cannot be used.',
  ESPRIG_RIG_WRONG_BOARD: 'Another board is attached than the rig file names.',
  ESPRIG_RIG_NOT_A_BOARD: 'What answers is no ESP8266.',
  ESPRIG_RIG_POWER_FAILED: 'The command that switches the power did not work.',
  ESPRIG_RIG_NETWORK_FAILED: 'The board cannot be reached over the network although it runs.',
  ESPRIG_RIG_CANNOT: 'A case asks for something that this rig cannot do.',
  ESPRIG_RIG_BROKEN: 'The rig failed earlier and has not been leased anew; the cause is that first failure.',
  ESPRIG_TOOL_MISSING: 'A program from outside (a compiler, QEMU, uhubctl) is not installed.',
  ESPRIG_TOOL_FAILED: 'A program from outside ended with an error.',

  // Links: the wire or the socket to a board.
  ESPRIG_PORT_MISSING: 'The serial port does not exist.',
  ESPRIG_PORT_BUSY: 'Another program holds the serial port.',
  ESPRIG_PORT_DENIED: 'This user may not open the serial port.',
  ESPRIG_PORT_NOT_SERIAL: 'What was named is no serial port.',
  ESPRIG_PORT_CLOSED: 'The port was closed while it was in use.',
  ESPRIG_PORT_UNPLUGGED: 'The serial adapter or the far end of the link went away.',
  ESPRIG_PORT_STALLED: 'The serial adapter or server takes no more bytes or does not answer.',
  ESPRIG_PORT_NO_LINES: 'The link carries no DTR and RTS.',
  ESPRIG_PORT_BAUD: 'The baud rate cannot be set.',
  ESPRIG_PORT_REFUSED: 'The serial server refused the connection.',
  ESPRIG_PORT_NEGOTIATION: 'The serial server does not speak RFC 2217.',
  ESPRIG_PORT_REOPENED: 'The port was opened a second time.',
  ESPRIG_PORT_FAILED: 'The serial driver reported something else.',
  ESPRIG_LINK_REFUSED: 'Nobody listens at the network address.',
  ESPRIG_LINK_CLOSED: 'The network connection ended before its work was done.',
  ESPRIG_LINK_FAILED: 'The network connection failed in another way.',

  // The boot ROM's serial loader and the flash behind it.
  ESPRIG_ROM_NO_SYNC: 'The boot ROM does not answer.',
  ESPRIG_ROM_STATUS: 'The boot ROM or the stub refused a command.',
  ESPRIG_ROM_BAD_CHECKSUM: 'The boot ROM received a block with a wrong checksum.',
  ESPRIG_ROM_BAD_REPLY: 'The boot ROM answered something that does not fit the question.',
  ESPRIG_FLASH_UNKNOWN: 'The flash chip has no known identity.',
  ESPRIG_FLASH_VERIFY: 'What was read back from the flash is not what was written.',

  // Codecs: bytes that are not what they should be.
  ESPRIG_SLIP_BAD_FRAME: 'A SLIP frame is broken or too long.',
  ESPRIG_TELNET_BAD_COMMAND: 'A telnet or RFC 2217 command is broken or too long.',
  ESPRIG_IMAGE_BAD: 'A firmware image is malformed.',
  ESPRIG_PARTITIONS_BAD: 'A partition table is malformed.',
  ESPRIG_OTADATA_BAD: 'The record of which slot boots is malformed.',
  ESPRIG_NVS_BAD: 'A non-volatile storage partition is malformed.',
  ESPRIG_SSE_BAD: 'A stream of Server-Sent Events is malformed.',
  ESPRIG_HTTP_BAD: 'An HTTP answer is malformed.',
  ESPRIG_LOG_BAD: 'A boot log or a panic dump is malformed.',
  ESPRIG_ELF_BAD: 'An ELF file is malformed or for another machine.',
  ESPRIG_SDK_TEXT: 'A file of the SDK holds text that the SDK patches do not know.',

  // Waits.
  ESPRIG_DEADLINE: 'What was awaited did not happen in time.',
  ESPRIG_CANCELLED: 'Whoever had asked for the work does not want it any more.',

  // What the device under test did.
  ESPRIG_DUT_CRASH: 'The firmware crashed.',
  ESPRIG_DUT_RESET: 'The board reset when nobody had asked it to.',
  ESPRIG_DUT_WATCHDOG: 'A watchdog reset the board.',
  ESPRIG_DUT_BOOT_FAILED: 'The board did not start its application.',
  ESPRIG_DUT_CONTRACT: 'The device answered something that its contract does not allow.',

  // The harness itself.
  ESPRIG_INTERNAL: 'A mistake inside esprig.',
  ESPRIG_BOARD_GONE: 'The emulated board has been closed, or its thread has died.',
  ESPRIG_EMU_UNMAPPED: 'Emulator: access to an address where nothing is.',
  ESPRIG_EMU_CACHE_OFF: 'Emulator: access to mapped flash while the cache was off.',
  ESPRIG_EMU_UNKNOWN_ROM_CALL: 'Emulator: call of a ROM address that no function stands at.',
  ESPRIG_EMU_DOUBLE_EXCEPTION: 'Emulator: an exception inside an exception handler.',
  ESPRIG_EMU_UNIMPLEMENTED: 'Emulator: a feature of the chip that is not modelled.',
  ESPRIG_EMU_SNAPSHOT: 'Emulator: a snapshot of another version or another board.',
  ESPRIG_EMU_BAD_CONFIG: 'Emulator: a board that cannot be built as described.',
} as const satisfies Readonly<Record<`ESPRIG_${string}`, string>>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Tells whether a text is one of the project's codes. */
export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === 'string' && Object.hasOwn(ERROR_CODES, text);
}
