import { describe, expect, test } from '@jest/globals';
import { ManualClock } from './clock';
import { EventBus, type EsprigEvent } from './events';

function setUp() {
  const clock = new ManualClock(10);
  const bus = new EventBus(clock);
  const seen: EsprigEvent[] = [];
  return { clock, bus, seen, note: (event: EsprigEvent) => void seen.push(event) };
}

describe('the event bus', () => {
  test('stamps each event with the time of its clock and tells it before emit returns', () => {
    const { clock, bus, seen, note } = setUp();
    bus.on(note);
    bus.emit('port', 'line-change', { dtr: true });
    clock.advanceBy(5);
    bus.emit('device', 'reset');
    expect(seen).toEqual([
      { at: 10, room: 'port', name: 'line-change', data: { dtr: true } },
      { at: 15, room: 'device', name: 'reset', data: {} },
    ]);
  });

  test('tells a subscriber only what it asked for', () => {
    const { bus, seen, note } = setUp();
    bus.on(note, { room: 'port', name: 'retry' });
    bus.emit('port', 'line-change');
    bus.emit('device', 'retry');
    bus.emit('port', 'retry');
    expect(seen).toHaveLength(1);
  });

  test('tells nothing to who has left, also when leaving during an event', () => {
    const { bus, seen, note } = setUp();
    const leave = bus.on((event) => {
      note(event);
      leave();
    });
    bus.emit('port', 'one');
    bus.emit('port', 'two');
    expect(seen.map((event) => event.name)).toEqual(['one']);
  });

  test('a broken subscriber breaks neither the work nor the others, and is told of', () => {
    const { bus, seen, note } = setUp();
    bus.on(() => {
      throw new Error('disk full');
    });
    bus.on(note);
    bus.emit('port', 'retry');
    expect(seen.map((event) => event.name)).toEqual(['subscriber-failed', 'retry']);
    expect(seen[0]?.data).toEqual({ event: 'port/retry', error: 'Error: disk full' });
    expect(bus.failures).toBe(2);
  });
});
