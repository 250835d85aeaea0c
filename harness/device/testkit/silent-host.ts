import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** It ends by itself: whoever kills the tests does not kill what they had started. */
const LIFE_LIMIT_MS = 60_000;
/** Listens and then never takes a connection: what comes when its queue is full is dropped without an answer. */
const PROGRAM = `
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  require('node:fs').writeSync(1, server.address().port + '\\n');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${LIFE_LIMIT_MS});
  process.exit();
});`;
/** Linux keeps one connection more than was asked for. */
const QUEUE = 2;

/** `127.0.0.1:PORT` where nothing answers, as at an address in a network that nobody has. */
export async function silentHost(): Promise<{ readonly address: string } & AsyncDisposable> {
  const child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(said.toString());
  const queued = Array.from({ length: QUEUE }, (): Socket => {
    const socket = connect(port, '127.0.0.1');
    return socket.on('error', () => undefined);
  });
  await Promise.all(queued.map((socket) => once(socket, 'connect')));
  return {
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of queued) socket.destroy();
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}
