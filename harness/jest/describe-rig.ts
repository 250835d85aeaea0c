import { createHash } from 'node:crypto';
import type { FirmwareRecord, RigRecord } from '../report/run-record';
import type { FirmwareSet, RunningRig } from '../rig/running-rig';

/** An open rig as the report names it. */
export function describeRig(rig: RunningRig): RigRecord {
  return {
    name: rig.name,
    kind: rig.kind,
    capabilities: [...rig.capabilities],
    layout: rig.layout.name,
    mac: rig.mac,
    baseUrl: rig.baseUrl,
    firmware: describeFirmware(rig.firmware),
  };
}

/** The hashes tell whether two runs had the same firmware; what it calls itself does not. */
function describeFirmware(firmware: FirmwareSet): FirmwareRecord {
  const { app, version, runtime, slotLabels } = firmware;
  return {
    ...{ app, version, runtime },
    images: slotLabels.map((slot) => {
      const image = firmware.imageFor(slot);
      return {
        slot,
        sizeBytes: image.length,
        sha256: createHash('sha256').update(image).digest('hex'),
      };
    }),
  };
}
