import { describe, expect, it } from '@jest/globals';
import { RealClock } from '../core/clock';
import { Deadline } from '../core/deadline';
import type { BoardLine } from '../port/board-line';
import { memoryPort, type MemoryPort } from '../port/memory-port';
import { portError } from '../port/port-errors';
import type { LinkClosed } from '../port/port';
import { LastingLink } from './lasting-link';

const clock = new RealClock();

/** A USB port of a hub: adapters come and go, the board behind them says what it is told to. */
class UsbPort {
  readonly adapters: MemoryPort[] = [];
  readonly heard: string[] = [];
  /** Openings that fail before the system has made the device anew. */
  missingFor = 0;
  say: (text: string) => void = () => undefined;
  readonly #line: BoardLine = {
    receiveFromHost: (bytes, baud) => void this.heard.push(`${Buffer.from(bytes).toString()}@${baud}`),
    setLines: () => undefined,
    onTransmit: (listener) => {
      this.say = (text) => listener?.(Buffer.from(text), 115_200);
    },
  };

  plug(): MemoryPort {
    const adapter = memoryPort(this.#line, { path: '/dev/ttyUSB0', garbleOtherBaud: false });
    const open = adapter.open.bind(adapter);
    adapter.open = () => {
      if (this.missingFor === 0) return open();
      this.missingFor -= 1;
      return Promise.reject(portError('ESPRIG_PORT_MISSING', '/dev/ttyUSB0 is not there'));
    };
    this.adapters.push(adapter);
    return adapter;
  }
}

async function linked(): Promise<{
  readonly usb: UsbPort;
  readonly link: LastingLink;
  readonly text: string[];
  readonly ends: LinkClosed[];
}> {
  const usb = new UsbPort();
  const link = new LastingLink(() => usb.plug());
  const text: string[] = [];
  const ends: LinkClosed[] = [];
  link.onData(({ bytes }) => text.push(Buffer.from(bytes).toString()));
  link.onClose((closed) => ends.push(closed));
  await link.open();
  return { usb, link, text, ends };
}

function limit(budgetMs = 5_000): Deadline {
  return new Deadline({ clock, budgetMs, phase: 'power', blame: 'rig' });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a link to a board on a switched USB port', () => {
  it('is one link although the adapter goes with the power and comes back late', async () => {
    const { usb, link, text, ends } = await linked();
    usb.say('before ');
    await turn();
    link.expectPowerCut();
    usb.adapters[0]!.unplug();
    expect([link.isOpen, ends]).toEqual([true, []]);
    await link.setBaud(74_880);
    usb.missingFor = 3;
    expect(await link.resume(limit())).toBe(true);
    usb.say('after');
    await turn();
    await link.write(Buffer.from('hello'));
    expect(text.join('')).toBe('before after');
    // The rate that was asked for while there was no adapter is the new one's.
    expect(usb.heard).toEqual(['hello@74880']);
    expect(usb.adapters.length).toBe(5);
    await link.close();
    expect(ends).toEqual([expect.objectContaining({ reason: 'closed' })]);
  });

  it('is the same link where the adapter has power of its own', async () => {
    const { usb, link } = await linked();
    link.expectPowerCut();
    expect(await link.resume(limit())).toBe(false);
    expect(usb.adapters).toHaveLength(1);
    await link.close();
  });

  it('takes nothing while there is no power', async () => {
    const { usb, link } = await linked();
    link.expectPowerCut();
    usb.adapters[0]!.unplug();
    await expect(link.write(Buffer.from('x'))).rejects.toThrow(/the board has no power/);
    await link.close();
  });

  it('tells of a cable that is pulled at any other time', async () => {
    const { usb, link, ends } = await linked();
    usb.adapters[0]!.unplug('somebody stumbled');
    expect(ends).toEqual([expect.objectContaining({ reason: 'unplugged', detail: 'somebody stumbled' })]);
    expect(link.isOpen).toBe(false);
    const late: LinkClosed[] = [];
    link.onClose((closed) => late.push(closed));
    expect(late).toHaveLength(1);
  });

  it('gives up on an adapter that does not come back', async () => {
    const { usb, link } = await linked();
    link.expectPowerCut();
    usb.adapters[0]!.unplug();
    usb.missingFor = 1_000;
    await expect(link.resume(limit(350))).rejects.toMatchObject({ code: 'ESPRIG_DEADLINE', blame: 'rig' });
    await link.close();
  });
});
