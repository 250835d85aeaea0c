import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BoardAirEvent, BoardAirOptions } from '../../../harness/host/air';
import { BoardThread } from '../../../harness/host/board-thread';
import { compilerMissing } from '../../torture/toolchain';
import { wifiEcho, wifiEchoImage } from './wifi-echo';

const noCompiler = compilerMissing();
const whenCompiled = noCompiler === undefined ? describe : describe.skip;
const reason = noCompiler === undefined ? '' : ` (skipped: ${noCompiler})`;
const LIMIT_MS = 60_000;

whenCompiled(`a board's air in its thread${reason}`, () => {
  let image: Uint8Array;
  let folder: string;
  beforeAll(() => {
    image = wifiEchoImage(wifiEcho());
    folder = mkdtempSync(join(tmpdir(), 'esprig-air-'));
  }, LIMIT_MS);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** A board that runs the access point, and what its air tells. */
  async function start(air: BoardAirOptions) {
    const board = BoardThread.start({ pacing: 'fast', air });
    const events: BoardAirEvent[] = [];
    let changed = (): void => undefined;
    board.listen({
      air: (event) => {
        events.push(event);
        changed();
      },
      gone: () => changed(),
    });
    const until = async (condition: () => boolean): Promise<void> => {
      while (!condition()) await new Promise<void>((resolve) => (changed = resolve));
    };
    await board.act('program-flash', { offset: 0, bytes: image });
    return { board, events, until };
  }
  const readies = (events: readonly BoardAirEvent[]): number =>
    events.filter((event) => event.what === 'state' && event.state === 'ready').length;

  it(
    'has a station that joins, joins again after a reset, and writes a capture',
    async () => {
      const pcapFile = join(folder, 'air.pcap');
      const { board, events, until } = await start({ peer: 'station', ssid: 'wifi-echo', pcapFile });
      await board.act('power-on');
      await until(() => readies(events) === 1);
      expect(await board.act('air-status')).toMatchObject({
        peer: 'station',
        state: 'ready',
        deviceIp: '192.168.4.1',
        forwards: [],
      });
      await board.act('press-reset');
      await until(() => readies(events) === 2);
      expect(events).toContainEqual({ what: 'state', state: 'idle', why: 'ap-restarted', detail: 0 });
      await board.close();
      const capture = readFileSync(pcapFile);
      expect(capture.readUInt32LE(0)).toBe(0xa1b23c4d);
      expect(capture.length).toBeGreaterThan(1000);
    },
    LIMIT_MS,
  );

  it(
    'loses what it is told to lose, until it is told otherwise',
    async () => {
      await using given = await start({ peer: 'station', impairments: [{ loss: 1 }] }).then((started) => ({
        ...started,
        [Symbol.asyncDispose]: () => started.board.close(),
      }));
      const { board, events, until } = given;
      await board.act('power-on');
      let before = 0;
      while (before < 20) before = (await board.act('air-status'))?.framesSent ?? 0;
      expect(readies(events)).toBe(0);
      await board.act('impair-air', []);
      await until(() => readies(events) === 1);
    },
    LIMIT_MS,
  );

  it(
    'tells which ports lead to the device, and fails to start where one is taken',
    async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const free = await start({ peer: 'station', forwards: [{ hostPort: 0, devicePort: 80 }] });
      await free.until(() => free.events.some(({ what }) => what === 'listening'));
      expect(free.events[0]).toEqual({
        what: 'listening',
        forwards: [{ hostPort: expect.any(Number), devicePort: 80 }],
      });
      await free.board.close();
      await expect(
        start({ peer: 'station', forwards: [{ hostPort: port, devicePort: 80 }] }),
      ).rejects.toMatchObject({
        code: 'ESPRIG_PORT_BUSY',
      });
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
    LIMIT_MS,
  );
});
