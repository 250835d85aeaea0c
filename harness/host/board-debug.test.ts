import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IRAM_BASE } from '../chip/esp8266';
import { assemble } from '../emulator/cpu/assemble';
import { buildImage } from '../emulator/testkit/image-builder';
import type { BoardDebugOptions, BoardFault } from './board-messages';
import { BoardThread } from './board-thread';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-debug-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Boots a program that ends in a fault, and answers the fault. */
async function faultOf(debug: BoardDebugOptions): Promise<{ fault: BoardFault; board: BoardThread }> {
  const { bytes } = assemble(
    '.literals\nbegin: movi a2, 3\nagain: addi a2, a2, -1\nbnez a2, again\nl32r a3, =0x3ff70000\nl32i a4, a3, 0\n.align 4\nnop\nnop.n\nnop',
    IRAM_BASE,
  );
  const data = new Uint8Array((bytes.length + 3) & ~3);
  data.set(bytes);
  const board = BoardThread.start({ pacing: 'fast', debug });
  const image = buildImage([{ loadAddr: IRAM_BASE, data }], { entryAddr: IRAM_BASE + 4 });
  await board.act('program-flash', { offset: 0, bytes: image });
  const fault = new Promise<BoardFault>((resolve) => board.listen({ fault: resolve }));
  await board.act('power-on');
  return { fault: await fault, board };
}

const SYMBOLS = [{ name: 'app_main', addr: IRAM_BASE + 4, sizeBytes: 0x20 }];

describe('a board that is watched', () => {
  it('writes its trace into a file, with the firmware’s names, down to the fault', async () => {
    const file = join(folder, 'whole.trace');
    const { board, fault } = await faultOf({ symbols: SYMBOLS, trace: { file } });
    expect(fault.code).toBe('ESPRIG_EMU_UNMAPPED');
    // The file is whole as soon as the fault is told.
    expect(readFileSync(file, 'latin1')).toContain('the emulator stopped in this instruction');
    const summary = await board.act('finish-trace');
    await board.close();
    const lines = readFileSync(file, 'latin1').split('\n');
    expect(summary).toEqual({ file, lines: lines.length - 1, bytes: readFileSync(file).length });
    expect(lines[0]).toBe('-- reset (power-on)');
    expect(lines.filter((line) => line.includes(' app_main+0x3 '))).toHaveLength(3);
  }, 30_000);

  it('keeps the last steps, for the fault and for the file', async () => {
    const file = join(folder, 'last.trace');
    const { board, fault } = await faultOf({ symbols: SYMBOLS, trace: { file, last: 6 } });
    expect(fault.lastSteps).toHaveLength(7);
    expect(fault.lastSteps.at(-2)).toMatch(/l32i a4, a3, 0 +\[3ff70000\]$/);
    expect(fault.dump[0]).toMatch(/^pc 0x4010\w{4} <app_main\+0x\w+>: l32i a4, a3, 0$/);
    await board.act('finish-trace');
    await board.close();
    expect(readFileSync(file, 'latin1')).toBe(`${fault.lastSteps.join('\n')}\n`);
  });

  it('shows no steps and makes no file when it is not asked to', async () => {
    const { board, fault } = await faultOf({});
    expect(fault.lastSteps).toEqual([]);
    expect(fault.dump.length).toBeGreaterThan(8);
    expect([await board.act('finish-trace'), await board.act('profile')]).toEqual([undefined, undefined]);
    await board.close();
  });

  it('profiles by the names of the boot ROM', async () => {
    const { board } = await faultOf({ profile: true });
    const profile = await board.act('profile');
    await board.close();
    expect(profile!.samples).toBeGreaterThan(100);
    // A boot is waiting for the serial line.
    expect(profile!.rows[0]!.name).toBe('tx_wait');
  });

  it('says what is wrong with a trace file that cannot be written', async () => {
    const file = join(folder, 'no-such-folder', 'x.trace');
    const board = BoardThread.start({ debug: { trace: { file } } });
    const gone = new Promise<Error>((resolve) => board.listen({ gone: resolve }));
    await expect(board.act('status')).rejects.toMatchObject({
      code: 'ESPRIG_USAGE_FILE',
      blame: 'case',
      message: expect.stringContaining(file),
      hint: expect.stringContaining('--trace-last'),
    });
    expect((await gone).message).toContain(file);
    await board.close();
    expect(existsSync(file)).toBe(false);
  });
});
