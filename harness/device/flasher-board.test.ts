import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RealClock } from '../core/clock';
import { BoardThread } from '../host/board-thread';
import { startRfc2217Server } from '../host/rfc2217-server';
import { memoryPort } from '../port/memory-port';
import { openPort } from '../port/open-port';
import type { SerialLink } from '../port/port';
import { SER2NET, startSer2net } from '../port/testkit/ser2net';
import { Console } from './console';
import { connectFlasher } from './flasher';
import type { FlashPart } from './flash-plan';
import { RESET_RECIPES } from './reset-recipes';
import { deadlineOf } from './testkit/deadlines';

/** The board runs the stub's own machine code; nothing here knows how it answers. */
let board: BoardThread;
const closers: (() => Promise<void>)[] = [];
const BUDGET_MS = 60_000;

beforeEach(async () => {
  board = BoardThread.start({ config: { fastWire: true } });
  await board.act('power-on');
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await board.close();
}, 20_000);

async function memory(): Promise<SerialLink> {
  const link = memoryPort(board.line);
  await link.open();
  closers.push(() => link.close());
  return link;
}

async function rfc2217(): Promise<SerialLink> {
  const server = await startRfc2217Server(board.line);
  closers.push(() => server.close());
  const link = await openPort(server.url);
  closers.push(() => link.close());
  return link;
}

/** Debian's ser2net between the flasher and the board's server. */
async function ser2net(): Promise<SerialLink> {
  const server = await startRfc2217Server(board.line);
  closers.push(() => server.close());
  const chain = await startSer2net(server.port);
  closers.push(async () => {
    await chain[Symbol.asyncDispose]();
  });
  const link = await openPort(chain.url);
  closers.push(() => link.close());
  return link;
}

/** Firmware-like: compresses somewhat. */
function firmware(offset: number, sizeBytes: number): FlashPart {
  const bytes = new Uint8Array(randomBytes(sizeBytes));
  for (let i = 0; i < sizeBytes; i += 2) bytes[i] = 0;
  return { name: `part-${offset.toString(16)}`, offset, bytes };
}

async function flashHolds({ offset, bytes }: FlashPart): Promise<boolean> {
  const held = await board.act('read-flash', { offset, length: bytes.length });
  return Buffer.from(held).equals(bytes);
}

const WAYS = [
  ['in this process', memory, true],
  ['over RFC 2217', rfc2217, true],
  ['through ser2net', ser2net, SER2NET !== undefined],
] as const;

describe.each(WAYS)('flashing the emulated board %s', (_name, connect, possible) => {
  const when = possible ? it : it.skip;

  when(
    'with the stub: writes, finds it written, writes one sector for one byte, reads it back',
    async () => {
      const link = await connect();
      const deadline = deadlineOf(BUDGET_MS);
      using flasher = await connectFlasher({ link, stub: 'always', flashBaud: 921600 }, deadline);
      expect(flasher.identity).toMatchObject({ mac: '5c:cf:7f:01:23:45', flashSizeBytes: 0x100000 });
      const parts = [firmware(0x8000, 3000), firmware(0x10000, 30_001)];
      const first = await flasher.write(parts, {}, deadline);
      expect(first.parts.map((part) => [part.action, part.verifiedBy])).toEqual([
        ['written', 'md5'],
        ['written', 'md5'],
      ]);
      for (const part of parts) expect(await flashHolds(part)).toBe(true);

      const second = await flasher.write(parts, {}, deadline);
      expect(second.parts.map((part) => part.action)).toEqual(['skipped', 'skipped']);

      parts[1]!.bytes[20_000]! ^= 0x40;
      const third = await flasher.write(parts, {}, deadline);
      expect(third.parts.map((part) => [part.action, part.sectorsWritten])).toEqual([
        ['skipped', 0],
        ['sectors', 1],
      ]);
      const back = await flasher.read(0x10001, 30_000, deadline);
      expect(Buffer.from(back).equals(parts[1]!.bytes.subarray(1))).toBe(true);
    },
    BUDGET_MS,
  );

  when(
    'with the boot ROM alone: writes what it should and erases nothing else',
    async () => {
      const link = await connect();
      const around = new Uint8Array(0x30000).fill(0x5a);
      await board.act('program-flash', { offset: 0, bytes: around });
      const deadline = deadlineOf(BUDGET_MS);
      using flasher = await connectFlasher({ link, stub: 'never' }, deadline);
      const parts = [firmware(0x8000, 3000), firmware(0x1e000, 0x5000)];
      const result = await flasher.write(parts, {}, deadline);
      expect(result.parts.map((part) => part.verifiedBy)).toEqual(['rom-readback', 'rom-readback']);
      for (const part of parts) expect(await flashHolds(part)).toBe(true);
      for (const [from, to] of [
        [0, 0x8000],
        [0x9000, 0x1e000],
        [0x23000, 0x30000],
      ] as const) {
        const held = await board.act('read-flash', { offset: from, length: to - from });
        expect(held.every((byte) => byte === 0x5a)).toBe(true);
      }
    },
    BUDGET_MS,
  );
});

describe('the board behind the port', () => {
  it(
    'is left as it is when it has another MAC than the one named',
    async () => {
      const link = await memory();
      const before = Buffer.from(await board.act('read-flash', { offset: 0, length: 0x100000 }));
      await expect(
        connectFlasher({ link, expectMac: '5c:cf:7f:01:23:46' }, deadlineOf(BUDGET_MS)),
      ).rejects.toMatchObject({
        code: 'ESPRIG_RIG_WRONG_BOARD',
        message: expect.stringContaining('nothing was written'),
      });
      const { flashOperations } = await board.act('status');
      expect(flashOperations).toBe(0);
      expect(before.equals(await board.act('read-flash', { offset: 0, length: 0x100000 }))).toBe(true);
    },
    BUDGET_MS,
  );
});

describe('one line for flasher and console', () => {
  it(
    'is lent to the flasher, and the log of the next boot is there from the first byte',
    async () => {
      const link = await rfc2217();
      using console = new Console({ link, clock: new RealClock() });
      const deadline = deadlineOf(BUDGET_MS);
      await console.borrow('the flasher', async (line) => {
        using flasher = await connectFlasher({ link: line, stub: 'always' }, deadline);
        await flasher.write([firmware(0x10000, 5000)], {}, deadline);
      });
      await console.reset(RESET_RECIPES.hard, deadline);
      const found = await console.expect(/ets Jan {2}8 2013,rst cause:(\d), boot mode:\((\d),/, deadline);
      expect([found.match[1], found.match[2]]).toEqual(['2', '3']);
      expect(console.incidents).toEqual([]);
    },
    BUDGET_MS,
  );
});
