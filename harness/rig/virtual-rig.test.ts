import { describe, expect, it, jest } from '@jest/globals';
import { connect, type Socket } from 'node:net';
import { RealClock } from '../core/clock';
import { Deadline } from '../core/deadline';
import { EventBus, type EsprigEvent } from '../core/events';
import { openRig } from './open-rig';
import { AIR_CAPTURED, type RunningRig } from './running-rig';
import { findRig } from './select-rigs';

jest.setTimeout(240_000);

const clock = new RealClock();
const deadline = (budgetMs = 120_000): Deadline =>
  new Deadline({ clock, budgetMs, phase: 'test', blame: 'rig' });

async function open(name: string, limit: Deadline, events: EsprigEvent[] = []): Promise<RunningRig> {
  const bus = new EventBus(clock);
  bus.on((event) => void events.push(event));
  return openRig(findRig(name), { leaseOwner: 'a test', clock, bus, deadline: limit });
}

interface Status {
  readonly running: string;
  readonly uptime_ms: number;
}

async function status(rig: RunningRig): Promise<Status> {
  return (await (await fetch(`${rig.baseUrl}/status`)).json()) as Status;
}

async function upload(rig: RunningRig, slot: string): Promise<Response> {
  return fetch(`${rig.baseUrl}/send`, { method: 'POST', body: Buffer.from(rig.firmware.imageFor(slot)) });
}

const EVENTS = 'GET /event HTTP/1.1\r\nAccept: text/event-stream\r\n\r\n';

/** A client that says this and keeps its side open; it has been connected to the device when something comes back. */
async function client(
  rig: RunningRig,
  says: string,
): Promise<{ readonly socket: Socket; readonly heard: () => string }> {
  let text = '';
  const socket = connect({
    host: '127.0.0.1',
    port: Number(new URL(rig.baseUrl).port),
    allowHalfOpen: true,
  });
  socket.on('error', () => undefined);
  socket.write(says);
  socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
  await new Promise<void>((resolve) => {
    // A request that is not whole has no answer to wait for.
    if (says.includes('\r\n\r\n') && !says.startsWith('POST')) socket.once('data', () => resolve());
    else setTimeout(resolve, 200);
  });
  return { socket, heard: () => text };
}

/** Of pcap records: milliseconds since 1970. */
function timesOf(records: Buffer): readonly number[] {
  const times: number[] = [];
  for (let at = 0; at < records.length; at += 16 + records.readUInt32LE(at + 8)) {
    times.push(records.readUInt32LE(at) * 1000 + records.readUInt32LE(at + 4) / 1e6);
  }
  return times;
}

describe('a virtual rig', () => {
  it('is flashed over its serial line, boots with every byte of the log heard, and is restored in no time', async () => {
    using limit = deadline();
    const events: EsprigEvent[] = [];
    await using rig = await open('virtual-1mb', limit, events);
    expect(events.filter(({ name }) => name === 'phase-ended').map(({ data }) => data['phase'])).toEqual([
      'flash',
      'boot',
    ]);
    const flashed = events.find(({ name }) => name === 'flashed')!.data as {
      loader: string;
      baud: number;
      parts: { verifiedBy: string }[];
    };
    expect(flashed).toMatchObject({ loader: 'stub', baud: 2_000_000 });
    const lines = rig.console.lines.map(({ text }) => text.trimEnd());
    expect(lines.find((line) => line !== '')).toBe(' ets Jan  8 2013,rst cause:2, boot mode:(3,6)');
    expect(lines.some((line) => line.includes('server started'))).toBe(true);

    const shipped = await rig.readFlashState(limit);
    expect(shipped.bootSlot).toBe('ota_0');
    const { uptime_ms: uptimeMs } = await status(rig);

    rig.console.allowResets(1);
    expect((await upload(rig, 'ota_1')).status).toBe(200);
    await rig.console.expect(/in ota_1 at 0x80000/, limit);
    expect((await rig.readFlashState(limit)).bootSlot).toBe('ota_1');

    await rig.waitForReady(limit);
    // A connection of before must not live on as a ghost.
    const stream = await fetch(`${rig.baseUrl}/event`, { headers: { accept: 'text/event-stream' } });
    const streamEnds = stream.text().then(
      () => 'ended',
      () => 'ended',
    );

    const times: number[] = [];
    for (let round = 0; round < 5; round++) {
      const startMs = clock.nowMs();
      await rig.restoreFirmware(limit);
      times.push(clock.nowMs() - startMs);
      const now = await status(rig);
      expect(now.running).toBe('ota_0');
      // It goes on from where it was, not from a boot of its own.
      expect(now.uptime_ms).toBeLessThan(uptimeMs + 30_000);
    }
    expect(await rig.readFlashState(limit)).toEqual(shipped);
    expect(await limit.wait(streamEnds, 'end of the old stream')).toBe('ended');
    // Tens of milliseconds on an idle machine; a boot over serial takes seconds.
    expect(Math.min(...times)).toBeLessThan(2_000);
  });

  it('has been reset when the reset has come to its end, however late the board is', async () => {
    using limit = deadline();
    const events: EsprigEvent[] = [];
    await using rig = await open('virtual-1mb', limit, events);
    const resets = (): number =>
      events.filter(({ name, data }) => name === 'board-reset' && data['reset'] === 'external').length;
    for (let round = 0; round < 5; round++) {
      const before = resets();
      await rig.reset(limit);
      expect({ round, resets: resets() - before }).toEqual({ round, resets: 1 });
      await rig.waitForReady(limit);
    }
    await rig.power!.off(limit);
    await rig.reset(limit);
    await rig.power!.on(limit);
    await rig.waitForReady(limit);
  });

  it('forgets a connection that is restored away in the middle of an upload', async () => {
    using limit = deadline();
    await using rig = await open('virtual-1mb', limit);
    const image = rig.firmware.imageFor('ota_1');
    const half = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(image.slice(0, image.length >> 1)),
    });
    const broken = fetch(`${rig.baseUrl}/send`, {
      method: 'POST',
      body: half,
      headers: { 'content-length': String(image.length) },
      duplex: 'half',
    });
    const failed = expect(broken).rejects.toThrow();
    await rig.console.expect(/./, limit, { since: 0 });
    await limit.sleep(200, 'some of the upload');
    await rig.restoreFirmware(limit);
    await failed;
    rig.console.allowResets(1);
    expect((await upload(rig, 'ota_1')).status).toBe(200);
  });

  it('loses power at a chosen flash operation, and still boots the old or the new image', async () => {
    using limit = deadline();
    await using rig = await open('virtual-2mb', limit);
    const before = await rig.power!.flashOperations!(limit);
    const cut = await rig.power!.armCut!({ operation: before + 10, counted: 'total', seed: 7 }, limit);
    const sent = upload(rig, 'ota_1').catch((error: unknown) => error);
    expect((await cut.whenCut(limit)).operation).toBeDefined();
    await rig.power!.on(limit);
    await sent;
    await rig.waitForReady(limit);
    expect((await status(rig)).running).toBe('ota_0');
    // A cut that is still armed goes with the board that it was armed for.
    await rig.restoreFirmware(limit);
    rig.console.allowResets(1);
    expect((await upload(rig, 'ota_1')).status).toBe(200);
    await rig.console.expect(/in ota_1 at/, limit);
  });

  it('goes on over a bad air, and is as shipped without it', async () => {
    using limit = deadline();
    await using rig = await open('virtual-2mb', limit);
    await rig.impairAir!([{ loss: 0.3 }]);
    expect((await status(rig)).running).toBe('ota_0');
    await rig.restoreFirmware(limit);
  });

  it('tells what goes over the air, in the time of this machine, over power cuts and snapshots', async () => {
    using limit = deadline();
    const events: EsprigEvent[] = [];
    const begunMs = clock.wallTimeMs();
    const rig = await open('virtual-1mb', limit, events);
    await rig.restoreFirmware(limit);
    await rig.power!.cycle(limit);
    await rig.waitForReady(limit);
    const askedMs = clock.wallTimeMs();
    await status(rig);
    const answeredMs = clock.wallTimeMs();
    await rig[Symbol.asyncDispose]();
    const records = Buffer.concat(
      events.filter(({ name }) => name === AIR_CAPTURED).map(({ data }) => data['records'] as Uint8Array),
    );
    const times = timesOf(records);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBeGreaterThan(begunMs - 50);
    expect(times.at(-1)).toBeLessThan(clock.wallTimeMs() + 50);
    // The request and its answer: a millisecond or two each way is what two clocks may differ by.
    expect(times.filter((ms) => ms >= askedMs - 5 && ms <= answeredMs + 5).length).toBeGreaterThan(4);
  });

  it('takes settings into NVS until it is restored', async () => {
    using limit = deadline();
    await using rig = await open('virtual-1mb', limit);
    await rig.writeSettings({ token: 'open-sesame' }, limit);
    await rig.waitForReady(limit);
    expect(rig.token).toBe('open-sesame');
    expect((await fetch(`${rig.baseUrl}/status`)).status).toBe(401);
    await rig.restoreFirmware(limit);
    expect(rig.token).toBeUndefined();
    expect((await fetch(`${rig.baseUrl}/status`)).status).toBe(200);
  });

  it('lets a client sleep, wakes it, and knows only clients that are connected', async () => {
    using limit = deadline();
    await using rig = await open('virtual-1mb', limit);
    const { socket: sleeper, heard } = await client(rig, EVENTS);
    await expect(rig.setClientAsleep!(1, true, limit)).rejects.toMatchObject({ code: 'ESPRIG_USAGE' });
    await rig.setClientAsleep!(sleeper.localPort!, true, limit);
    const before = heard();
    expect((await fetch(`${rig.baseUrl}/send`, { method: 'POST', body: 'no image' })).status).toBe(400);
    await limit.sleep(500, 'the events of the refusal');
    expect(heard()).toBe(before);
    await rig.setClientAsleep!(sleeper.localPort!, false, limit);
    while (!heard().includes('bad_magic')) await limit.sleep(20, 'what it slept through');
    sleeper.destroy();
  });

  it('closes at once, whatever its clients are doing', async () => {
    using limit = deadline();
    const rig = await open('virtual-1mb', limit);
    const clients: Socket[] = [];
    const one = async (says: string): Promise<Socket> => {
      const { socket } = await client(rig, says);
      clients.push(socket);
      return socket;
    };
    await one(EVENTS);
    (await one(EVENTS)).pause();
    await rig.setClientAsleep!((await one(EVENTS)).localPort!, true, limit);
    // The device has ended, the client has not, and the other way round.
    await one('GET /status HTTP/1.1\r\n\r\n');
    (await one('POST /send HTTP/1.1\r\nContent-Length: 9000\r\n\r\n')).end();
    // Half-open, and then the device is gone: ends and resets come in one breath.
    await rig.restoreFirmware(limit);
    await one(EVENTS);
    (await one('GET /sta')).end();
    await rig.power!.off(limit);
    clients.push(connect({ host: '127.0.0.1', port: Number(new URL(rig.baseUrl).port) }));
    await limit.sleep(100, 'one that waits for the device');
    const startedMs = clock.nowMs();
    await rig[Symbol.asyncDispose]();
    expect(clock.nowMs() - startedMs).toBeLessThan(3000);
    for (const socket of clients) socket.destroy();
  });

  it('tells at once of a firmware that does not start, and blames it', async () => {
    using limit = deadline();
    await using rig = await open('virtual-1mb', limit);
    const bad = rig.firmware.flash.find(({ offset }) => offset === 0)!;
    const bytes = bad.bytes.slice();
    bytes[0x20] = bytes[0x20]! ^ 0xff;
    await rig.writeFlash([{ ...bad, bytes }], limit);
    using boot = limit.sub({ phase: 'boot', budgetMs: 20_000, blame: 'dut' });
    await expect(rig.waitForReady(boot)).rejects.toMatchObject({ blame: 'dut' });
    expect(boot.spentMs()).toBeLessThan(15_000);
    await rig.restoreFirmware(limit);
    expect((await status(rig)).running).toBe('ota_0');
  });
});
