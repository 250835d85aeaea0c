import { existsSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { BoardThread } from '../../harness/host/board-thread';
import { compilerMissing, make } from '../firmware/host-build';
import { HostServer } from '../firmware/host-server';
import { median, type Measurement, type Section } from './section';

/*
 * The device as a client sees it, beside the very same server as a process of this machine: all that is between the
 * two is the emulated chip, its WiFi, its TCP stack and the bridge.
 */
const FIRMWARE = join(__dirname, '../../build/firmware/one-mb');
const FLASH_BYTES = 0x100000;
const ROUNDS = 5;
const REQUESTS = 300;
const BOARD_COUNTS = [1, 4, 8];
const IDLE_MS = 5000;
const READY_MS = 30_000;

interface FirmwareFile {
  readonly flash: readonly { readonly flashOffset: number; readonly file: string }[];
  readonly slots: Readonly<Record<string, { readonly image: string }>>;
}

const firmware = (): FirmwareFile =>
  JSON.parse(readFileSync(join(FIRMWARE, 'firmware.json'), 'utf8')) as FirmwareFile;

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One request, one connection, as the contract has it. */
function ask(port: number, path: string, body?: Uint8Array): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port, path, method: body ? 'POST' : 'GET', agent: false, timeout: READY_MS },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString('utf8') }),
        );
      },
    );
    request.on('timeout', () => request.destroy(new Error(`${path}: no answer within ${READY_MS} ms`)));
    request.on('error', reject);
    if (body) request.setHeader('Content-Length', body.length);
    request.end(body);
  });
}

interface Device extends AsyncDisposable {
  readonly port: number;
  /** From power-on, or from the start of the process, to the whole first answer. */
  readonly readyMs: number;
}

async function startBoard(): Promise<Device> {
  const board = BoardThread.start({
    config: { flashSizeBytes: FLASH_BYTES },
    air: { peer: 'station', forwards: [{ hostPort: 0, devicePort: 80 }] },
  });
  try {
    for (const { flashOffset, file } of firmware().flash)
      await board.act('program-flash', { offset: flashOffset, bytes: readFileSync(join(FIRMWARE, file)) });
    const listening = new Promise<number>((resolve) =>
      board.listen({
        air: (event) => {
          if (event.what === 'listening') resolve(event.forwards[0]!.hostPort);
        },
      }),
    );
    const port = (await board.act('air-status'))?.forwards[0]?.hostPort ?? (await listening);
    const startMs = performance.now();
    await board.act('power-on');
    await ask(port, '/status');
    const readyMs = performance.now() - startMs;
    // Somebody is there: an idle board walks with the wall clock.
    board.attach(1);
    return { port, readyMs, [Symbol.asyncDispose]: () => board.close() };
  } catch (error) {
    await board.close();
    throw error;
  }
}

async function startProcess(): Promise<Device> {
  const startMs = performance.now();
  const server = await HostServer.start();
  await ask(server.port, '/status');
  const readyMs = performance.now() - startMs;
  return { port: server.port, readyMs, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

interface Figures {
  readonly readyMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly uploadKbPerS: number;
}

async function measure(start: () => Promise<Device>): Promise<Figures> {
  await using device = await start();
  const latenciesMs: number[] = [];
  for (let i = 0; i < REQUESTS; i++) {
    const atMs = performance.now();
    const { status } = await ask(device.port, '/status');
    if (status !== 200) throw new Error(`/status was answered with ${status}`);
    latenciesMs.push(performance.now() - atMs);
  }
  latenciesMs.sort((a, b) => a - b);
  const { next } = JSON.parse((await ask(device.port, '/status')).body) as { next: string };
  const image = readFileSync(join(FIRMWARE, firmware().slots[next]!.image));
  const atMs = performance.now();
  const { status, body } = await ask(device.port, '/send', image);
  if (status !== 200) throw new Error(`the upload to ${next} was answered with ${status} ${body}`);
  return {
    readyMs: device.readyMs,
    p50Ms: latenciesMs[Math.floor(REQUESTS * 0.5)]!,
    p99Ms: latenciesMs[Math.floor(REQUESTS * 0.99)]!,
    uploadKbPerS: image.length / 1000 / ((performance.now() - atMs) / 1000),
  };
}

/** What boards that only wait cost this process. */
async function idle(count: number): Promise<{ readonly rssMb: number; readonly cpuPercent: number }> {
  const before = process.memoryUsage().rss;
  const boards: Device[] = [];
  try {
    for (let i = 0; i < count; i++) boards.push(await startBoard());
    const cpu = process.cpuUsage();
    const atMs = performance.now();
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    const { user, system } = process.cpuUsage(cpu);
    const cpuPercent = ((user + system) / 1000 / (performance.now() - atMs)) * 100;
    return { rssMb: (process.memoryUsage().rss - before) / 1e6, cpuPercent };
  } finally {
    for (const board of boards) await board[Symbol.asyncDispose]();
  }
}

export const DEVICE_SECTION: Section = {
  name: 'device',
  about:
    'the firmware on an emulated board, beside the same server as a native process on loopback; medians of rounds in turns',
  missing: () =>
    existsSync(join(FIRMWARE, 'firmware.json'))
      ? compilerMissing('gcc')
      : 'no firmware in build/firmware/one-mb (node tools/setup.cjs start builds it)',
  async run(onProgress) {
    const { code, output } = await make('host', 120_000);
    if (code !== 0) throw new Error(`the server for this machine cannot be built:\n${output}`);
    const ours: Figures[] = [];
    const theirs: Figures[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await measure(startBoard));
      theirs.push(await measure(startProcess));
      onProgress(`round ${round + 1} of ${ROUNDS}`);
    }
    const row = (name: string, key: keyof Figures, unit: string, bar?: number): Measurement => ({
      name,
      ours: median(ours.map((each) => each[key])),
      beside: { name: 'native', value: median(theirs.map((each) => each[key])) },
      unit,
      bar,
      isLowerBetter: unit === 'ms',
    });
    const found: Measurement[] = [
      row('power-on to first answer', 'readyMs', 'ms', 3000),
      row('GET /status, p50', 'p50Ms', 'ms'),
      row('GET /status, p99', 'p99Ms', 'ms'),
      row('upload and verify', 'uploadKbPerS', 'kB/s'),
    ];
    let one: { rssMb: number; cpuPercent: number } | undefined;
    for (const count of BOARD_COUNTS) {
      const cost = await idle(count);
      one ??= cost;
      const beside = (value: number): Measurement['beside'] =>
        count === 1 ? undefined : { name: 'one board', value };
      const boards = count === 1 ? '1 idle board' : `${count} idle boards`;
      found.push(
        {
          name: `${boards}, memory`,
          ours: cost.rssMb,
          beside: beside(one.rssMb),
          unit: 'MB',
          bar: 150 * count,
          isLowerBetter: true,
        },
        {
          name: `${boards}, CPU`,
          ours: cost.cpuPercent,
          beside: beside(one.cpuPercent),
          unit: '%',
          bar: undefined,
          isLowerBetter: true,
        },
      );
      onProgress(`${boards}: done`);
    }
    return found;
  },
};
