/** The image laboratory: a good image in, an image of a kind out, with what is expected to be said about it. */
import { UsageError } from '../../core/errors';
import { checkAsBootloader } from '../bootloader-check';
import { layoutByName } from '../layouts';
import { otaSlots } from '../partition-table';
import { checkForSlot, type Slot } from '../slots';
import {
  IMAGE_KINDS,
  imageKind,
  type BootExpectation,
  type ExpectedRefusal,
  type ImageKind,
  type ImageKindName,
} from './kinds';
import { Lab, type LabInput } from './lab';
import {
  CONTENT_MAKERS,
  CONTROL_MAKERS,
  HEADER_MAKERS,
  SEGMENT_MAKERS,
  TAIL_MAKERS,
  type Maker,
} from './make-edited';
import { FOREIGN_MAKERS } from './make-foreign';
import { LENGTH_MAKERS } from './make-lengths';

/** One for each kind, or this does not compile. */
const MAKERS: Readonly<Record<ImageKindName, Maker>> = {
  ...CONTROL_MAKERS,
  ...HEADER_MAKERS,
  ...SEGMENT_MAKERS,
  ...TAIL_MAKERS,
  ...CONTENT_MAKERS,
  ...LENGTH_MAKERS,
  ...FOREIGN_MAKERS,
};

export interface MadeImage {
  readonly kind: ImageKind;
  readonly bytes: Uint8Array;
  /** What the device contract answers to this one. */
  readonly expected: ExpectedRefusal | 'accepted';
  readonly boot: BootExpectation;
  /** What was chosen: a place, a length; empty when nothing was. */
  readonly note: string;
}

/**
 * Makes an image of a kind from a good one. The same input makes the same bytes.
 * @throws UsageError ESPRIG_USAGE for an unknown kind, an image that is not good itself, or a kind that this image or
 * layout does not allow
 */
export function makeImage(kindName: string, input: LabInput): MadeImage {
  const kind = imageKind(kindName);
  if (kind === undefined) {
    throw new UsageError('ESPRIG_USAGE', `no kind of image "${kindName}"`, { hint: nearestKinds(kindName) });
  }
  const lab = new Lab(input);
  const bytes = MAKERS[kind.name](lab);
  return {
    kind,
    bytes,
    expected: expectationOf(kind, bytes, input.slot),
    boot: kind.boot === 'depends' ? bootOf(bytes, input.slot) : kind.boot,
    note: lab.note,
  };
}

/** What the table says of a made image; where the table leaves it to the place, the rules of `slots.ts`. */
function expectationOf(kind: ImageKind, bytes: Uint8Array, slot: Slot): ExpectedRefusal | 'accepted' {
  if (kind.orTooLarge === true && bytes.length > slot.sizeBytes) {
    return { error: 'too_large', moment: 'before-erase' };
  }
  if (kind.refusal !== 'depends') return kind.refusal;
  const verdict = checkForSlot(bytes, slot);
  return verdict.ok ? 'accepted' : { error: verdict.error, moment: verdict.moment };
}

function bootOf(bytes: Uint8Array, slot: Slot): BootExpectation {
  return checkAsBootloader(bytes, slot).ok ? 'starts' : 'refused';
}

function nearestKinds(name: string): string {
  const word = name.split('-')[0] ?? '';
  const near = IMAGE_KINDS.filter((kind) => kind.name.includes(word)).map((kind) => kind.name);
  const shown = near.length > 0 && near.length < IMAGE_KINDS.length ? `Perhaps: ${near.join(', ')}. ` : '';
  return `${shown}\`esprig image kinds\` lists all ${IMAGE_KINDS.length}.`;
}

/** Slot and other slot of a named layout, as `makeImage` wants them; the first OTA slot when no label is given. */
export function labSlots(layoutName: string, label?: string): { slot: Slot; otherSlot: Slot | undefined } {
  const slots = otaSlots(layoutByName(layoutName).partitions);
  const slot = label === undefined ? slots[0] : slots.find((each) => each.label === label);
  if (slot === undefined) {
    throw new UsageError(
      'ESPRIG_USAGE',
      `layout ${layoutName} has no OTA slot${label === undefined ? '' : ` "${label}"`}`,
    );
  }
  return { slot, otherSlot: slots.find((each) => each !== slot) };
}
