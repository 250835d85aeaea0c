import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { IRAM_BASE } from '../chip/esp8266';
import { assemble } from '../emulator/cpu/assemble';
import { buildImage } from '../emulator/testkit/image-builder';
import { BoardThread } from './board-thread';
import { startGdbServer, type GdbServer } from './gdb-tcp-server';
import { RspClient } from './testkit/rsp-client';

const RESET_VECTOR = 0x40000080;
const PC = 16;

const PROGRAM = assemble(
  `
begin:
  movi a2, 0
count:
  addi a2, a2, 1
  call0 sub
  j count
sub:
  addi a3, a2, 1
  ret
`,
  IRAM_BASE,
);
const addrOf = (label: string): number => PROGRAM.labels.get(label)!;
const hex = (value: number): string => value.toString(16);

let board: BoardThread;
let server: GdbServer;
let gdb: RspClient;

beforeEach(async () => {
  await start();
});
afterEach(stop);

async function start(): Promise<void> {
  board = BoardThread.start({ pacing: 'fast', debug: { waitForDebugger: true } });
  const data = new Uint8Array((PROGRAM.bytes.length + 3) & ~3);
  data.set(PROGRAM.bytes);
  const bytes = buildImage([{ loadAddr: IRAM_BASE, data }], { entryAddr: IRAM_BASE });
  await board.act('program-flash', { offset: 0, bytes });
  server = await startGdbServer(board);
  await board.act('power-on');
  gdb = await RspClient.open(server.port);
  await gdb.ask('qSupported:swbreak+');
}

async function stop(): Promise<void> {
  await gdb[Symbol.asyncDispose]();
  await server.close();
  await board.close();
}

async function register(index: number): Promise<number> {
  const bytes = Buffer.from(await gdb.ask('g'), 'hex');
  return bytes.readUInt32LE(index * 4);
}

async function runTo(addr: number): Promise<void> {
  expect(await gdb.ask(`Z0,${hex(addr)},3`)).toBe('OK');
  expect(await gdb.ask('c')).toBe('T05thread:01;');
  expect(await register(PC)).toBe(addr);
}

describe('a debugger on the board', () => {
  it('finds it waiting before its first instruction', async () => {
    expect(await register(PC)).toBe(RESET_VECTOR);
    const before = await board.act('status');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await board.act('status')).cycles).toBe(before.cycles);
  });

  it('boots it to a breakpoint in the program, and steps from there', async () => {
    await runTo(addrOf('begin'));
    const places: number[] = [];
    for (let i = 0; i < 5; i++) {
      expect(await gdb.ask('s')).toBe('T05thread:01;');
      places.push(await register(PC));
    }
    expect(places).toEqual([
      addrOf('count'),
      addrOf('count') + 3,
      addrOf('sub'),
      addrOf('sub') + 3,
      addrOf('count') + 6,
    ]);
  });

  it('goes on from a breakpoint and meets it again a turn later', async () => {
    await runTo(addrOf('count'));
    const first = await register(2);
    for (let turn = 1; turn <= 3; turn++) {
      expect(await gdb.ask('c')).toBe('T05thread:01;');
      expect([await register(PC), await register(2)]).toEqual([addrOf('count'), first + turn]);
    }
  });

  it('stops it with Ctrl-C wherever it is', async () => {
    gdb.send('c');
    await new Promise((resolve) => setTimeout(resolve, 50));
    gdb.sendRaw('\x03');
    expect(await gdb.reply()).toBe('T02thread:01;');
    const stopped = await board.act('status');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await board.act('status')).cycles).toBe(stopped.cycles);
    expect(stopped.cycles).toBeGreaterThan(0);
  });

  it('changes registers and memory', async () => {
    await runTo(addrOf('count'));
    expect(await gdb.ask('P2=e8030000')).toBe('OK');
    expect(await gdb.ask('M3ffe9000,4:efbeadde')).toBe('OK');
    expect(await gdb.ask('m3ffe9000,4')).toBe('efbeadde');
    expect(await gdb.ask('c')).toBe('T05thread:01;');
    expect(await register(2)).toBe(1001);
  });

  it('steps into sleep, and comes back from a sleep that nothing ends', async () => {
    await runTo(addrOf('begin'));
    const code = assemble('waiti 15\nnop', addrOf('begin')).bytes;
    const text = Buffer.from(code).toString('hex');
    await gdb.ask(`M${hex(addrOf('begin'))},${hex(code.length)}:${text}`);
    expect(await gdb.ask('s')).toBe('T05thread:01;');
    expect(await register(PC)).toBe(addrOf('begin') + 3);
    expect(await gdb.ask('s')).toBe('T05thread:01;');
  });

  it('lets it run on when it detaches, without the breakpoints', async () => {
    await runTo(addrOf('count'));
    const { cycles } = await board.act('status');
    expect(await gdb.ask('D')).toBe('OK');
    expect(await gdb.ended()).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const later = await board.act('status');
    expect(later.cycles).toBeGreaterThan(cycles + 10_000);
  });

  it('lets it run on when its link breaks, and the next one stops it again', async () => {
    await runTo(addrOf('count'));
    await gdb[Symbol.asyncDispose]();
    await new Promise((resolve) => setTimeout(resolve, 30));
    gdb = await RspClient.open(server.port);
    expect(await gdb.ask('?')).toBe('T05thread:01;');
    const { cycles } = await board.act('status');
    expect(await register(2)).toBeGreaterThan(100);
    expect((await board.act('status')).cycles).toBe(cycles);
  });

  it('is alone: a second one is cut off', async () => {
    await using second = await RspClient.open(server.port);
    expect(await second.ended()).toBe(true);
    expect(await gdb.ask('qC')).toBe('QC01');
  });

  it('is told of a fault, can look at it, and starts the board anew', async () => {
    await runTo(addrOf('begin'));
    // l32i a4, a3, 0 from where nothing is.
    const code = Buffer.from(assemble('l32i a4, a3, 0', addrOf('begin')).bytes).toString('hex');
    await gdb.ask(`M${hex(addrOf('begin'))},3:${code}`);
    await gdb.ask('P3=0000f73f');
    gdb.send('c');
    const words = await gdb.reply();
    expect(Buffer.from(words.slice(1), 'hex').toString()).toContain('address 0x3ff70000');
    expect(await gdb.reply()).toBe('T0bthread:01;');
    expect(await register(PC)).toBe(addrOf('begin'));
    gdb.send('c');
    expect((await gdb.reply()).startsWith('O')).toBe(true);
    expect(await gdb.reply()).toBe('T0bthread:01;');
    expect(await gdb.ask(`qRcmd,${Buffer.from('reset').toString('hex')}`)).toBe('OK');
    expect(await register(PC)).toBe(RESET_VECTOR);
    expect(await gdb.ask('c')).toBe('T05thread:01;');
  });

  it('that kills the program is told to whoever runs the board', async () => {
    const left = new Promise<string>((resolve) => board.listen({ debuggerLeft: resolve }));
    gdb.send('k');
    expect(await left).toBe('kill');
    expect(await gdb.ended()).toBe(true);
  });
});

describe('the server', () => {
  it('says in so many words that its port is taken', async () => {
    await expect(startGdbServer(board, server.port)).rejects.toMatchObject({
      code: 'ESPRIG_PORT_BUSY',
      message: expect.stringContaining(`127.0.0.1:${server.port}`),
    });
  });

  it('leaves no port behind', async () => {
    await gdb[Symbol.asyncDispose]();
    await server.close();
    await expect(RspClient.open(server.port)).rejects.toThrow('ECONNREFUSED');
  });
});
