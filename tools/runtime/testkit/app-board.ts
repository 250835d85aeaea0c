import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { BoardAirEvent, BoardAirOptions } from '../../../harness/host/air';
import { BoardThread } from '../../../harness/host/board-thread';
import type { BoardConfig } from '../../../harness/emulator/board-config';
import { layoutByName, partitionOf } from '../../../harness/protocol/layouts';
import { encodeNvs } from '../../../harness/protocol/nvs-writer';
import { ask, type RawAnswer } from '../../firmware/raw-http';
import { OUTPUT } from '../paths';

/** What a build has left for one layout. */
export interface BuiltFirmware {
  readonly layout: string;
  readonly flash: readonly { readonly flashOffset: number; readonly bytes: Uint8Array }[];
  readonly images: Readonly<Record<'ota_0' | 'ota_1', Uint8Array>>;
}

interface FirmwareFile {
  readonly flash: readonly { readonly flashOffset: number; readonly file: string }[];
  readonly slots: Readonly<Record<'ota_0' | 'ota_1', { readonly image: string }>>;
}

/** Reads build/firmware/<layout>. */
export function readFirmware(layout: string): BuiltFirmware {
  const folder = join(OUTPUT, layout);
  const { flash, slots } = JSON.parse(readFileSync(join(folder, 'firmware.json'), 'utf8')) as FirmwareFile;
  const read = (file: string): Uint8Array => new Uint8Array(readFileSync(join(folder, file)));
  return {
    layout,
    flash: flash.map(({ flashOffset, file }) => ({ flashOffset, bytes: read(file) })),
    images: { ota_0: read(slots.ota_0.image), ota_1: read(slots.ota_1.image) },
  };
}

/** Our app's settings as they lie in flash: strings in NVS, namespace `esprig`. */
export function settingsFlash(
  layoutName: string,
  settings: Readonly<Record<string, string>>,
): { readonly offset: number; readonly bytes: Uint8Array } {
  const { offset, sizeBytes } = partitionOf(layoutByName(layoutName), 'nvs');
  const entries = Object.entries(settings).map(([key, value]) => ({
    ...{ namespace: 'esprig', key, value },
    type: 'string' as const,
  }));
  return { offset, bytes: encodeNvs(entries, { sizeBytes }) };
}

export interface AppBoardOptions {
  readonly air?: Partial<BoardAirOptions>;
  /** Strings in NVS, namespace `esprig`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly config?: Partial<BoardConfig>;
}

export interface DeviceStatus {
  readonly app: string;
  readonly version: string;
  readonly running: string;
  readonly next: string;
  readonly heap_free: number;
  readonly heap_lowest: number;
  readonly uptime_ms: number;
  readonly clients: number;
}

const HTTP_PORT = 80;
const DEFAULT_LIMIT_MS = 30_000;
/** The device's lines end in CR LF. */
const ESCAPE = String.fromCharCode(27);
const COLOURS = new RegExp(`\\r|${ESCAPE}\\[[0-9;]*m`, 'g');

/** An emulated board with our app in its flash, somebody on its air, and a port of this machine that leads to it. */
export class AppBoard implements AsyncDisposable {
  /** All that the console has said, without CR and colours. */
  console = '';
  readonly airEvents: BoardAirEvent[] = [];
  readonly thread: BoardThread;
  private readonly waiting = new Set<() => void>();
  private failure: Error | undefined;
  private port = 0;
  private unread = '';

  private constructor(thread: BoardThread) {
    this.thread = thread;
    this.thread.listen({
      serial: (bytes, _baud, _atNanos, uart) => {
        if (uart !== 0) return;
        this.hear(Buffer.from(bytes).toString('latin1'));
        this.changed();
      },
      air: (event) => {
        this.airEvents.push(event);
        if (event.what === 'listening') this.port = event.forwards[0]?.hostPort ?? 0;
        this.changed();
      },
      fault: (fault) =>
        this.fail(new Error([fault.message, ...fault.dump, this.console.slice(-2000)].join('\n'))),
      gone: (error) => this.fail(error),
    });
  }

  /** Writes the files into the flash and switches on. */
  static async start(firmware: BuiltFirmware, options: AppBoardOptions = {}): Promise<AppBoard> {
    const layout = layoutByName(firmware.layout);
    const forwards = [{ hostPort: 0, devicePort: HTTP_PORT }];
    const board = new AppBoard(
      BoardThread.start({
        config: { flashSizeBytes: layout.flashBytes, ...options.config },
        air: { peer: 'station', forwards, ...options.air },
      }),
    );
    for (const { flashOffset, bytes } of firmware.flash) {
      await board.thread.act('program-flash', { offset: flashOffset, bytes });
    }
    if (options.settings) {
      await board.thread.act('program-flash', settingsFlash(firmware.layout, options.settings));
    }
    await board.thread.act('power-on');
    return board;
  }

  /** Waits until `met` holds; looks whenever board or air have said something. */
  async until(met: () => boolean, what: string, limitMs = DEFAULT_LIMIT_MS): Promise<void> {
    const deadline = AbortSignal.timeout(limitMs);
    while (!met()) {
      if (this.failure) throw this.failure;
      if (deadline.aborted) {
        const air = JSON.stringify(this.airEvents.slice(-5));
        throw new Error(
          `${what}: not within ${limitMs} ms; air: ${air}; console:\n${this.console.slice(-3000)}`,
        );
      }
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.waiting.delete(wake);
          deadline.removeEventListener('abort', wake);
          resolve();
        };
        this.waiting.add(wake);
        deadline.addEventListener('abort', wake);
      });
    }
  }

  /** Waits for `text` on the console behind `from`; answers where it ends. */
  async says(text: string, from = 0, limitMs = DEFAULT_LIMIT_MS): Promise<number> {
    await this.until(() => this.console.indexOf(text, from) >= 0, `console: ${text}`, limitMs);
    return this.console.indexOf(text, from) + text.length;
  }

  /** How often the air has told this state. */
  airStates(state: string): number {
    return this.airEvents.filter((event) => event.what === 'state' && event.state === state).length;
  }

  connect(): Socket {
    return connect(this.port, '127.0.0.1');
  }

  /** One request; `body` makes it a POST. */
  ask(path: string, body?: Uint8Array, limitMs = DEFAULT_LIMIT_MS): Promise<RawAnswer> {
    const method = body ? 'POST' : 'GET';
    const length = body ? `Content-Length: ${body.length}\r\n` : '';
    const head = Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: d\r\n${length}\r\n`);
    return ask(this.connect(), body ? Buffer.concat([head, body]) : head, { limitMs });
  }

  async status(): Promise<DeviceStatus> {
    const answer = await this.ask('/status');
    if (answer.status !== 200) throw new Error(`GET /status: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body) as DeviceStatus;
  }

  /** Virtual time since power was applied. */
  async nowNanos(): Promise<number> {
    return (await this.thread.act('status')).atNanos;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.thread.close();
  }

  /** An escape sequence may come in two pieces. */
  private hear(text: string): void {
    const all = this.unread + text;
    const lastEscape = all.lastIndexOf(ESCAPE);
    const isWhole = lastEscape < 0 || all.indexOf('m', lastEscape) >= 0;
    this.unread = isWhole ? '' : all.slice(lastEscape);
    this.console += (isWhole ? all : all.slice(0, lastEscape)).replace(COLOURS, '');
  }

  private changed(): void {
    for (const wake of [...this.waiting]) wake();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.changed();
  }
}
