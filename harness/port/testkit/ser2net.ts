import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPort } from '../open-port';
import { Child, hasProgram } from './child';

/** Debian's ser2net, where it is installed. */
export const SER2NET = ['ser2net', '/usr/sbin/ser2net'].find(hasProgram);

const READY_LIMIT_MS = 8000;

/** Debian's ser2net in front of an RFC 2217 server; `url` is what a client opens. It ends with its owner. */
export async function startSer2net(serverPort: number): Promise<AsyncDisposable & { readonly url: string }> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'esprig-ser2net-'));
  const config = join(folder, 'ser2net.yaml');
  const accepter = `telnet(rfc2217),tcp,127.0.0.1,${port}`;
  const connector = `telnet(rfc2217),tcp,127.0.0.1,${serverPort}`;
  writeFileSync(
    config,
    `%YAML 1.1\n---\nconnection: &board\n  accepter: ${accepter}\n  connector: ${connector}\n`,
  );
  const chain = new Child(SER2NET!, ['-n', '-d', '-u', '-P', join(folder, 'pid'), '-c', config]);
  const url = `rfc2217://127.0.0.1:${port}`;
  const endMs = performance.now() + READY_LIMIT_MS;
  for (;;) {
    try {
      await (await openPort(url)).close();
      break;
    } catch (error) {
      if (performance.now() > endMs) {
        await chain[Symbol.asyncDispose]();
        throw new Error(`ser2net did not come up:\n${chain.output}`, { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return {
    url,
    async [Symbol.asyncDispose]() {
      await chain[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
