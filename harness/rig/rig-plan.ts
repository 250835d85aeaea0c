import type { DutProfile } from '../device/dut-profile';
import type { FlashPart } from '../device/flash-plan';
import type { Layout } from '../protocol/layouts';
import type { FirmwareSet } from './firmware-set';
import { settingsPart, type Settings } from './provisioning';
import type { RigDescription } from './rig-schema';
import type { Capability, RigKind } from './running-rig';

/** A rig file with everything that it names looked up; nothing of it has been touched yet. */
export interface RigPlan {
  readonly name: string;
  readonly kind: RigKind;
  readonly description: RigDescription;
  readonly layout: Layout;
  readonly flashSizeBytes: number;
  /** Lower case. */
  readonly mac: string;
  readonly capabilities: ReadonlySet<Capability>;
  readonly firmware: FirmwareSet;
  readonly settings: Settings;
  readonly profile: DutProfile;
  readonly devicePort: number;
  readonly secrets: readonly string[];
  readonly pcapFile: string | undefined;
}

/**
 * What is written: the firmware set, and the settings in an NVS partition that is otherwise empty. Only firmware that
 * follows the contract knows such settings; another's NVS is its own.
 */
export function shippedParts(plan: RigPlan, settings: Settings): readonly FlashPart[] {
  const { firmware, layout, profile } = plan;
  const part = profile.name === 'contract' ? settingsPart(settings, layout) : undefined;
  if (part === undefined) return firmware.flash;
  const region = { offset: part.offset, sizeBytes: part.bytes.length };
  return isWrittenBy(firmware.flash, region) ? firmware.flash : [...firmware.flash, part];
}

/** Whether writing these parts touches the region. */
export function isWrittenBy(
  parts: readonly FlashPart[],
  { offset, sizeBytes }: { readonly offset: number; readonly sizeBytes: number },
): boolean {
  return parts.some((part) => part.offset < offset + sizeBytes && offset < part.offset + part.bytes.length);
}
