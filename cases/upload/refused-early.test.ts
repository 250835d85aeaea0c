import { describe, expect, rig, test, uploads } from '../../harness';

describe('an upload that is refused before its body is there', () => {
  test('is heard out by the device: a client that reads last loses nothing and gets the answer', async () => {
    await using board = await rig();
    const image = board.make('magic-zero').bytes.subarray(0, 4096);
    // Twelve pieces, and a pause that the device does not take for the end.
    const plan = uploads.dribble(board.dut.uploadRequest(image), 1400, 350);
    const result = await board.dut.send(plan, { readLast: true });
    expect(result).toHaveRefused('bad_magic');
    const wanted = plan.steps.reduce((sum, step) => sum + (step.kind === 'send' ? step.bytes.length : 0), 0);
    expect(result).toMatchObject({ sentBytes: wanted, ended: 'closed' });
  });
});
