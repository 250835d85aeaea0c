/** The rigs of harness/rig, as the runner wants them. */
import { findRig } from '../rig/select-rigs';
import { capabilitiesOf, openRig } from '../rig/open-rig';
import type { RigProvider } from './rig-provider';

export const ownRigs: RigProvider = {
  describe: (name) => {
    const rig = findRig(name);
    const { name: ownName, kind } = rig.description;
    return { name: ownName, kind, capabilities: capabilitiesOf(rig) };
  },
  open: (name, options) => openRig(findRig(name), options),
};
