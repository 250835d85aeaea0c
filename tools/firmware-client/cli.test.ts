import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { buildSyntheticApp } from '../../harness/protocol/image-lab/encode';
import { labSlots } from '../../harness/protocol/image-lab/make';
import { compilerMissing, make } from '../firmware/host-build';
import { HostServer } from '../firmware/host-server';

/** `esprig upload`, `events` and `status` as processes, against the component's server. */
const missing = compilerMissing('gcc');
const BIN = join(__dirname, '../../harness/cli/bin.cjs');
const BUILD_LIMIT_MS = 240_000;

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function esprig(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const clean = { ...process.env, ESPRIG_URL: '', ESPRIG_TOKEN: '', ...env };
    execFile(process.execPath, [BIN, ...args], { env: clean, timeout: 50_000 }, (error, stdout, stderr) =>
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

(missing === undefined ? describe : describe.skip)(
  `esprig over the network${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let folder: string;
    let good: string;
    let wrong: string;
    const servers: HostServer[] = [];
    const start = async (...args: string[]): Promise<{ server: HostServer; to: readonly string[] }> => {
      const server = await HostServer.start(['--layout', 'one-mb', ...args]);
      servers.push(server);
      return { server, to: ['--to', `http://127.0.0.1:${server.port}`] };
    };

    beforeAll(async () => {
      const { code, output } = await make('host', BUILD_LIMIT_MS);
      if (code !== 0) throw new Error(output);
      folder = mkdtempSync(join(tmpdir(), 'esprig-upload-'));
      good = join(folder, 'good.bin');
      wrong = join(folder, 'wrong.bin');
      const image = (label: string): Uint8Array =>
        buildSyntheticApp({ slot: labSlots('one-mb', label).slot, descriptorFields: { version: '0' } });
      writeFileSync(good, image('ota_1'));
      writeFileSync(wrong, image('ota_0'));
    }, BUILD_LIMIT_MS + 5_000);
    afterEach(async () => {
      for (const server of servers.splice(0)) await server.stop();
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('upload: a good image goes in, the restart is seen, JSON says both', async () => {
      const { to } = await start('--restart-ms', '100');
      const { exitCode, stdout, stderr } = await esprig(['upload', good, ...to, '--json']);
      const values = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown);
      expect(values).toMatchObject([
        { status: 200, slot: 'ota_1' },
        { restarted: true, running: 'ota_1', version: '0' },
      ]);
      expect(stderr).toMatch(/uploading good\.bin: \d+ %/);
      expect(exitCode).toBe(0);
    });

    it('upload: a refusal is told with code and remedy, and is a 1', async () => {
      const { server, to } = await start();
      const { exitCode, stdout } = await esprig(['upload', wrong, ...to, '--layout', 'one-mb']);
      expect(stdout).toMatch(/warning: wrong\.bin would be refused: wrong_slot/);
      expect(stdout).toMatch(/refused: 400 wrong_slot \(.*\)\n {2}The image is linked for the other slot/);
      expect(exitCode).toBe(1);
      expect(await server.state()).toMatchObject({ boot: 'ota_0', erases: 0 });
    });

    it('upload --check: what would be refused is not sent', async () => {
      const { server, to } = await start();
      const args = ['upload', wrong, ...to, '--layout', 'one-mb', '--check'];
      expect(await esprig(args)).toMatchObject({
        exitCode: 2,
        stderr: expect.stringMatching(/was not sent: wrong_slot/),
      });
      expect(server.lines.filter((line) => /upload/.test(line))).toEqual([]);
    });

    it('status: with a token from the variable that is named, and not without', async () => {
      const { to } = await start('--token', 's3cret');
      const named = await esprig(['status', ...to, '--token-env', 'MY_TOKEN'], { MY_TOKEN: 's3cret' });
      expect(named).toMatchObject({
        exitCode: 0,
        stdout: expect.stringMatching(/runs ota_0, the next upload goes to ota_1/),
      });
      expect(await esprig(['status', ...to])).toMatchObject({
        exitCode: 2,
        stderr: expect.stringMatching(/the device wants a token[^]*ESPRIG_TOKEN/),
      });
      expect(await esprig(['status', ...to, '--token-env', 'NOT_SET'])).toMatchObject({
        exitCode: 2,
        stderr: expect.stringMatching(/NOT_SET is not set/),
      });
    });

    it('events: until a text comes, as lines and as JSON', async () => {
      const { server, to } = await start();
      const timer = setInterval(() => server.order('print hello there'), 100);
      try {
        const lines = await esprig(['events', ...to, '--until', 'hello', '--timeout', '30']);
        expect(lines).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/\] hello there\n/) });
        const json = await esprig(['events', ...to, '--until', 'hello', '--timeout', '30', '--json']);
        const kinds = json.stdout
          .trim()
          .split('\n')
          .map((line) => (JSON.parse(line) as { kind: string }).kind);
        expect(kinds.slice(0, 2)).toEqual(['open', 'retry']);
        expect(kinds.at(-1)).toBe('event');
      } finally {
        clearInterval(timer);
      }
      const never = await esprig(['events', ...to, '--until', 'nobody says this', '--timeout', '1']);
      expect(never).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/ESPRIG_DEADLINE/) });
      expect(await esprig(['events', ...to, '--timeout', '1'])).toMatchObject({ exitCode: 0 });
    });

    it('what goes wrong is one message each: nobody there, no device, no address, no file', async () => {
      const web = createServer((_request, response) => response.writeHead(404).end('<html>')).listen(
        0,
        '127.0.0.1',
      );
      await new Promise((resolve) => void web.once('listening', resolve));
      const { port } = web.address() as { port: number };
      const stranger = ['--to', `http://127.0.0.1:${port}`];
      const run = async (...args: string[]): Promise<readonly [number, string]> => {
        const { exitCode, stderr } = await esprig(args);
        return [exitCode, /\((ESPRIG_\w+)\)/.exec(stderr)?.[1] ?? stderr];
      };
      try {
        expect(await run('status', ...stranger)).toEqual([3, 'ESPRIG_RIG_NOT_A_BOARD']);
        expect(await run('events', ...stranger)).toEqual([3, 'ESPRIG_RIG_NOT_A_BOARD']);
      } finally {
        await new Promise((resolve) => void web.close(resolve));
      }
      expect(await run('status', ...stranger)).toEqual([3, 'ESPRIG_LINK_REFUSED']);
      expect(await run('upload', good, ...stranger)).toEqual([3, 'ESPRIG_LINK_REFUSED']);
      expect(await run('status')).toEqual([2, 'ESPRIG_USAGE']);
      expect(await run('status', '--to', 'https://x')).toEqual([2, 'ESPRIG_USAGE']);
      expect(await run('status', ...stranger, '--profile', 'x')).toEqual([2, 'ESPRIG_USAGE']);
      expect(await run('events', ...stranger, '--since', 'x')).toEqual([2, 'ESPRIG_USAGE']);
      expect(await run('upload', join(folder, 'none.bin'), ...stranger)).toEqual([2, 'ESPRIG_USAGE_FILE']);
    });
  },
);
