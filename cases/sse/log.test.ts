import { describe, expect, images, rig, test } from '../../harness';

/** The serial line is slower than the air: a line of the stream may be half-way on the console. */
const wholeLine = (text: string): RegExp => new RegExp(`${text}[^\\n]{0,200}\\n`);

describe('the log in the event stream', () => {
  test('is the console of the serial line, line by line, during an update', async () => {
    await using board = await rig();
    await using events = await board.dut.openEvents();
    expect(await board.dut.upload(board.image())).toHaveAnswered(200);
    await events.waitForLog(/installed at/);
    await board.waitForLog(wholeLine('installed at'));
    await expect(events).toMatchSerialLog();
    await board.waitForUpdate();
  });

  test('is the console of the serial line while uploads are refused', async () => {
    await using board = await rig();
    await using events = await board.dut.openEvents();
    for (const kind of ['magic-zero', 'segments-none', 'entry-below-window']) {
      const answer = await board.dut.upload(images.make(kind).bytes);
      expect(answer.status).toBe(400);
    }
    await events.waitForLog(/wrong_slot/);
    await board.waitForLog(wholeLine('wrong_slot'));
    await expect(events).toMatchSerialLog();
  });

  test('has no terminal control in it', async () => {
    await using board = await rig();
    await using events = await board.dut.openEvents();
    expect(await board.dut.upload(images.make('magic-zero').bytes)).toHaveRefused('bad_magic');
    await events.waitForLog(/bad_magic/);
    // eslint-disable-next-line no-control-regex
    for (const { text } of events.log) expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/);
  });

  test('begins again after a restart', async () => {
    await using board = await rig();
    await using events = await board.dut.openEvents();
    expect(await board.dut.upload(board.image())).toHaveAnswered(200);
    await board.waitForUpdate();
    await using later = await board.dut.openEvents();
    expect(await board.dut.upload(images.make('magic-zero').bytes)).toHaveRefused('bad_magic');
    await later.waitForLog(/bad_magic/);
    expect(Number(later.events[0]!.id)).toBeLessThan(1000);
    expect(events.events.length).toBeGreaterThan(0);
  });
});
