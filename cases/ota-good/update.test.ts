import { describe, expect, metric, phase, rig, test } from '../../harness';

describe('a good image', () => {
  test('is installed, and the board restarts into it', async () => {
    await using board = await rig();
    const image = board.image();
    const answer = await board.dut.upload(image);
    expect(answer).toHaveAnswered(200);
    expect(answer.slot).toBe(board.nextSlot.label);
    expect(answer.takenBytes).toBe(image.length);
    await board.waitForUpdate();
    await expect(board).toBootFrom(board.nextSlot.label);
  });

  test('lies in its slot byte by byte, and nothing else has changed but the boot record', async () => {
    await using board = await rig();
    const image = board.image();
    expect(await board.dut.upload(image)).toHaveAnswered(200);
    await board.waitForUpdate();
    const held = await board.readFlash(board.nextSlot.offset, image.length);
    expect(Buffer.compare(held, image)).toBe(0);
    await expect(board).toHaveUnchangedFlash({ except: [board.nextSlot.label, 'otadata'] });
  });

  test('is reported from 0 to 100, never falling, and 100 comes last', async () => {
    await using board = await rig();
    await using events = await board.dut.openEvents();
    expect(await board.dut.upload(board.image())).toHaveAnswered(200);
    await events.waitForProgress({ status: 'installed' });
    expect(events).toReportProgress({ from: 0, to: 100, monotonic: true, status: 'installed' });
    expect(events.progress.filter(({ progress }) => progress === 100)).toHaveLength(1);
    expect(events.progress.map(({ status }) => status)).toContain('verifying');
  });

  test('leaves the device as it says: other slot running, the first one next', async () => {
    await using board = await rig();
    const before = await board.dut.status();
    expect(await board.dut.upload(board.image())).toHaveAnswered(200);
    await board.waitForUpdate();
    const after = await board.dut.status();
    expect([before.running, before.next]).toEqual([board.shippedSlot.label, board.nextSlot.label]);
    expect([after.running, after.next]).toEqual([board.nextSlot.label, board.shippedSlot.label]);
    expect(after.upload).toBe('idle');
  });

  test('restarts the board within two seconds of the answer', async () => {
    await using board = await rig();
    const before = await board.dut.status();
    expect(await board.dut.upload(board.image())).toHaveAnswered(200);
    await board.waitForLog(/load:|rst cause/, { withinMs: board.dut.profile.restartWithinMs + 1000 });
    await board.waitForUpdate();
    expect((await board.dut.status()).uptimeMs).toBeLessThan(before.uptimeMs + 60_000);
  });

  test('goes there and back again', async () => {
    await using board = await rig();
    await phase('there', async () => {
      expect(await board.dut.upload(board.image(board.nextSlot.label))).toHaveAnswered(200);
      await board.waitForUpdate(board.nextSlot.label);
    });
    await phase('back', async () => {
      expect(await board.dut.upload(board.image(board.shippedSlot.label))).toHaveAnswered(200);
      await board.waitForUpdate(board.shippedSlot.label);
    });
    await expect(board).toBootFrom(board.shippedSlot.label);
  });

  test('boots again after a reset and after a power cycle', async () => {
    await using board = await rig();
    expect(await board.dut.upload(board.image())).toHaveAnswered(200);
    await board.waitForUpdate();
    await board.reset();
    expect((await board.dut.status()).running).toBe(board.nextSlot.label);
    await expect(board).toBootFrom(board.nextSlot.label);
  });

  test('takes a time that is worth following', async () => {
    await using board = await rig();
    const image = board.image();
    const startedMs = performance.now();
    expect(await board.dut.upload(image)).toHaveAnswered(200);
    const elapsedMs = performance.now() - startedMs;
    metric('upload', image.length / elapsedMs, 'kB/s', 'more');
    await board.waitForUpdate();
    metric('upload to new firmware', performance.now() - startedMs, 'ms', 'less');
  });
});
