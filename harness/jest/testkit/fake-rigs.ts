/**
 * Rigs for tests of the runner: a device in a few lines behind the real interface. What it does wrong is in its name.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LinkError, RigError, type EsprigError } from '../../core/errors';
import { Console } from '../../device/console';
import { PROFILES } from '../../device/dut-profile';
import type { BoardLine } from '../../port/board-line';
import { memoryPort } from '../../port/memory-port';
import { layoutByName, partitionOf } from '../../protocol/layouts';
import { otaDataFor, parseOtaData } from '../../protocol/otadata';
import { otaSlots } from '../../protocol/partition-table';
import type { Capability, FlashState, RunningRig } from '../../rig/running-rig';
import type { OpenRigOptions, RigProvider, RigSummary } from '../rig-provider';

/** The network of a board that goes away tells of it before the line does. */
const VANISHES_AFTER_MS = 30;

const LAYOUT = layoutByName('one-mb');
const NAMES = [
  'fake-1',
  'fake-2',
  'fake-serial',
  'fake-broken',
  'fake-silent',
  'fake-crashing',
  'fake-vanishing',
];

function describe(name: string): RigSummary {
  if (!NAMES.includes(name)) {
    throw new RigError('ESPRIG_RIG_NOT_FOUND', `no rig is called '${name}'`, {
      hint: `Known: ${NAMES.join(', ')}.`,
    });
  }
  const kind = name === 'fake-serial' ? 'serial' : 'virtual';
  return { name, kind, capabilities: ['reset', 'read-flash-live'] };
}

export const rigProvider: RigProvider = { describe, open };

class Line implements BoardLine {
  #tell: (bytes: Uint8Array, baud: number) => void = () => undefined;
  receiveFromHost(): void {
    // Nobody types at it.
  }
  onTransmit(listener: ((bytes: Uint8Array, baud: number) => void) | undefined): void {
    this.#tell = listener ?? (() => undefined);
  }
  setLines(): void {
    // It cannot be reset by them.
  }
  print(text: string): void {
    this.#tell(Buffer.from(`${text}\r\n`), 115200);
  }
}

interface Device {
  flash: Uint8Array;
  running: string;
  readonly line: Line;
  readonly streams: Set<ServerResponse>;
  eventId: number;
  readonly isCrashing: boolean;
  /** Its line goes away, a moment after its network. */
  readonly vanish: (() => void) | undefined;
}

async function open(name: string, options: OpenRigOptions): Promise<RunningRig> {
  const { kind, capabilities } = describe(name);
  const { bus, clock, deadline } = options;
  leaveTrace('open', name);
  if (name === 'fake-broken') {
    throw new RigError('ESPRIG_PORT_MISSING', 'the serial port of fake-broken does not exist', {
      hint: 'Plug it in.',
    });
  }
  const line = new Line();
  let trouble: EsprigError | undefined;
  const device: Device = {
    ...{ flash: shipped(), running: 'ota_0', line, streams: new Set(), eventId: 0 },
    isCrashing: name === 'fake-crashing',
    vanish:
      name !== 'fake-vanishing'
        ? undefined
        : () => {
            clock.after(VANISHES_AFTER_MS, () => {
              trouble = new LinkError('ESPRIG_PORT_UNPLUGGED', `${name}: its serial line went away`);
              bus.emit('rig', 'rig-broken', { text: trouble.message });
            });
          },
  };
  const link = memoryPort(line, { garbleOtherBaud: false });
  await link.open();
  const console = new Console({ link, clock, bus, fixedBaud: true });
  const startedAtMs = clock.nowMs();
  line.print('fake: boots');
  if (name === 'fake-silent') {
    const limit = deadline.sub({ phase: 'boot', budgetMs: 200, blame: 'rig' });
    await limit.sleep(1, 'boot');
    throw limit.error('HTTP answer of the device', {
      evidence: [{ title: 'last console lines', lines: console.lines.map(({ text }) => text) }],
    });
  }
  const server = await serve(device);
  bus.emit('rig', 'phase-ended', { phase: 'boot', startedAtMs, elapsedMs: clock.nowMs() - startedAtMs });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...{ name, kind, bus, clock, console, baseUrl, layout: LAYOUT, dutProfile: PROFILES.contract },
    capabilities: new Set(capabilities as readonly Capability[]),
    firmware: {
      ...{
        name: 'fake',
        app: 'fake',
        version: '1',
        runtime: 'fake',
        layout: 'one-mb',
        flash: [],
        slotLabels: ['ota_0', 'ota_1'],
      },
      imageFor: (label) => imageFor(label),
      elfFor: () => undefined,
    },
    get trouble() {
      return trouble;
    },
    mac: '5c:cf:7f:00:00:01',
    token: undefined,
    secrets: ['s3cret'],
    notes: [],
    restoreFirmware: () => {
      device.flash = shipped();
      device.running = 'ota_0';
      leaveTrace('restore', name);
      return Promise.resolve();
    },
    writeSettings: () => Promise.resolve(),
    reset: () => {
      device.running = stateOf(device.flash).bootSlot;
      return Promise.resolve();
    },
    waitForReady: () => Promise.resolve(),
    readFlash: (at, length) => Promise.resolve(device.flash.slice(at, at + length)),
    writeFlash: (parts) => {
      for (const part of parts) device.flash.set(part.bytes, part.offset);
      return Promise.resolve();
    },
    readFlashState: () => Promise.resolve(stateOf(device.flash)),
    shippedState: () => Promise.resolve(stateOf(device.flash)),
    [Symbol.asyncDispose]: async () => {
      leaveTrace('close', name);
      console[Symbol.dispose]();
      await link.close();
      for (const stream of device.streams) stream.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function imageFor(label: string): Uint8Array {
  const bytes = new Uint8Array(2048).fill(label === 'ota_0' ? 0xa0 : 0xa1);
  bytes[0] = 0xe9;
  return bytes;
}

function shipped(): Uint8Array {
  const flash = new Uint8Array(LAYOUT.flashBytes).fill(0xff);
  flash.set(imageFor('ota_0'), partitionOf(LAYOUT, 'ota_0').offset);
  flash.set(otaDataFor(0), partitionOf(LAYOUT, 'otadata').offset);
  return flash;
}

function stateOf(flash: Uint8Array): FlashState {
  const cut = (label: string): Uint8Array => {
    const { offset, sizeBytes } = partitionOf(LAYOUT, label);
    return flash.subarray(offset, offset + sizeBytes);
  };
  const sha = (label: string): string => createHash('sha256').update(cut(label)).digest('hex');
  const otadata = parseOtaData(cut('otadata'));
  const newest = Math.max(...otadata.records.map(({ isValid, sequence }) => (isValid ? sequence : 0)));
  const labels = LAYOUT.partitions.map(({ label }) => label);
  return {
    otadata,
    bootSlot: `ota_${(newest + 1) % 2}`,
    slots: Object.fromEntries(
      otaSlots(LAYOUT.partitions).map(({ label }) => [
        label,
        { sha256: sha(label), isBootable: true, imageBytes: 2048, version: '1' },
      ]),
    ),
    partitions: Object.fromEntries(labels.map((label) => [label, sha(label)])),
  };
}

async function serve(device: Device): Promise<Server> {
  const server = createServer((request, response) => void answer(device, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function answer(device: Device, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const reply = (status: number, value: object): void => {
    const text = JSON.stringify(value);
    response.writeHead(status, { 'content-length': text.length, connection: 'close' }).end(text);
  };
  switch (`${request.method ?? ''} ${request.url ?? ''}`) {
    case 'GET /status': {
      reply(200, statusOf(device));
      return;
    }
    case 'GET /event':
      response.writeHead(200, { 'content-type': 'text/event-stream', connection: 'close' });
      response.write('retry: 2000\n\n');
      device.streams.add(response);
      return;
    case 'POST /send':
      if (device.vanish !== undefined) {
        response.destroy();
        device.vanish();
        return;
      }
      if (device.isCrashing) {
        device.line.print(
          "Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.",
        );
        response.destroy();
        return;
      }
      if (body[0] === 0xe9) {
        reply(200, install(device, body));
        return;
      }
      {
        reply(400, { error: 'bad_magic', detail: 'first byte is no 0xe9' });
        return;
      }
    default: {
      reply(404, { error: 'not_found', detail: '' });
      return;
    }
  }
}

function statusOf({ running }: Device): object {
  const next = running === 'ota_0' ? 'ota_1' : 'ota_0';
  const heap = { heap_free: 20_000, heap_lowest: 10_000, uptime_ms: 5, clients: 0, upload: 'idle' };
  return { app: 'fake', version: '1', elf_sha256: '0'.repeat(64), running, next, ...heap };
}

function install(device: Device, image: Uint8Array): object {
  const { offset } = partitionOf(LAYOUT, 'ota_1');
  for (const [i, percent] of [0, 50, 95, 100].entries()) {
    const status = ['receiving', 'receiving', 'verifying', 'installed'][i];
    tell(device, 'progress', JSON.stringify({ progress: percent, status }));
  }
  device.flash.set(image, offset);
  device.flash.set(otaDataFor(1), partitionOf(LAYOUT, 'otadata').offset);
  device.line.print('fake: update installed');
  tell(device, 'log', 'fake: update installed');
  device.running = 'ota_1';
  return { slot: 'ota_1', bytes: image.length };
}

function tell(device: Device, event: string, data: string): void {
  device.eventId += 1;
  for (const stream of device.streams)
    stream.write(`id: ${device.eventId}\nevent: ${event}\ndata: ${data}\n\n`);
}

let traces = 0;

/** A witness outside of the processes that are killed: one file for each act. */
function leaveTrace(what: string, rig: string): void {
  const folder = process.env['FAKE_RIG_TRACES'];
  if (folder === undefined) return;
  traces += 1;
  writeFileSync(join(folder, `${what}-${rig}-${process.pid}-${traces}`), '');
}
