import { existsSync, readdirSync, statSync } from 'node:fs';
import { SerialPort } from 'serialport';
import { holdersOf } from './held-by';
import { portError, portErrorFrom } from './port-errors';
import { StreamLink } from './stream-link';
import { withinMs } from './within';
import type { SerialLink } from './port';

export interface NodeSerialOptions {
  readonly baud?: number;
  readonly operationTimeoutMs?: number;
}

/** A port that this machine offers. */
export interface ListedPort {
  readonly path: string;
  readonly about: string;
}

const LIST_LIMIT_MS = 2000;

/** A link over the operating system's serial driver. */
export function nodeSerialPort(path: string, options: NodeSerialOptions = {}): SerialLink {
  return new StreamLink({
    path,
    baud: options.baud ?? 115200,
    binding: SerialPort.binding,
    setsLinesAtOnce: true,
    operationTimeoutMs: options.operationTimeoutMs ?? 3000,
    explainOpen,
  });
}

/** The serial ports of this machine, those with a lasting name first. */
export async function listSerialPorts(): Promise<ListedPort[]> {
  const byId = namesIn('/dev/serial/by-id').map((name) => ({ path: `/dev/serial/by-id/${name}`, about: '' }));
  let listed: ListedPort[];
  try {
    // Needs udevadm; without it the driver rejects, and the names in /dev have to do.
    const found = (await withinMs(SerialPort.list(), LIST_LIMIT_MS, () => undefined)) ?? [];
    listed = found
      .filter((port) => port.pnpId !== undefined || port.vendorId !== undefined)
      .map((port) => ({
        path: port.path,
        about: [port.manufacturer, port.serialNumber].filter((part) => part !== undefined).join(' '),
      }));
  } catch {
    listed = namesIn('/dev')
      .filter((name) => /^(ttyUSB|ttyACM|cu\.(usb|wch|SLAB))/.test(name))
      .map((name) => ({ path: `/dev/${name}`, about: '' }));
  }
  return [...byId, ...listed];
}

async function explainOpen(path: string, error: unknown): Promise<Error> {
  const explained = portErrorFrom(`open ${path}`, error);
  const code = (explained as { code?: string }).code;
  if (code === 'ESPRIG_PORT_MISSING') {
    const ports = await listSerialPorts();
    const list =
      ports.length === 0
        ? 'No serial port is present on this machine.'
        : `Ports present: ${ports.map((port) => port.path + (port.about === '' ? '' : ` (${port.about})`)).join(', ')}.`;
    return portError(
      'ESPRIG_PORT_MISSING',
      `open ${path}: there is no such port`,
      error,
      `${list} Plug the board in, try another cable (many carry power only), or name another port.`,
    );
  }
  if (code === 'ESPRIG_PORT_BUSY') {
    const holders = holdersOf(path);
    const who =
      holders.length === 0
        ? 'held by a process this user may not look into, or by this very process'
        : `held by ${holders.map((holder) => `pid ${holder.pid} (${holder.command})`).join(', ')}`;
    return portError('ESPRIG_PORT_BUSY', `open ${path}: the port is busy, ${who}`, error);
  }
  if (code === 'ESPRIG_PORT_FAILED' && existsSync(path) && !statSync(path).isCharacterDevice()) {
    return portError('ESPRIG_PORT_NOT_SERIAL', `open ${path}: not a serial device`, error);
  }
  return explained;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
