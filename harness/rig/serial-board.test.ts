import { afterEach, describe, expect, it } from '@jest/globals';
import { RealClock } from '../core/clock';
import { Deadline } from '../core/deadline';
import { EventBus } from '../core/events';
import { FakeChip } from '../device/testkit/fake-chip';
import { QUICK_RECIPES } from '../device/testkit/quick-recipes';
import { memoryPort } from '../port/memory-port';
import { SerialBoard } from './serial-board';

const clock = new RealClock();
const opened: (Disposable | AsyncDisposable)[] = [];

async function boardOf(chip: FakeChip): Promise<SerialBoard> {
  const link = memoryPort(chip.line);
  await link.open();
  const board = new SerialBoard({
    ...{ link, clock, bus: new EventBus(clock), recipes: QUICK_RECIPES, expectMac: undefined },
    ...{ appBaud: 115_200, flashBaud: 460_800 },
  });
  opened.push(board);
  return board;
}

/** A case's own time: whatever runs out in it is the firmware's affair, unless somebody knows better. */
function caseTime(budgetMs: number): Deadline {
  const deadline = new Deadline({ clock, budgetMs, phase: 'case', blame: 'dut' });
  opened.push(deadline);
  return deadline;
}

afterEach(async () => {
  for (const each of opened.splice(0)) {
    if (Symbol.asyncDispose in each) await each[Symbol.asyncDispose]();
    else each[Symbol.dispose]();
  }
});

describe('the loader of a board', () => {
  it("works in the rig's time: what runs out in it is not the firmware's fault", async () => {
    const chip = new FakeChip();
    const board = await boardOf(chip);
    const deadline = caseTime(600);
    const reading = board.withFlash(deadline, async (flasher, limit) => {
      expect([limit.blame, flasher.loader]).toEqual(['rig', 'stub']);
      chip.onCommand = () => true;
      return await flasher.read(0, 0x1000, limit);
    });
    await expect(reading).rejects.toMatchObject({
      code: 'ESPRIG_DEADLINE',
      blame: 'rig',
      message: expect.stringMatching(/^case\/loader/),
    });
    chip.dispose();
  });

  it('is not begun in time that somebody else has used up', async () => {
    const board = await boardOf(new FakeChip());
    await expect(board.read(0, 0x1000, caseTime(0))).rejects.toMatchObject({
      code: 'ESPRIG_DEADLINE',
      blame: 'dut',
    });
  });
});
