import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, it, expect } from '@jest/globals';
import { runToEnd } from '../port/testkit/child';
import { SER2NET, startSer2net } from '../port/testkit/ser2net';
import { BoardThread } from './board-thread';
import { startRfc2217Server } from './rfc2217-server';
import type { Rfc2217Server } from './rfc2217-server';

/*
 * python3-serial drives the emulated board as a client of its own: it knows RFC 2217 and nothing of this project. It
 * asks the server for each line change and looks for the answer every 50 ms, which is what makes it a hard client.
 */
const PYTHON = ['/usr/bin/python3', 'python3'].find(
  (python) => spawnSync(python, ['-c', 'import serial']).status === 0,
);
const LIMIT_MS = 40_000;

const SCRIPT = `
import serial, sys, time
port = serial.serial_for_url(sys.argv[1], do_not_open=True)
port.baudrate = 115200
port.timeout = 0.3
port.dtr = port.rts = False
port.open()

def read_until(what, seconds):
    seen = b''
    end = time.time() + seconds
    while what not in seen and time.time() < end:
        seen += port.read(max(1, port.in_waiting))
    return seen

# Into the loader, one line after the other, and SYNC until it is answered.
port.setDTR(False); port.setRTS(True); time.sleep(0.1)
port.setDTR(True); port.setRTS(False); time.sleep(0.05)
port.setDTR(False)
time.sleep(0.1)
port.reset_input_buffer()
sync = bytes.fromhex('c000082400000000000707122055') + b'U' * 31 + b'\\xc0'
answer = bytes.fromhex('c001080200070712200000c0')
for attempt in range(20):
    port.write(sync)
    if answer in read_until(answer, 0.3):
        print('sync answered')
        break
# The rate of the boot ROM's words, and a reset with GPIO0 high.
port.baudrate = 74880
port.reset_input_buffer()
port.setRTS(True); time.sleep(0.1); port.setRTS(False)
text = read_until(b'boot mode:(3,', 5)
print('console', b'ets Jan  8 2013,rst cause:2, boot mode:(3,' in text)
port.close()
`;

let board: BoardThread;
let server: Rfc2217Server;

beforeAll(async () => {
  board = BoardThread.start();
  await board.act('power-on');
  server = await startRfc2217Server(board.line);
});
afterAll(async () => {
  await server.close();
  await board.close();
});

async function drive(url: string): Promise<void> {
  const { output, status } = await runToEnd(PYTHON!, ['-c', SCRIPT, url], LIMIT_MS);
  expect(output).toBe('sync answered\nconsole True\n');
  expect(status).toBe(0);
}

describe('pyserial on the emulated board', () => {
  const direct = PYTHON === undefined ? it.skip : it;
  direct(
    'resets it into the loader by its lines, gets SYNC answered, and reads the console after a reset',
    () => drive(server.url),
    LIMIT_MS,
  );

  const chained = PYTHON === undefined || SER2NET === undefined ? it.skip : it;
  chained(
    'does the same through ser2net',
    async () => {
      await using chain = await startSer2net(server.port);
      await drive(chain.url);
    },
    LIMIT_MS,
  );
});
