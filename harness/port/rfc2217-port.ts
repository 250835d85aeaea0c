import { parseRfc2217Url, rfc2217Binding } from './rfc2217-binding';
import { portError } from './port-errors';
import { StreamLink } from './stream-link';
import type { SerialLink } from './port';

export interface Rfc2217PortOptions {
  readonly baud?: number;
  readonly commandTimeoutMs?: number;
  readonly operationTimeoutMs?: number;
}

/**
 * A link over an RFC 2217 server: ser2net, a serial server of the rack, or an emulated board.
 * @throws LinkError ESPRIG_PORT_NOT_SERIAL when the address is not `rfc2217://host:port`
 */
export function rfc2217Port(path: string, options: Rfc2217PortOptions = {}): SerialLink {
  if (parseRfc2217Url(path) === undefined) {
    throw portError('ESPRIG_PORT_NOT_SERIAL', `not an RFC 2217 address: ${path}`);
  }
  const commandTimeoutMs = options.commandTimeoutMs ?? 2000;
  return new StreamLink({
    path,
    baud: options.baud ?? 115200,
    binding: rfc2217Binding({ commandTimeoutMs }),
    setsLinesAtOnce: false,
    // Above the limit of one command, so that the more telling error wins; opening takes several.
    operationTimeoutMs: options.operationTimeoutMs ?? commandTimeoutMs * 3 + 5000,
  });
}
