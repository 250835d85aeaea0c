import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { boardCore, type CpuUnderTest } from '../../harness/emulator/testkit/vectors/board-core';
import { generate, seedOf, subjectsFor } from './generate';
import { qemuMissing } from './qemu';
import { openQemuOracle, type CaseOracle } from './qemu-cases';
import { openRsp } from './rsp-client';
import { compareRun } from './run';

const noQemu = qemuMissing();
const LIMIT_MS = 120_000;
const CASES = 8000;

describe('the generator of cases', () => {
  it('makes the same case of the same seed', () => {
    const subject = subjectsFor(undefined);
    for (let i = 0; i < 300; i++)
      expect(generate(seedOf(9, i), subject)).toEqual(generate(seedOf(9, i), subject));
  });

  it('keeps to one mnemonic when asked, and refuses one that does not exist', () => {
    const subject = subjectsFor('l32i');
    for (let i = 0; i < 50; i++) expect(generate(seedOf(1, i), subject).subject).toBe('l32i');
    expect(() => subjectsFor('l33i')).toThrow('no instruction is called l33i');
  });
});

(noQemu === undefined ? describe : describe.skip)(
  `the board's core beside QEMU${noQemu === undefined ? '' : ` (skipped: ${noQemu})`}`,
  () => {
    let oracle: CaseOracle;
    beforeAll(async () => {
      oracle = await openQemuOracle();
    }, LIMIT_MS);
    afterAll(async () => oracle[Symbol.asyncDispose]());

    it(
      `differs in nothing unexplained in ${CASES} random cases`,
      async () => {
        const { failures, counts } = await compareRun(oracle, { seed: 20, from: 0, count: CASES });
        expect(failures.map(({ index, test, found }) => ({ index, subject: test.subject, found }))).toEqual(
          [],
        );
        expect(counts.size).toBeGreaterThan(250);
      },
      LIMIT_MS,
    );

    it.each([
      ['one bit of a register', 'add', (state: Uint32Array) => (state[7] = state[7]! ^ 0x100)],
      ['a carry into SAR', 'ssl', (state: Uint32Array) => (state[16] = state[16]! + 1)],
      ['the address of an exception', 'ill', (state: Uint32Array) => (state[state.length - 1]! += 0x20)],
    ] as const)(
      'notices a core that gets %s wrong',
      async (_what, filter, damage) => {
        const core = boardCore();
        const wrong: CpuUnderTest = {
          ...core,
          getState() {
            const state = core.getState();
            damage(state);
            return state;
          },
        };
        const plan = { seed: 2, from: 0, count: 40, filter };
        expect((await compareRun(oracle, plan, undefined, wrong)).failures).toHaveLength(40);
      },
      LIMIT_MS,
    );

    it(
      'notices a core that throws, and goes on',
      async () => {
        const core = boardCore();
        let steps = 0;
        const wrong: CpuUnderTest = {
          ...core,
          step() {
            if (steps++ === 0) throw new Error('no such thing');
            core.step();
          },
        };
        const plan = { seed: 2, from: 0, count: 20, filter: 'or' };
        const { failures } = await compareRun(oracle, plan, undefined, wrong);
        expect(failures.map(({ trouble }) => trouble)).toEqual([expect.stringContaining('no such thing')]);
      },
      LIMIT_MS,
    );
  },
);

describe('the GDB client', () => {
  let server: Server | undefined;
  afterAll(() => void server?.close());

  /** A stub that answers each packet by a function. */
  async function stub(answer: (packet: string) => string | undefined): Promise<number> {
    const made = createServer((socket) => {
      socket.setEncoding('latin1');
      let text = '';
      socket.on('error', () => undefined);
      socket.on('data', (piece: string) => {
        text += piece;
        for (let parts = /\$([^#]*)#../.exec(text); parts; parts = /\$([^#]*)#../.exec(text)) {
          text = text.slice(parts.index + parts[0].length);
          const reply = answer(parts[1]!);
          if (reply === undefined) socket.destroy();
          else socket.write(`$${reply}#00`);
        }
      });
    });
    server?.close();
    server = made;
    await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
    return (made.address() as AddressInfo).port;
  }

  it('fails every wait when the stub goes away', async () => {
    const rsp = await openRsp(await stub((packet) => (packet.startsWith('m') ? undefined : 'OK')));
    await expect(rsp.readMemory(0x40100000, 10_000)).rejects.toThrow('closed the link');
    await expect(rsp.request('g')).rejects.toThrow('closed the link');
  });

  it('refuses a read that came back short', async () => {
    const rsp = await openRsp(await stub((packet) => (packet.startsWith('m') ? 'E14' : 'OK')));
    await expect(rsp.readMemory(0x40100000, 4)).rejects.toThrow('reading 4 bytes at 40100000: E14');
    rsp.close();
  });

  it('says that nobody answers', async () => {
    await expect(openRsp('/nonexistent/stub', 50)).rejects.toThrow('no GDB stub at /nonexistent/stub');
  });
});
