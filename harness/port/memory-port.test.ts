import { describe, expect, it } from '@jest/globals';
import { memoryPort } from './memory-port';
import { collect, serialLinkContract, until } from './port.contract';
import { recordingBoard } from './testkit/recording-board';

serialLinkContract('the in-process link', { exclusive: false }, () => {
  const board = recordingBoard();
  const link = memoryPort(board.line);
  return Promise.resolve({
    link,
    far: {
      send: (bytes: Uint8Array) => board.send(bytes, link.baud),
      received: () => board.received(),
      lines: () => board.lineLog,
      baud: () => board.hostBaud(),
      unplug: () => link.unplug(),
    },
    dispose: () => Promise.resolve(),
  });
});

describe('the in-process link', () => {
  it('delivers bytes of another rate as the garbage a UART makes of them, and the rest untouched', async () => {
    const board = recordingBoard();
    const link = memoryPort(board.line, { baud: 115200 });
    await link.open();
    const got = collect(link);
    board.send(Buffer.from('ets Jan  8 2013'), 74880);
    await until(() => got().length > 0);
    expect(Buffer.from(got()).toString('latin1')).not.toContain('Jan');
    const before = got().length;
    board.send(Buffer.from('hello'), 114900);
    await until(() => got().length > before);
    expect(Buffer.from(got().subarray(before)).toString()).toBe('hello');
    await link.close();
  });

  it('makes a writer wait for a board that is behind, and ends the wait in an error', async () => {
    const board = recordingBoard();
    board.setPending(1_000_000);
    const link = memoryPort(board.line, { operationTimeoutMs: 60 });
    await link.open();
    await expect(link.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'ESPRIG_PORT_STALLED' });
    board.setPending(0);
    await link.write(Uint8Array.of(2));
    expect([...board.received()]).toEqual([2]);
    await link.close();
  });

  it('releases the lines when the cable is pulled', async () => {
    const board = recordingBoard();
    const link = memoryPort(board.line);
    await link.open();
    await link.setLines({ dtr: false, rts: true });
    link.unplug();
    expect(board.lineLog.at(-1)).toEqual({ dtr: false, rts: false });
  });
});
