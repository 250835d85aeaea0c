import { describe, expect, it } from '@jest/globals';
import { RealClock } from '../core/clock';
import { Console } from '../device/console';
import { deadlineOf } from '../device/testkit/deadlines';
import { memoryPort } from '../port/memory-port';
import { until } from '../port/port.contract';
import { recordingBoard } from '../port/testkit/recording-board';
import type { Capability } from '../rig/running-rig';
import { CaseConsole } from './case-console';

const BAUD = 115_200;

async function bench(capabilities: readonly Capability[]) {
  const board = recordingBoard();
  const link = memoryPort(board.line, { baud: BAUD });
  await link.open();
  const console = new Console({ link, clock: new RealClock() });
  const asked: (number | undefined)[] = [];
  const rig = { name: 'bench-1', capabilities: new Set(capabilities), console };
  const ofCase = new CaseConsole(rig, (_phase, within) => {
    asked.push(within?.withinMs);
    return deadlineOf(2_000);
  });
  return {
    ...{ board, ofCase, asked },
    close: async () => {
      console[Symbol.dispose]();
      await link.close();
    },
  };
}

describe('the console of a case', () => {
  it('gives the firmware a command, and no longer for it than a case wants', async () => {
    const { board, ofCase, asked, close } = await bench(['console-commands']);
    const taken = Promise.all([ofCase.command('burst 3'), ofCase.command('burst 3', { withinMs: 500 })]);
    await until(() => Buffer.from(board.received()).toString() === '\nburst 3\n\nburst 3\n');
    board.send(Buffer.from('I (7) console: > burst 3\r\n'), BAUD);
    expect(await taken).toEqual([24, 24]);
    expect(asked).toEqual([10_000, 500]);
    await close();
  });

  it('says what a case has to ask for where the firmware takes none', async () => {
    const { board, ofCase, close } = await bench(['reset']);
    await expect(ofCase.command('burst 3')).rejects.toMatchObject({
      code: 'ESPRIG_RIG_CANNOT',
      hint: 'Say `@needs console-commands` in the first comment of the case file.',
    });
    expect(board.received()).toHaveLength(0);
    await close();
  });
});
