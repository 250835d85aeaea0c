import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { collect, until } from '../port/port.contract';
import { openPort } from '../port/open-port';
import { hasProgram, runToEnd } from '../port/testkit/child';
import { recordingBoard } from '../port/testkit/recording-board';
import { SER2NET, startSer2net } from '../port/testkit/ser2net';
import { startRfc2217Server } from './rfc2217-server';

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A bare client: the bytes on the wire are written and read by the test itself. */
async function bareClient(port: number): Promise<{ socket: Socket; seen: () => number[] }> {
  const socket = connect({ host: '127.0.0.1', port });
  sockets.push(socket);
  const parts: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => parts.push(bytes));
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  return { socket, seen: () => [...Buffer.concat(parts)] };
}

function indexOf(haystack: readonly number[], needle: readonly number[]): number {
  return Buffer.from(haystack).indexOf(Buffer.from(needle));
}

const WILL_COM_PORT = [255, 251, 44];
const sub = (...bytes: number[]) => [255, 250, 44, ...bytes, 255, 240];

describe('the RFC 2217 server, byte by byte', () => {
  it('agrees to the option and tells the modem state without being asked', async () => {
    const board = recordingBoard();
    await using server = await startRfc2217Server(board.line);
    const { socket, seen } = await bareClient(server.port);
    socket.write(Buffer.from(WILL_COM_PORT));
    await until(() => indexOf(seen(), [255, 250, 44, 107]) >= 0);
    expect(indexOf(seen(), [255, 253, 44])).toBeGreaterThanOrEqual(0);
    // CTS, DSR and DCD asserted, all three new.
    expect(indexOf(seen(), sub(107, 0xbb))).toBeGreaterThanOrEqual(0);
  });

  it('sets and tells the rate, with IAC doubled inside the number', async () => {
    const board = recordingBoard();
    await using server = await startRfc2217Server(board.line);
    const { socket, seen } = await bareClient(server.port);
    // 65 535 = 0x0000FFFF: both bytes are IAC.
    socket.write(Buffer.from(sub(1, 0, 0, 255, 255, 255, 255)));
    await until(() => indexOf(seen(), sub(101, 0, 0, 255, 255, 255, 255)) >= 0);
    expect(board.hostBaud()).toBe(65535);
    socket.write(Buffer.from(sub(1, 0, 0, 0, 0)));
    await until(() => seen().length > 0 && seen().filter((byte) => byte === 101).length >= 2);
  });

  it('drives the lines in the order of the commands and answers each with its own value', async () => {
    const board = recordingBoard();
    await using server = await startRfc2217Server(board.line);
    const { socket, seen } = await bareClient(server.port);
    socket.write(Buffer.from([...sub(5, 11), ...sub(5, 8), ...sub(5, 12), ...sub(5, 9), ...sub(5, 7)]));
    await until(() => board.lineLog.length >= 5);
    expect(board.lineLog.slice(1)).toEqual([
      { dtr: false, rts: true },
      { dtr: true, rts: true },
      { dtr: true, rts: false },
      { dtr: false, rts: false },
    ]);
    await until(() => indexOf(seen(), sub(105, 9)) >= 0);
    expect(
      indexOf(seen(), [...sub(105, 11), ...sub(105, 8), ...sub(105, 12), ...sub(105, 9), ...sub(105, 9)]),
    ).toBeGreaterThan(0);
  });

  it('says who it is, and counts commands it cannot make sense of', async () => {
    await using server = await startRfc2217Server(recordingBoard().line, { signature: 'board 7' });
    const { socket, seen } = await bareClient(server.port);
    socket.write(Buffer.from([...sub(0), ...sub(99), ...sub(1, 1)]));
    await until(() => server.counts.badCommands === 2);
    await until(() => indexOf(seen(), sub(100, ...Buffer.from('board 7'))) > 0);
  });

  it('holds back data while the client has suspended it', async () => {
    const board = recordingBoard();
    await using server = await startRfc2217Server(board.line);
    const { socket, seen } = await bareClient(server.port);
    socket.write(Buffer.from([...sub(8), ...sub(0)]));
    await until(() => indexOf(seen(), [255, 250, 44, 100]) >= 0);
    board.send(Buffer.from('later'), 115200);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(indexOf(seen(), [...Buffer.from('later')])).toBe(-1);
    socket.write(Buffer.from(sub(9)));
    await until(() => indexOf(seen(), [...Buffer.from('later')]) >= 0);
  });

  it('releases the lines when the client vanishes, and serves the next one', async () => {
    const board = recordingBoard();
    await using server = await startRfc2217Server(board.line);
    const { socket } = await bareClient(server.port);
    socket.write(Buffer.from(sub(5, 11)));
    await until(() => board.lineLog.at(-1)?.rts === true);
    socket.resetAndDestroy();
    await until(() => board.lineLog.at(-1)?.rts === false);
    await until(() => !board.hasCarrier());
    const link = await openPort(server.url);
    await link.write(Uint8Array.of(7));
    await until(() => board.received().length === 1);
    await link.close();
  });

  it('drops what a client does not read once its buffer is full, and counts it', async () => {
    const board = recordingBoard();
    await using server = await startRfc2217Server(board.line, { limits: { toClientBytes: 10_000 } });
    const { socket } = await bareClient(server.port);
    await until(() => board.hasCarrier());
    socket.pause();
    for (let i = 0; i < 400; i++) board.send(new Uint8Array(1000), 115200);
    expect(server.counts.overrunBytes).toBe(390_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it('stops reading a client while the board is behind, and loses nothing', async () => {
    const board = recordingBoard();
    await using server = await startRfc2217Server(board.line);
    const link = await openPort(server.url);
    board.setPending(10_000_000);
    const data = Uint8Array.from({ length: 3_000_000 }, (_, i) => i & 0x7f);
    const written = link.write(data).catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 60));
    // One piece may have been taken before the board fell behind.
    expect(board.received().length).toBeLessThan(200_000);
    board.setPending(0);
    expect(await written).toBeUndefined();
    await until(() => board.received().length === data.length);
    expect(Buffer.from(board.received()).equals(data)).toBe(true);
    await link.close();
  });

  it('makes garbage of bytes that the board sends at another rate than the client set', async () => {
    const board = recordingBoard();
    await using server = await startRfc2217Server(board.line);
    const link = await openPort(server.url, { baud: 115200 });
    const got = collect(link);
    board.send(Buffer.from('ets Jan  8 2013'), 74880);
    await until(() => got().length > 0);
    expect(Buffer.from(got()).toString('latin1')).not.toContain('Jan');
    await link.setBaud(74880);
    const before = got().length;
    board.send(Buffer.from('ets Jan  8 2013'), 74880);
    await until(() => Buffer.from(got().subarray(before)).toString('latin1').includes('Jan  8 2013'));
    await link.close();
  });
});

const PYSERIAL_PYTHON = ['/usr/bin/python3', 'python3'].find(
  (python) => hasProgram(python) && hasSerial(python),
);

function hasSerial(python: string): boolean {
  // Debian puts python3-serial where only its own python looks.
  return hasProgram(`${python} >/dev/null && ${python} -c 'import serial'`);
}

const withPyserial = PYSERIAL_PYTHON === undefined ? it.skip : it;
const PYSERIAL_SCRIPT = `
import serial, sys, time
port = serial.serial_for_url(sys.argv[1], baudrate=115200, timeout=3)
assert port.cts and port.dsr and port.cd, 'modem inputs'
port.rts = True; port.dtr = False
port.rts = False; port.dtr = True
port.dtr = False
port.baudrate = 460800
data = bytes(range(256)) * 40
port.write(data)
got = b''
end = time.time() + 5
while len(got) < len(data) and time.time() < end:
    got += port.read(len(data) - len(got))
assert got == data, 'echo: %d of %d' % (len(got), len(data))
port.reset_input_buffer()
port.reset_output_buffer()
port.close()
print('pyserial', serial.VERSION, 'ok')
`;

/** A board that sends back what it is sent. */
function echoBoard(): ReturnType<typeof recordingBoard> {
  const board = recordingBoard();
  const receive = board.line.receiveFromHost.bind(board.line);
  return {
    ...board,
    line: {
      ...board.line,
      receiveFromHost: (bytes, baud) => {
        receive(bytes, baud);
        board.send(bytes, baud);
      },
    },
  };
}

describe('third parties on the RFC 2217 server', () => {
  withPyserial(
    `pyserial opens, moves the lines, changes the rate and gets its bytes back${PYSERIAL_PYTHON === undefined ? ' (skipped: python3-serial is not installed)' : ''}`,
    async () => {
      const board = echoBoard();
      await using server = await startRfc2217Server(board.line);
      const { status, output } = await runToEnd(
        PYSERIAL_PYTHON!,
        ['-c', PYSERIAL_SCRIPT, server.url],
        15_000,
      );
      expect(output).toContain('ok');
      expect(status).toBe(0);
      expect(board.hostBaud()).toBe(460800);
      expect(board.lineLog).toContainEqual({ dtr: false, rts: true });
      expect(board.lineLog).toContainEqual({ dtr: true, rts: false });
    },
    20_000,
  );

  const hasSer2net = SER2NET !== undefined;
  const withSer2net = hasSer2net ? it : it.skip;
  withSer2net(
    `ser2net in the chain passes lines, rate and data${hasSer2net ? '' : ' (skipped: ser2net is not installed)'}`,
    async () => {
      const board = echoBoard();
      await using server = await startRfc2217Server(board.line);
      await using chain = await startSer2net(server.port);
      const link = await openPort(chain.url);
      const got = collect(link);
      await link.setBaud(460800);
      expect(board.hostBaud()).toBe(460800);
      await link.setLines({ dtr: false, rts: true });
      await until(() => board.lineLog.at(-1)?.rts === true);
      await link.setLines({ dtr: true, rts: false });
      await until(() => board.lineLog.at(-1)?.dtr === true && board.lineLog.at(-1)?.rts === false);
      const data = Uint8Array.from({ length: 50_000 }, (_, i) => (i * 31) & 0xff);
      await link.write(data);
      await until(() => got().length >= data.length);
      expect(Buffer.from(got()).equals(data)).toBe(true);
      await link.close();
    },
    20_000,
  );
});
