import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { RealClock } from '../core/clock';
import { Deadline } from '../core/deadline';
import { PROFILES } from '../device/dut-profile';
import { silentHost } from '../device/testkit/silent-host';
import { ANSWERED_BEFORE, waitUntilReady } from './ready';
import { RigNetwork } from './rig-network';
import type { RigPlan } from './rig-plan';
import { spokenConsole } from './testkit/spoken-console';

const clock = new RealClock();
const servers: Server[] = [];

/** A device that takes connections and lets what comes there be done with them. */
async function deviceThat(does: (count: number, socket: Socket) => void): Promise<string> {
  let count = 0;
  const server = createServer((socket) => {
    socket.on('error', () => undefined).unref();
    does((count += 1), socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Waits for the device at an address, and explains as a rig on a bench does. */
async function waitFor(
  address: string,
  { said = [], budgetMs = 700 }: { readonly said?: readonly string[]; readonly budgetMs?: number } = {},
): Promise<unknown> {
  using spoken = await spokenConsole();
  const { console, say } = spoken;
  const plan = { name: 'bench', devicePort: 80, description: { network: { address } } };
  const network = new RigNetwork(plan as unknown as RigPlan, console);
  using deadline = new Deadline({ clock, budgetMs, phase: 'boot', blame: 'dut' });
  await network.find(0, deadline);
  console.allowResets(1);
  const { baseUrl } = network;
  const rig = { baseUrl, dutProfile: PROFILES.contract, token: undefined, clock, console };
  const waiting = waitUntilReady(rig, 0, deadline);
  for (const line of said) say(line);
  return await waiting.catch((error: unknown) => network.explain(error, 0));
}

const BOOT = [
  ' ets Jan  8 2013,rst cause:2, boot mode:(3,6)',
  'I (41) boot: ESP-IDF v3.4 2nd stage bootloader',
];
const APP = 'I (231) app_main: listening on port 80';

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

describe('the wait for a device', () => {
  it('that hangs says what did not come, and not what it would have ended with', async () => {
    expect(await waitFor(await deviceThat(() => undefined), { said: [APP] })).toMatchObject({
      code: 'ESPRIG_DEADLINE',
      blame: 'dut',
      message: expect.stringMatching(
        /^boot: no HTTP answer of the device within 700 ms .* listening on port 80$/,
      ),
      hint: expect.stringMatching(/^The last attempt: .*0 bytes of a body/),
      evidence: [{ title: 'last console lines' }],
    });
  });

  it('that took a connection and then hung says that, too', async () => {
    const address = await deviceThat((count, socket) => {
      if (count === 1) socket.destroy();
    });
    expect(await waitFor(address)).toMatchObject({
      code: 'ESPRIG_DEADLINE',
      hint: expect.stringContaining(ANSWERED_BEFORE),
    });
  });

  it('ends at once when the console tells that the board has died', async () => {
    const startMs = clock.nowMs();
    const died = await waitFor(await deviceThat(() => undefined), {
      said: ['abort() was called at PC 0x40212345 on core 0'],
      budgetMs: 20_000,
    });
    expect(died).toMatchObject({ code: 'ESPRIG_DUT_CRASH', blame: 'dut' });
    expect(clock.nowMs() - startMs).toBeLessThan(10_000);
  });

  it("where nothing ever answers is told as the network's trouble, with what to look at", async () => {
    await using host = await silentHost();
    for (const said of [[...BOOT, APP], []]) {
      expect(await waitFor(host.address, { said })).toMatchObject({
        code: 'ESPRIG_RIG_NETWORK_FAILED',
        blame: 'rig',
        message: expect.stringMatching(`cannot be reached at http://${host.address}`),
        hint: expect.stringMatching(/network\.address.*network\.join/),
        evidence: [{ title: 'last console lines' }],
      });
    }
  });

  it("is the firmware's where its app has not begun", async () => {
    await using host = await silentHost();
    expect(await waitFor(host.address, { said: BOOT })).toMatchObject({
      code: 'ESPRIG_DEADLINE',
      blame: 'dut',
    });
  });
});
