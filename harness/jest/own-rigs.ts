/** The rigs of harness/rig, as the runner wants them. */
import { capabilitiesOf } from '../rig/make-plan';
import { openRig } from '../rig/open-rig';
import { findRig } from '../rig/select-rigs';
import type { RigProvider } from './rig-provider';

export const ownRigs: RigProvider = {
  describe: (name) => {
    const rig = findRig(name);
    const { name: ownName, kind } = rig.description;
    return { name: ownName, kind, capabilities: capabilitiesOf(rig) };
  },
  open: (name, options) => openRig(findRig(name), options),
};
