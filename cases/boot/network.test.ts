import { describe, expect, rig, skip, test } from '../../harness';

describe('the network of a board without settings', () => {
  test('is named after the last three bytes of its address', async () => {
    await using board = await rig();
    const since = board.mark();
    await board.reset();
    const { match } = await board.waitForLog(/(soft-AP|station), network (\S+)/, { since });
    if (match[1] === 'station') skip('this board was given a network to join');
    const own = board.rig.mac.replaceAll(':', '').slice(-6).toLowerCase();
    expect(match[2]).toBe(`esprig_${own}`);
    expect(board.incidents).toEqual([]);
  });
});
