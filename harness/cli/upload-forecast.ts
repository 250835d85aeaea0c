import { appSlots } from '../protocol/partition-table';
import { layoutByName, LAYOUTS } from '../protocol/layouts';
import { checkForSlot, type ImageRefusal } from '../protocol/slots';

/** What a person can do about a refusal, by its code. */
export const REFUSAL_HINTS: Readonly<Record<string, string>> = {
  bad_magic: 'This is no ESP8266 image; `esprig image info FILE` tells what it is.',
  wrong_slot: 'The image is linked for the other slot: send the build for the slot that comes next.',
  bad_header: '`esprig image info FILE` shows what is wrong with its segments.',
  bad_checksum: 'The file is damaged: build or copy it anew.',
  truncated: 'The file is cut short: build or copy it anew.',
  too_large: 'The image is larger than its slot: make it smaller, or choose another layout.',
  busy: 'Another upload is under way, or the device is about to restart: try again in a few seconds.',
  unauthorized: 'The device wants a token: put it into the variable that --token-env names.',
  stalled: 'The device waited in vain for bytes: look at the network.',
  flash_error: 'The device could not write its flash: look at its console.',
} satisfies Partial<Record<ImageRefusal, string>> & Record<string, string>;

export interface ForeseenRefusal {
  readonly error: ImageRefusal;
  readonly detail: string;
  /** Those with which a device says so. */
  readonly layouts: readonly string[];
}

export interface Forecast {
  /** What to expect where the image does not fit, the likeliest first; empty when it fits everywhere. */
  readonly refusals: readonly ForeseenRefusal[];
  /** The layouts whose slot takes it. */
  readonly fits: readonly string[];
}

export interface ForecastOptions {
  readonly layout?: string | undefined;
  /** Label of the slot that the upload goes to, if the device has told. */
  readonly slotLabel?: string | undefined;
}

/**
 * What a device would say to the image: with the layout that was named, or else with each known one. A device does not
 * tell where its slots lie.
 * @throws UsageError for a layout that is not known
 */
export function foreseeRefusal(image: Uint8Array, options: ForecastOptions): Forecast {
  const layouts = options.layout === undefined ? LAYOUTS : [layoutByName(options.layout)];
  const slots = layouts.flatMap(({ name, partitions }) =>
    appSlots(partitions).map((slot) => ({ layout: name, slot })),
  );
  const named = slots.filter(({ slot }) => slot.label === options.slotLabel);
  const verdicts = (named.length === 0 ? slots : named).map(({ layout, slot }) => ({
    layout,
    verdict: checkForSlot(image, slot),
  }));
  const fits = verdicts.filter(({ verdict }) => verdict.ok).map(({ layout }) => layout);
  const refusals = new Map<ImageRefusal, { detail: string; layouts: Set<string> }>();
  // The one that goes furthest into the image says most about it.
  for (const moment of ['verification', 'before-erase'] as const) {
    for (const { layout, verdict } of verdicts) {
      if (verdict.ok || verdict.moment !== moment) continue;
      const { error, detail } = verdict;
      const seen = refusals.get(error) ?? { detail, layouts: new Set() };
      refusals.set(error, { ...seen, layouts: seen.layouts.add(layout) });
    }
  }
  const inOrder = [...refusals].map(([error, { detail, layouts }]) => ({
    error,
    detail,
    layouts: [...layouts],
  }));
  return {
    // An image for another slot is often a damaged one by a layout that the board does not have.
    refusals: inOrder.sort((a, b) => Number(b.error === 'wrong_slot') - Number(a.error === 'wrong_slot')),
    fits: [...new Set(fits)],
  };
}

/** Layouts are named where they disagree. */
export function refusalsText(refusals: readonly ForeseenRefusal[]): string {
  return refusals
    .map(({ error, detail, layouts }) => {
      const where = refusals.length === 1 ? '' : ` with layout ${layouts.join(', ')}`;
      return `${error}${where} (${detail})`;
    })
    .join('; ');
}
