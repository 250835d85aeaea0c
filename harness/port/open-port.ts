import { nodeSerialPort } from './node-serial-port';
import { portError } from './port-errors';
import { rfc2217Port } from './rfc2217-port';
import type { SerialLink } from './port';

/**
 * A link, not open yet, to what a person or a rig file names: a device path or `rfc2217://host:port`.
 * @throws LinkError ESPRIG_PORT_NOT_SERIAL for another kind of address
 */
export function linkTo(path: string, options: { readonly baud?: number } = {}): SerialLink {
  if (path.startsWith('rfc2217://')) return rfc2217Port(path, options);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(path);
  if (scheme !== null) {
    throw portError('ESPRIG_PORT_NOT_SERIAL', `no such kind of port: ${scheme[1]}:// in ${path}`);
  }
  return nodeSerialPort(path, options);
}

/** Opens what `linkTo` names. */
export async function openPort(path: string, options: { readonly baud?: number } = {}): Promise<SerialLink> {
  const link = linkTo(path, options);
  await link.open();
  return link;
}
