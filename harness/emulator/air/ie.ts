import { concatBytes } from './bytes';

/** Information elements, IEEE 802.11-2020 section 9.4.2. */
export const ELEMENT = {
  SSID: 0,
  RATES: 1,
  DS_PARAMETER: 3,
  TIM: 5,
  RSN: 48,
  EXTENDED_RATES: 50,
  VENDOR: 221,
} as const;

/** 1, 2, 5.5, 11 (mandatory), 6, 12, 24, 48 Mbit/s: what every peer speaks (wifi.md section 11.2). */
export const RATES_ELEMENT = Uint8Array.of(1, 8, 0x82, 0x84, 0x8b, 0x96, 0x0c, 0x18, 0x30, 0x60);

export interface Element {
  readonly id: number;
  /** Without the two bytes of id and length. */
  readonly body: Uint8Array;
  /** With them, as it stands in the frame. */
  readonly bytes: Uint8Array;
}

/** All whole elements of `bytes` from `offset`; a cut-off last one is left out. */
export function parseElements(bytes: Uint8Array, offset: number): Element[] {
  const elements: Element[] = [];
  for (let at = offset; at + 2 <= bytes.length;) {
    const end = at + 2 + bytes[at + 1]!;
    if (end > bytes.length) break;
    elements.push({ id: bytes[at]!, body: bytes.subarray(at + 2, end), bytes: bytes.subarray(at, end) });
    at = end;
  }
  return elements;
}

export function findElement(elements: readonly Element[], id: number): Element | null {
  return elements.find((element) => element.id === id) ?? null;
}

export function encodeElement(id: number, body: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(id, body.length), body);
}

export interface Tim {
  readonly dtimCount: number;
  readonly dtimPeriod: number;
  /** Group frames follow this beacon. */
  readonly groupTraffic: boolean;
  /** Stations with frames waiting. */
  readonly associationIds: readonly number[];
}

/** Traffic indication map (section 9.4.2.5), with as much of the bitmap as is needed. */
export function encodeTim({ dtimCount, dtimPeriod, groupTraffic, associationIds }: Tim): Uint8Array {
  const bitmap = new Uint8Array(251);
  for (const id of associationIds) bitmap[id >> 3]! |= 1 << (id & 7);
  let first = bitmap.findIndex((value) => value !== 0);
  // The offset in the control byte counts pairs of bytes.
  first = first < 0 ? 0 : first & ~1;
  let last = bitmap.length - 1;
  while (last > first && bitmap[last] === 0) last--;
  const control = (first & 0xfe) | (groupTraffic ? 1 : 0);
  const head = Uint8Array.of(dtimCount, dtimPeriod, control);
  return encodeElement(ELEMENT.TIM, concatBytes(head, bitmap.subarray(first, last + 1)));
}

export function parseTim(body: Uint8Array): Tim | null {
  if (body.length < 4) return null;
  const first = body[2]! & 0xfe;
  const associationIds: number[] = [];
  for (let at = 3; at < body.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      if (body[at]! & (1 << bit)) associationIds.push((first + at - 3) * 8 + bit);
    }
  }
  return { dtimCount: body[0]!, dtimPeriod: body[1]!, groupTraffic: (body[2]! & 1) !== 0, associationIds };
}
