import { LinkError } from '../core/errors';
import type { ErrorCode } from '../core/error-codes';

/** What a person at the bench should do, by code. */
const HINTS: Partial<Record<PortErrorCode, string>> = {
  ESPRIG_PORT_MISSING: 'Plug the board in, try another cable (many carry power only), or name another port.',
  ESPRIG_PORT_BUSY: 'Close the program that holds the port (a monitor, an IDE, another test run).',
  ESPRIG_PORT_DENIED: 'Add your user to the group that owns the device (often dialout), then log in again.',
  ESPRIG_PORT_NOT_SERIAL: 'Name a serial device such as /dev/ttyUSB0, or rfc2217://host:port.',
  ESPRIG_PORT_UNPLUGGED:
    'The USB cable or the far end of the network link is gone: check both, then start again.',
  ESPRIG_PORT_STALLED:
    'The adapter does not react: unplug it and plug it in again, or restart the serial server.',
  ESPRIG_PORT_NO_LINES:
    'This link carries no DTR and RTS (a pty has none): reset the board by hand, or use rfc2217://host:port.',
  ESPRIG_PORT_BAUD: 'Choose a rate that the adapter can do; 115200, 230400, 460800 and 921600 usually work.',
  ESPRIG_PORT_REFUSED: 'Start the serial server, or check host and port.',
  ESPRIG_PORT_NEGOTIATION:
    'The other end speaks no RFC 2217 (raw TCP?): turn on telnet(rfc2217) in the server.',
};

export type PortErrorCode = Extract<ErrorCode, `ESPRIG_PORT_${string}`>;

/** A LinkError with the hint that belongs to its code. */
export function portError(code: PortErrorCode, message: string, cause?: unknown, hint?: string): LinkError {
  const text = hint ?? HINTS[code];
  return new LinkError(code, message, {
    ...(text === undefined ? {} : { hint: text }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The driver has texts and no codes; these are the ones it was seen to use on Linux and macOS. */
const DRIVER_TEXTS: readonly (readonly [RegExp, PortErrorCode])[] = [
  [/No such file or directory|No such device|ENOENT|ENXIO|ENODEV/i, 'ESPRIG_PORT_MISSING'],
  [/Cannot lock port|Resource busy|Device or resource busy|EBUSY/i, 'ESPRIG_PORT_BUSY'],
  [/Permission denied|EACCES|EPERM|Operation not permitted/i, 'ESPRIG_PORT_DENIED'],
  [/Inappropriate ioctl for device,? cannot (set|get)/i, 'ESPRIG_PORT_NO_LINES'],
  [/Inappropriate ioctl|Not a typewriter|ENOTTY|Is a directory/i, 'ESPRIG_PORT_NOT_SERIAL'],
  [/baud/i, 'ESPRIG_PORT_BAUD'],
  [/Port is not open|canceled/i, 'ESPRIG_PORT_CLOSED'],
  [/EIO|I\/O error|Input\/output error|disconnect/i, 'ESPRIG_PORT_UNPLUGGED'],
];

/** What a driver said, as one of our errors; ours pass through unchanged. */
export function portErrorFrom(what: string, error: unknown): Error {
  if (isPortError(error)) return error;
  const text = (error as { message?: unknown } | undefined)?.message;
  const said = typeof text === 'string' ? text : String(error);
  const code = DRIVER_TEXTS.find(([pattern]) => pattern.test(said))?.[1] ?? 'ESPRIG_PORT_FAILED';
  return portError(code, `${what}: ${said}`, error);
}

/** By code, not by class: each Jest file has classes of its own. */
export function isPortError(error: unknown): error is LinkError {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && code.startsWith('ESPRIG_');
}
