import type { Probe } from './device';
import { REQUEST_PROBES } from './requests';
import { STREAM_PROBES } from './streams';
import { UPLOAD_PROBES } from './uploads';

/**
 * What the contract asks for, as functions of a device's address and a way to read its slots: for the server on a host, an
 * emulated board, a real one.
 */
export const PROBES: readonly Probe[] = [...REQUEST_PROBES, ...UPLOAD_PROBES, ...STREAM_PROBES];

/** @throws Error when there is no probe of that name */
export function probeNamed(name: string): Probe {
  const probe = PROBES.find((each) => each.name === name);
  if (probe === undefined) {
    throw new Error(`no probe "${name}"; there are: ${PROBES.map((each) => each.name).join(', ')}`);
  }
  return probe;
}
