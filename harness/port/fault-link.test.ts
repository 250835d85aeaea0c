import { describe, expect, it } from '@jest/globals';
import { FaultLink } from './fault-link';
import type { FaultPlan } from './fault-link';
import { memoryPort } from './memory-port';
import { collect, serialLinkContract, until } from './port.contract';
import { recordingBoard } from './testkit/recording-board';
import type { RecordingBoard } from './testkit/recording-board';

serialLinkContract('a link with no faults planned', { exclusive: false }, () => {
  const { board, inner, link } = bench({ seed: 1 });
  return Promise.resolve({
    link,
    far: {
      send: (bytes: Uint8Array) => board.send(bytes, link.baud),
      received: () => board.received(),
      lines: () => board.lineLog,
      baud: () => board.hostBaud(),
      unplug: () => inner.unplug(),
    },
    dispose: () => Promise.resolve(),
  });
});

function bench(plan: FaultPlan): {
  board: RecordingBoard;
  inner: ReturnType<typeof memoryPort>;
  link: FaultLink;
} {
  const board = recordingBoard();
  const inner = memoryPort(board.line);
  return { board, inner, link: new FaultLink(inner, plan, () => inner.unplug()) };
}

describe('a link with faults', () => {
  it.each(['drop', 'duplicate', 'flip'] as const)(
    'makes %s faults at about the rate asked for',
    async (kind) => {
      const { board, link } = bench({ seed: 7, toBoard: { [kind]: 0.01 } });
      await link.open();
      await link.write(new Uint8Array(100_000).fill(0x33));
      const length = board.received().length;
      const wrong = board.received().filter((byte) => byte !== 0x33).length;
      expect(link.faults).toBeGreaterThan(800);
      expect(link.faults).toBeLessThan(1200);
      expect(length - 100_000).toBe(kind === 'drop' ? -link.faults : kind === 'duplicate' ? link.faults : 0);
      expect(wrong).toBe(kind === 'flip' ? link.faults : 0);
      await link.close();
    },
  );

  it('makes the same faults with the same seed, whatever the pieces', async () => {
    const outcomes = [];
    for (const piece of [1, 7, 500]) {
      const { board, link } = bench({ seed: 3, toBoard: { drop: 0.02, flip: 0.02 } });
      await link.open();
      for (let at = 0; at < 500; at += piece)
        await link.write(new Uint8Array(Math.min(piece, 500 - at)).fill(at));
      outcomes.push(link.counts);
      expect(board.received().length).toBe(500 - link.counts.dropped);
      await link.close();
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(outcomes[2]).toEqual(outcomes[0]);
  });

  it('pulls the cable after exactly so many bytes', async () => {
    const { board, link } = bench({ seed: 1, disconnectAtByte: 10 });
    await link.open();
    const got = collect(link);
    const closed: string[] = [];
    link.onClose(({ reason }) => closed.push(reason));
    await link.write(new Uint8Array(6));
    board.send(new Uint8Array(6), link.baud);
    await until(() => closed.length > 0);
    expect([board.received().length, got().length, closed]).toEqual([6, 4, ['unplugged']]);
    await expect(link.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'ESPRIG_PORT_UNPLUGGED' });
  });

  it('holds bytes up without changing their order', async () => {
    const { board, link } = bench({ seed: 5, toHost: { stall: 0.05 }, stallMs: 5 });
    await link.open();
    const got = collect(link);
    for (let i = 0; i < 50; i++) {
      board.send(Uint8Array.of(i), link.baud);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => got().length === 50);
    expect([...got()]).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(link.counts.stalled).toBeGreaterThan(0);
    await link.close();
  });

  it('heals after the number of faults planned', async () => {
    const { link } = bench({ seed: 2, toBoard: { drop: 0.5 }, maxFaults: 3 });
    await link.open();
    await link.write(new Uint8Array(1000));
    expect(link.faults).toBe(3);
    await link.close();
  });
});
