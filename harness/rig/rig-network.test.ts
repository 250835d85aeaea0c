import { afterEach, describe, expect, it } from '@jest/globals';
import { RealClock } from '../core/clock';
import { Deadline } from '../core/deadline';
import type { Console } from '../device/console';
import { ANSWERED_BEFORE } from './ready';
import { RigNetwork } from './rig-network';
import type { RigPlan } from './rig-plan';
import { spokenConsole } from './testkit/spoken-console';

const clock = new RealClock();
const opened: Disposable[] = [];

async function consoleOf(): Promise<{ readonly console: Console; readonly say: (text: string) => void }> {
  const spoken = await spokenConsole();
  opened.push(spoken);
  return spoken;
}

function networkOf(network: object | undefined, console: Console): RigNetwork {
  return new RigNetwork(
    { name: 'bench', devicePort: 80, description: { network } } as unknown as RigPlan,
    console,
  );
}

function limit(budgetMs = 5_000): Deadline {
  const deadline = new Deadline({ clock, budgetMs, phase: 'boot', blame: 'dut' });
  opened.push(deadline);
  return deadline;
}

afterEach(() => {
  for (const each of opened.splice(0)) each[Symbol.dispose]();
});

describe('the address of a board', () => {
  it('is read from the console line of this start, and from the next one after a restart', async () => {
    const { console, say } = await consoleOf();
    const network = networkOf(undefined, console);
    expect(() => network.baseUrl).toThrow(/not known yet/);
    say('I (13) wifi: address 192.168.4.1');
    await network.find(0, limit());
    expect(network.baseUrl).toBe('http://192.168.4.1');
    const mark = console.mark();
    network.forget();
    say('I (2911) wifi: address 10.0.0.7');
    await network.find(mark, limit());
    expect(network.baseUrl).toBe('http://10.0.0.7');
  });

  it('is read by the pattern of the rig file, with its port', async () => {
    const { console, say } = await consoleOf();
    const network = networkOf({ address: 'from-log', pattern: 'sta ip: ([0-9.]+)', port: 8080 }, console);
    say('I (13) wifi: address 192.168.4.1');
    say('event: sta ip: 10.1.2.3, mask: 255.255.255.0');
    await network.find(0, limit());
    expect(network.baseUrl).toBe('http://10.1.2.3:8080');
  });

  it('is the one of the start before where the lines of a start could not be heard', async () => {
    const { console, say } = await consoleOf();
    const network = networkOf(undefined, console);
    say('I (13) wifi: address 192.168.4.1');
    await network.find(0, limit());
    const mark = console.mark();
    network.forget();
    network.recall();
    say('I (900) app: the first line that was heard');
    await network.find(mark, limit());
    expect(network.baseUrl).toBe('http://192.168.4.1');
    // What was heard all the same counts more.
    network.forget();
    network.recall();
    say('I (2911) wifi: address 10.0.0.7');
    await console.expect('10.0.0.7', limit());
    await network.find(mark, limit());
    expect(network.baseUrl).toBe('http://10.0.0.7');
    // The next start is heard again, and waited for.
    network.forget();
    await expect(network.find(console.mark(), limit(100))).rejects.toMatchObject({ code: 'ESPRIG_DEADLINE' });
  });

  it('is awaited no longer than there is time, and the last line tells why', async () => {
    const { console, say } = await consoleOf();
    say('W (900) wifi: disconnected, reason 201');
    await expect(networkOf(undefined, console).find(0, limit(200))).rejects.toMatchObject({
      code: 'ESPRIG_DEADLINE',
      blame: 'dut',
      message: expect.stringContaining('reason 201'),
    });
  });

  it('is the fixed one without a look at the console; the way into its network is a command', async () => {
    const { console } = await consoleOf();
    const network = networkOf({ address: '10.0.0.9:8000', join: 'test 1 = 1' }, console);
    await network.find(0, limit());
    expect(network.baseUrl).toBe('http://10.0.0.9:8000');
    const failing = networkOf({ address: '10.0.0.9', join: 'echo no such network; exit 4' }, console);
    await expect(failing.find(0, limit())).rejects.toMatchObject({
      code: 'ESPRIG_RIG_NETWORK_FAILED',
      blame: 'rig',
      message: expect.stringContaining('ended with 4'),
    });
  });

  it('blames the rig for a board that cannot be reached, and the firmware for one that refuses', async () => {
    const { console } = await consoleOf();
    const network = networkOf({ address: '10.0.0.9' }, console);
    const unreachable = limit(0).error('HTTP answer', {
      hint: 'The last attempt: connect EHOSTUNREACH 10.0.0.9:80',
    });
    expect(network.explain(unreachable)).toMatchObject({ code: 'ESPRIG_RIG_NETWORK_FAILED', blame: 'rig' });
    for (const what of ['last seen: no connection yet', 'GET http://board.local/: the name is not known']) {
      const silent = limit(0).error('HTTP answer', { hint: `The last attempt: ${what}` });
      expect(network.explain(silent)).toMatchObject({ code: 'ESPRIG_RIG_NETWORK_FAILED', blame: 'rig' });
      const later = limit(0).error('HTTP answer', { hint: `The last attempt: ${what}. ${ANSWERED_BEFORE}` });
      expect(network.explain(later)).toBe(later);
    }
    const refused = limit(0).error('HTTP answer', {
      hint: 'The last attempt: nobody listens at 10.0.0.9:80',
    });
    expect(network.explain(refused)).toBe(refused);
  });
});
