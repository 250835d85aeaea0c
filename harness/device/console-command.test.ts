import { afterEach, describe, expect, it } from '@jest/globals';
import { RealClock } from '../core/clock';
import { memoryPort } from '../port/memory-port';
import type { MemoryPort } from '../port/memory-port';
import { until } from '../port/port.contract';
import { recordingBoard } from '../port/testkit/recording-board';
import type { RecordingBoard } from '../port/testkit/recording-board';
import { Console } from './console';
import { sendCommand } from './console-command';
import { deadlineOf } from './testkit/deadlines';

const BAUD = 115_200;

const opened: { console: Console; link: MemoryPort }[] = [];
afterEach(async () => {
  for (const { console, link } of opened.splice(0)) {
    console[Symbol.dispose]();
    await link.close();
  }
});

async function bench(): Promise<{ readonly board: RecordingBoard; readonly console: Console }> {
  const board = recordingBoard();
  const link = memoryPort(board.line, { baud: BAUD });
  await link.open();
  const console = new Console({ link, clock: new RealClock() });
  opened.push({ console, link });
  return { board, console };
}

const says = (board: RecordingBoard, text: string): void => board.send(Buffer.from(text), BAUD);
const heard = (board: RecordingBoard): string => Buffer.from(board.received()).toString();

describe('a command on the console', () => {
  it('is a line of its own, and what it prints is found behind its repetition', async () => {
    const { board, console } = await bench();
    says(board, 'I (1) console: > say 1+1\r\nI (1) console: old\r\n');
    await until(() => console.lines.length === 2);
    const taken = sendCommand(console, 'say 1+1', deadlineOf(2_000));
    await until(() => heard(board) === '\nsay 1+1\n');
    says(board, '\x1b[0;32mI (20) console: > say 1+1\x1b[0m\r\nI (21) console: new\r\n');
    const since = await taken;
    const found = await console.expect(/console: (\w+)/, deadlineOf(2_000), { since });
    expect(found.match[1]).toBe('new');
  });

  it('fails when the firmware repeats another or none', async () => {
    const { board, console } = await bench();
    const taken = sendCommand(console, 'line 20', deadlineOf(100));
    says(board, 'I (20) console: > line 200\r\nW (21) console: no such command; try help\r\n');
    await expect(taken).rejects.toMatchObject({
      code: 'ESPRIG_DEADLINE',
      message: expect.stringContaining('no such command; try help'),
    });
  });

  it.each([
    ['two lines', 'say a\nrestart'],
    ['nothing', ''],
    ['no word in lower case', 'Say a'],
    ['a control character', 'say \u0007'],
    ['one byte too many', `say ${'\u00e4'.repeat(38)}x`],
  ])('is not sent if it is %s', async (_what, command) => {
    const { board, console } = await bench();
    await expect(sendCommand(console, command, deadlineOf(100))).rejects.toMatchObject({
      code: 'ESPRIG_USAGE',
    });
    expect(heard(board)).toBe('');
  });
});
