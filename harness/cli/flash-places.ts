/** Places in the flash as a person names them: an offset, or with a rig's layout the label of a partition. */
import { UsageError } from '../core/errors';
import { flashOffsetText } from '../device/flash-plan';
import { parseOffset } from '../protocol/flasher-args';
import type { Layout } from '../protocol/layouts';
import { nearest } from '../rig/nearest';

export interface FlashPlace {
  readonly offset: number;
  /** Of the partition; undefined where an offset was given. */
  readonly sizeBytes: number | undefined;
  readonly label: string | undefined;
}

/**
 * What `text` names. `what`: the argument, for the message.
 * @throws UsageError ESPRIG_USAGE_OFFSET
 */
export function flashPlace(text: string, layout: Layout | undefined, what: string): FlashPlace {
  const offset = parseOffset(text);
  if (offset !== undefined) return { offset, sizeBytes: undefined, label: undefined };
  if (layout === undefined) {
    throw new UsageError('ESPRIG_USAGE_OFFSET', `${what}: '${text}' is no number`, {
      hint: 'Such as 0x10000; labels of partitions are known with --rig.',
    });
  }
  const found = layout.partitions.find(({ label }) => label === text);
  if (found !== undefined) return found;
  const labels = layout.partitions.map(({ label }) => label);
  const meant = nearest(text, labels);
  throw new UsageError(
    'ESPRIG_USAGE_OFFSET',
    `${what}: '${text}' is no number, and layout ${layout.name} has no such partition`,
    { hint: meant === undefined ? `It has ${labels.join(', ')}.` : `Did you mean ${meant}?` },
  );
}

/** @throws UsageError ESPRIG_USAGE_TOO_LARGE */
export function mustLieInFlash(
  what: string,
  { offset, sizeBytes }: { readonly offset: number; readonly sizeBytes: number },
  flashBytes: number,
): void {
  if (offset + sizeBytes <= flashBytes) return;
  throw new UsageError(
    'ESPRIG_USAGE_TOO_LARGE',
    `${what}: ${flashOffsetText(sizeBytes)} bytes from ${flashOffsetText(offset)} on end behind a flash of ${flashOffsetText(flashBytes)}`,
    { hint: 'A rig’s flash is as large as its file says; without a rig the largest chip counts.' },
  );
}
