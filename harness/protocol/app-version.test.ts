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
    ['', /'' is no version: 1 to 31 printable/, IMAGE],
    ['a-version-of-thirty-two-letters!', /is no version/, IMAGE],
    ['zwei\nZeilen', /is no version/, IMAGE],
    ['ä', /is no version/, IMAGE],
    ['1', /has no app descriptor/, buildSyntheticApp({ slot, descriptor: 'none' })],
    ['1', /not a good app image: it is of another kind/, buildSyntheticBootloader()],
    ['1', /not a good app image: .*bytes are missing/, IMAGE.subarray(0, 1000)],
    ['1', /not a good app image: .*byte/, Uint8Array.from([...IMAGE, 0])],
    ['1', /not a good app image: .*checksum/, IMAGE.map((byte, at) => (at === 0x200 ? byte ^ 1 : byte))],
  ])('is refused for version %j, saying %s', (version, saying, image) => {
    const message: unknown = expect.stringMatching(saying);
    expect(() => withAppVersion(image, version)).toThrow(
      expect.objectContaining({ code: 'ESPRIG_USAGE', message }),
    );
  });
});
