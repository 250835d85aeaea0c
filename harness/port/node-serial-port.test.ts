import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
  constants,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { nodeSerialPort } from './node-serial-port';
import { serialLinkContract, until } from './port.contract';
import { Child, hasProgram } from './testkit/child';

const hasSocat = hasProgram('socat');
/** Reason in the title: the run says why these were not made. */
const withSocat = hasSocat ? describe : describe.skip;
const why = hasSocat ? '' : ' (skipped: socat is not installed)';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-pty-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Two ptys joined back to back by socat: one for the driver, the other for the test. */
async function ptyPair(): Promise<{ socat: Child; near: string; far: string }> {
  const id = Math.random().toString(36).slice(2);
  const near = join(folder, `near-${id}`);
  const far = join(folder, `far-${id}`);
  const socat = new Child('socat', [`pty,raw,echo=0,link=${near}`, `pty,raw,echo=0,link=${far}`]);
  await until(() => existsSync(near) && existsSync(far));
  return { socat, near, far };
}

withSocat(`the serial driver on a pty${why}`, () => {
  serialLinkContract('the serial driver', { exclusive: true }, async () => {
    const { socat, near, far } = await ptyPair();
    const fd = openSync(far, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    const parts: Buffer[] = [];
    let over = false;
    const poll = setInterval(() => {
      const buffer = Buffer.alloc(65536);
      for (let turn = 0; turn < 64 && !over; turn++) {
        try {
          const count = readSync(fd, buffer, 0, buffer.length, null);
          if (count === 0) break;
          parts.push(Buffer.from(buffer.subarray(0, count)));
        } catch {
          break;
        }
      }
    }, 1);
    const link = nodeSerialPort(near);
    return {
      link,
      far: {
        send: (bytes: Uint8Array) => void writeSync(fd, bytes),
        received: () => new Uint8Array(Buffer.concat(parts)),
        unplug: () => void socat.process.kill('SIGKILL'),
      },
      secondLink: () => nodeSerialPort(near),
      dispose: async () => {
        over = true;
        clearInterval(poll);
        closeSync(fd);
        await socat[Symbol.asyncDispose]();
      },
    };
  });

  it('names the process that holds a busy port', async () => {
    const { socat, near } = await ptyPair();
    // util-linux flock takes the very lock that the driver asks for, then becomes the program after it.
    const holder = spawn('flock', ['--no-fork', near, 'sleep', '20'], { stdio: 'ignore' });
    try {
      const link = nodeSerialPort(near);
      let error: unknown;
      await until(
        () => (error as { code?: string } | undefined)?.code === 'ESPRIG_PORT_BUSY',
        async () => {
          const attempt = nodeSerialPort(near);
          error = await attempt.open().then(
            () => attempt.close(),
            (caught: unknown) => caught,
          );
        },
      );
      expect((error as Error).message).toContain(`pid ${holder.pid} (sleep 20)`);
      await link.close();
    } finally {
      holder.kill('SIGKILL');
      await socat[Symbol.asyncDispose]();
    }
  });
});

describe('the serial driver', () => {
  it('says that a port is missing, and what ports there are', async () => {
    await expect(nodeSerialPort('/dev/ttyNOSUCH0').open()).rejects.toMatchObject({
      code: 'ESPRIG_PORT_MISSING',
      blame: 'rig',
      message: expect.stringContaining('/dev/ttyNOSUCH0'),
      hint: expect.stringMatching(/ports? present|No serial port is present/i),
    });
  });

  it('says that a plain file is no serial port', async () => {
    const path = join(folder, 'plain.txt');
    writeFileSync(path, 'not a port');
    await expect(nodeSerialPort(path).open()).rejects.toMatchObject({ code: 'ESPRIG_PORT_NOT_SERIAL' });
  });

  it('says that a folder is no serial port', async () => {
    await expect(nodeSerialPort(folder).open()).rejects.toMatchObject({ code: 'ESPRIG_PORT_NOT_SERIAL' });
  });
});
