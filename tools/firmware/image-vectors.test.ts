import { describe, expect, it } from '@jest/globals';
import { encodeImage } from '../../harness/protocol/image-lab/encode';
import { checkFirstEight, checkForSlot, type Slot, type SlotVerdict } from '../../harness/protocol/slots';
import { readVectors } from './vectors';

/** The contract's vectors of images, which the firmware's host tests read as well, and what the harness makes of them. */
const slotOf = (offset: Buffer, sizeBytes: Buffer): Slot => ({
  label: 'slot',
  offset: Number(offset),
  sizeBytes: Number(sizeBytes),
});
const said = (verdict: SlotVerdict): string => (verdict.ok ? 'ok' : verdict.error);

describe('the rules for images in the harness are those of the contract', () => {
  it.each(readVectors('first-eight').map((fields) => [fields[0]!.toString(), fields] as const))(
    'first-eight %s',
    (_name, [, offset, sizeBytes, announced, bytes, refusal]) => {
      const first = Buffer.from(bytes!.toString(), 'hex');
      const verdict = checkFirstEight(first, Number(announced), slotOf(offset!, sizeBytes!));
      expect(said(verdict)).toBe(refusal!.toString());
    },
  );

  it.each(readVectors('segments').map((fields) => [fields[0]!.toString(), fields] as const))(
    'segments %s',
    (_name, [, offset, sizeBytes, entryAddr, segments, refusal]) => {
      const image = encodeImage({
        entryAddr: Number(entryAddr),
        segments: segments!
          .toString()
          .split(' ')
          .map((segment) => segment.split('+').map(Number))
          .map(([loadAddr, bytes]) => ({ loadAddr: loadAddr!, data: new Uint8Array(bytes!) })),
      });
      expect(said(checkForSlot(image, slotOf(offset!, sizeBytes!)))).toBe(refusal!.toString());
    },
  );
});
