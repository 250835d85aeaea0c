import { afterEach, describe, expect, it } from '@jest/globals';
import { RealClock } from '../core/clock';
import { Deadline } from '../core/deadline';
import { Console } from '../device/console';
import { ROM_BAUD } from '../device/reset';
import { memoryPort, type MemoryPort } from '../port/memory-port';
import { portError } from '../port/port-errors';
import { BrokenOnce } from './broken-once';
import { LastingLink } from './lasting-link';
import { physicalPower } from './physical-power';
import type { RigPower } from './running-rig';

const clock = new RealClock();
const BANNER = '\r\n ets Jan  8 2013,rst cause:1, boot mode:(3,6)\r\n';
const opened: (() => Promise<void>)[] = [];

interface Bench {
  readonly console: Console;
  readonly power: RigPower;
  readonly told: string[];
  readonly say: (text: string) => void;
}

/** A board on a hub's port; `adapter`: what becomes of the serial adapter when the power goes. */
async function benchWith(adapter: 'goes with the power' | 'has its own'): Promise<Bench> {
  let transmit: ((bytes: Uint8Array, baud: number) => void) | undefined;
  let isThere = true;
  let port: MemoryPort | undefined;
  const link = new LastingLink(() => {
    const line = {
      receiveFromHost: () => undefined,
      setLines: () => undefined,
      onTransmit: (listener: typeof transmit) => void (transmit = listener),
    };
    port = memoryPort(line, { path: '/dev/ttyUSB0', baud: ROM_BAUD });
    const open = port.open.bind(port);
    port.open = () => (isThere ? open() : Promise.reject(portError('ESPRIG_PORT_MISSING', 'not there')));
    return port;
  });
  await link.open();
  const console = new Console({ link, clock, appBaud: ROM_BAUD });
  const say = (text: string): void => transmit?.(Buffer.from(text), ROM_BAUD);
  const told: string[] = [];
  const hub = {
    ...{ about: 'hub', offMs: 5, cycle: undefined, read: () => Promise.resolve(undefined) },
    set: (state: 'on' | 'off') => {
      if (state === 'on') say(BANNER);
      if (adapter === 'has its own') return Promise.resolve();
      isThere = false;
      // The system makes the device anew some time after the board has begun to speak.
      if (state === 'off') port!.unplug();
      else clock.after(150, () => (isThere = true));
      return Promise.resolve();
    },
  };
  const power = physicalPower(hub, link, console, new BrokenOnce('desk'), {
    tell: () => undefined,
    starts: () => void told.push('starts'),
    missed: () => void told.push('missed'),
  });
  opened.push(async () => {
    console[Symbol.dispose]();
    await link.close();
  });
  return { console, power, told, say };
}

afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

describe('the power of a board on a bench', () => {
  it('tells when an adapter that went with it has cost the first lines of the start', async () => {
    const { power, told } = await benchWith('goes with the power');
    using deadline = new Deadline({ clock, budgetMs: 5_000, phase: 'power', blame: 'rig' });
    await power.cycle(deadline);
    expect(told).toEqual(['starts', 'missed']);
  });

  it('tells nothing of the kind where every line is heard', async () => {
    const { console, power, told, say } = await benchWith('has its own');
    using deadline = new Deadline({ clock, budgetMs: 5_000, phase: 'power', blame: 'rig' });
    await power.cycle(deadline);
    await console.expect('rst cause:1', deadline);
    expect([told, console.incidents]).toEqual([['starts'], []]);
    say(BANNER);
    await expect(console.expect('never', deadline)).rejects.toMatchObject({ code: 'ESPRIG_DUT_RESET' });
  });
});
