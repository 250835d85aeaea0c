import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Deadline } from '../core/deadline';
import { openRig } from './open-rig';
import { findRig } from './select-rigs';
import type { RunningRig } from './running-rig';
import { Bench } from './testkit/bench';

// The same code as on a bench: a board behind a serial server, flashed at a real rate, reset by its lines.
jest.setTimeout(240_000);

interface Status {
  readonly running: string;
  readonly uptime_ms: number;
}

async function status(rig: RunningRig): Promise<Status> {
  const answer = await fetch(
    `${rig.baseUrl}/status`,
    rig.token === undefined ? {} : { headers: { authorization: `Bearer ${rig.token}` } },
  );
  return (await answer.json()) as Status;
}

let locks: string;
let bench: Bench;

function open(file: string, deadline: Deadline, wait = false): Promise<RunningRig> {
  const { clock, bus } = bench;
  return openRig(findRig(file), { leaseOwner: 'a test', clock, bus, deadline, wait });
}

beforeAll(async () => {
  locks = mkdtempSync(join(tmpdir(), 'esprig-locks-'));
  process.env['ESPRIG_LOCKS'] = locks;
  bench = await Bench.start();
});

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  delete process.env['ESPRIG_LOCKS'];
  rmSync(locks, { recursive: true, force: true });
});

describe('a rig on a serial line', () => {
  it('is flashed, booted, updated, looked at, power-cycled and put back as shipped', async () => {
    using deadline = bench.deadline();
    const relay = `power: { commands: { on: "${bench.relay('on')}", off: "${bench.relay('off')}", state: "${bench.relay('state')}" }, offMs: 50 }`;
    const file = bench.usualRig('bench-1', [relay]);
    await using rig = await open(file, deadline);
    expect(rig.kind).toBe('serial');
    expect([...rig.capabilities]).toEqual(['reset', 'power-cut']);
    expect(await status(rig)).toMatchObject({ running: 'ota_0' });
    // The line was listened to before reset was released.
    expect(
      rig.console.lines.some(({ text }) => text.includes('ets Jan  8 2013,rst cause:2, boot mode:(3,')),
    ).toBe(true);

    const shipped = await rig.shippedState(deadline);
    expect(shipped.bootSlot).toBe('ota_0');
    expect(shipped.slots['ota_0']).toMatchObject({ isBootable: true, version: rig.firmware.version });

    rig.console.allowResets(1);
    const sent = await fetch(`${rig.baseUrl}/send`, {
      method: 'POST',
      body: Buffer.from(rig.firmware.imageFor('ota_1')),
    });
    expect(sent.status).toBe(200);
    const updated = await rig.readFlashState(deadline);
    expect(updated.bootSlot).toBe('ota_1');
    expect(updated.partitions['ota_0']).toBe(shipped.partitions['ota_0']);
    expect((await status(rig)).running).toBe('ota_1');

    await rig.power!.cycle(deadline);
    await rig.waitForReady(deadline);
    expect((await status(rig)).running).toBe('ota_1');

    bench.events.length = 0;
    await rig.restoreFirmware(deadline);
    expect((await status(rig)).running).toBe('ota_0');
    const flashed = bench.events.find(({ name }) => name === 'flashed')!.data as {
      parts: { name: string; action: string }[];
    };
    expect(flashed.parts.filter(({ action }) => action !== 'skipped').map(({ name }) => name)).toEqual([
      'otadata.bin',
    ]);
    // The other slot keeps the update; what a case begins with is what there is.
    const found = await rig.shippedState(deadline);
    expect(found.partitions['ota_1']).toBe(updated.partitions['ota_1']);
    expect(found).toEqual(await rig.readFlashState(deadline));
  });

  it('gives the firmware settings by NVS, and masks what is secret', async () => {
    using deadline = bench.deadline();
    process.env['BENCH_TOKEN'] = 'open-sesame';
    try {
      await using rig = await open(bench.usualRig('bench-2', ['dut: { tokenEnv: BENCH_TOKEN }']), deadline);
      expect(rig.secrets).toEqual(['open-sesame']);
      expect((await fetch(`${rig.baseUrl}/status`)).status).toBe(401);
      expect(await status(rig)).toMatchObject({ running: 'ota_0' });
      await rig.writeSettings({}, deadline);
      await rig.waitForReady(deadline);
      expect((await fetch(`${rig.baseUrl}/status`)).status).toBe(200);
    } finally {
      delete process.env['BENCH_TOKEN'];
    }
  });

  it('leaves another board than its file names alone', async () => {
    using deadline = bench.deadline();
    const before = await bench.board.act('read-flash', { offset: 0, length: 0x100000 });
    const file = bench.rigFile('bench-3', [
      'board: { mac: "5c:cf:7f:00:00:01", flash: 1MB, layout: one-mb }',
      `serial: { port: "${bench.serialUrl}" }`,
    ]);
    await expect(open(file, deadline)).rejects.toMatchObject({
      code: 'ESPRIG_RIG_WRONG_BOARD',
      blame: 'rig',
    });
    expect(await bench.board.act('read-flash', { offset: 0, length: 0x100000 })).toEqual(before);
    // Nothing of it is left: the next one gets port and lease.
    await using rig = await open(bench.usualRig('bench-1'), deadline);
    expect(rig.mac).toBe('5c:cf:7f:0a:0b:0c');
  });

  it('is had by one at a time, and a second one is told by whom', async () => {
    using deadline = bench.deadline();
    const file = bench.usualRig();
    await using rig = await open(file, deadline);
    await expect(open(file, deadline)).rejects.toMatchObject({
      code: 'ESPRIG_RIG_LEASE_HELD',
      message: expect.stringMatching(new RegExp(`process ${process.pid} of .*, since 20.* UTC, for a test`)),
    });
    expect(await status(rig)).toMatchObject({ running: 'ota_0' });
  });

  it('is broken from its first failure on until it is leased again', async () => {
    using deadline = bench.deadline();
    const words = [
      `on: "${bench.relay('on')}"`,
      `off: "${bench.relay('off')}"`,
      `state: "${bench.relay('state')}"`,
    ];
    const file = bench.usualRig('bench-5', [`power: { commands: { ${words.join(', ')} } }`]);
    bench.relayIsStuck = true;
    try {
      await using rig = await open(file, deadline);
      await expect(rig.power!.off(deadline)).rejects.toMatchObject({
        code: 'ESPRIG_RIG_POWER_FAILED',
        blame: 'rig',
      });
      await expect(rig.reset(deadline)).rejects.toMatchObject({
        code: 'ESPRIG_RIG_BROKEN',
        cause: { code: 'ESPRIG_RIG_POWER_FAILED' },
      });
    } finally {
      bench.relayIsStuck = false;
    }
    await using again = await open(file, deadline);
    await again.reset(deadline);
  });
});
