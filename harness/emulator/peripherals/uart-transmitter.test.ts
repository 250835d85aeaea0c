import { describe, expect, it } from '@jest/globals';
import { createBench } from '../testkit/manual-time';
import { TICKS_PER_SECOND } from '../time';
import { UartSettings } from './uart-settings';
import { UartTransmitter } from './uart-transmitter';

const MICRO = TICKS_PER_SECOND / 1e6;

function createTransmitter(fastWire: boolean) {
  const bench = createBench();
  const sent: { byte: number; baud: number; atTicks: number }[] = [];
  const transmitter = new UartTransmitter(
    bench.context,
    new UartSettings(bench.context.clocks),
    {
      transmitted: (byte, baud, atTicks) => sent.push({ byte, baud, atTicks }),
      changed: () => undefined,
    },
    { name: 'uart', instantTx: false, fastWire },
  );
  return { ...bench, transmitter, sent };
}

describe('a fast wire', () => {
  it('carries a frame out in 1.5 µs at any rate, and still tells the rate', () => {
    const { transmitter, sent, time } = createTransmitter(true);
    for (const byte of [1, 2, 3]) transmitter.write(byte);
    expect(transmitter.fifo.length).toBe(2);
    expect(transmitter.idle).toBe(false);
    time.advanceBy(4.5 * MICRO);
    expect(sent.map(({ byte }) => byte)).toEqual([1, 2, 3]);
    expect(sent.map(({ atTicks }) => atTicks / MICRO)).toEqual([1.5, 3, 4.5]);
    expect(sent[0]!.baud).toBe(74928);
    expect(transmitter.idle).toBe(true);
  });

  it('is nothing that a board has unless it is asked for', () => {
    const { transmitter, sent, time } = createTransmitter(false);
    transmitter.write(1);
    time.advanceBy(100 * MICRO);
    expect(sent).toEqual([]);
    time.advanceBy(40 * MICRO);
    expect(sent).toHaveLength(1);
  });
});
