import { SeededRandom } from './random';

describe('seeded random numbers', () => {
  // By another implementation of mulberry32, in whole numbers of any length.
  test.each([
    [0, [0x4434b462, 0x00159c37, 0x39285b08, 0x256d8104]],
    [1, [0xa087eaf3, 0x00b349c9, 0x8706c4eb, 0xfb2627fd]],
    [0xffffffff, [0xe57bf3d3, 0x3081a5a4, 0xb7350390, 0xf1ade904]],
  ])('are those of mulberry32: seed %i', (seed, words) => {
    const random = new SeededRandom(seed);
    expect(words.map(() => random.u32())).toEqual(words);
  });

  test('below a limit are the upper part of each word', () => {
    const random = new SeededRandom(0);
    expect([random.below(256), random.below(2), random.below(100)]).toEqual([0x44, 0, 22]);
  });

  test('as bytes come low byte first, and end where they should', () => {
    const bytes = [0x62, 0xb4, 0x34, 0x44, 0x37, 0x9c, 0x15, 0x00];
    for (const length of [0, 1, 3, 4, 5, 8])
      expect([...new SeededRandom(0).bytes(length)]).toEqual(bytes.slice(0, length));
  });

  test('go on behind bytes with the next whole word', () => {
    const random = new SeededRandom(0);
    random.bytes(5);
    expect(random.u32()).toBe(0x39285b08);
  });
});
