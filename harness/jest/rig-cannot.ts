import { UsageError } from '../core/errors';
import type { Capability } from '../rig/running-rig';

/** A case asks for what its file has not said that it needs: on this rig there is none of it. */
export function rigCannot(message: string, need: Capability): UsageError {
  return new UsageError('ESPRIG_RIG_CANNOT', message, {
    hint: `Say \`@needs ${need}\` in the first comment of the case file.`,
  });
}
