import { UsageError } from '../core/errors';
import type { RigPlan } from './rig-plan';
import type { RunningRig } from './running-rig';

export function openPhysicalRig(plan: RigPlan): Promise<RunningRig> {
  return Promise.reject(new UsageError('ESPRIG_USAGE_NOT_YET', `${plan.name}: serial rigs are being built`));
}
