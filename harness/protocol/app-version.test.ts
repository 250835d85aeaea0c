import { describe, expect, test } from '@jest/globals';
import { withAppVersion } from './app-version';
import { inspectImage } from './image';
import { buildSyntheticApp, buildSyntheticBootloader } from './image-lab/encode';
import { labSlots } from './image-lab/make';
import { checkForSlot } from './slots';

const { slot } = labSlots('one-mb', 'ota_1');
const IMAGE = buildSyntheticApp({ slot, seed: 5 });

describe('a copy with another version', () => {
  test.each(['text', 'rodata'] as const)('is good for the same slot; descriptor in %s', (descriptor) => {
    const image = buildSyntheticApp({ slot, seed: 5, descriptor });
    const copy = withAppVersion(image, 'case-17+b');
    expect(inspectImage(copy)).toMatchObject({
      problems: [],
      descriptor: { version: 'case-17+b', project: 'synthetic', placement: descriptor },
    });
    expect(checkForSlot(copy, slot)).toEqual({ ok: true });
  });

  test('differs in the version, the checksum byte and the SHA-256 alone, and the original is left as it was', () => {
    const before = IMAGE.slice();
    const copy = withAppVersion(IMAGE, '9.9.9');
    expect(IMAGE).toEqual(before);
    expect(copy.length).toBe(IMAGE.length);
    const { descriptor, checksum, sha256 } = inspectImage(IMAGE);
    const versionAt = descriptor!.offset + 16;
    const allowed = (at: number): boolean =>
      (at >= versionAt && at < versionAt + 32) || at === checksum!.offset || at >= sha256!.offset;
    const differing = [...copy.keys()].filter((at) => copy[at] !== IMAGE[at]);
    expect(differing.length).toBeGreaterThan(0);
    expect(differing.filter((at) => !allowed(at))).toEqual([]);
  });

  test('leaves nothing of a longer version behind, and going back gives the first image again', () => {
    const long = withAppVersion(IMAGE, 'a-version-of-thirty-one-letters');
    expect(inspectImage(long).descriptor!.version).toBe('a-version-of-thirty-one-letters');
    expect(withAppVersion(long, inspectImage(IMAGE).descriptor!.version)).toEqual(IMAGE);
  });

  test.each([
    ['', IMAGE],
    ['a-version-of-thirty-two-letters!', IMAGE],
    ['zwei\nZeilen', IMAGE],
    ['ä', IMAGE],
    ['1', buildSyntheticApp({ slot, descriptor: 'none' })],
    ['1', buildSyntheticBootloader()],
    ['1', IMAGE.subarray(0, 1000)],
    ['1', Uint8Array.from([...IMAGE, 0])],
    ['1', IMAGE.map((byte, at) => (at === 0x200 ? byte ^ 1 : byte))],
  ])('is refused for version %j of an image that cannot have it', (version, image) => {
    expect(() => withAppVersion(image, version)).toThrow(expect.objectContaining({ code: 'ESPRIG_USAGE' }));
  });
});
