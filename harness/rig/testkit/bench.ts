import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealClock } from '../../core/clock';
import { Deadline } from '../../core/deadline';
import { EventBus, type EsprigEvent } from '../../core/events';
import type { BoardConfig } from '../../emulator/board-config';
import { BoardThread } from '../../host/board-thread';
import { startRfc2217Server, type Rfc2217Server } from '../../host/rfc2217-server';

export const BENCH_MAC = '5c:cf:7f:0a:0b:0c';

/**
 * A bench as the rig code meets it, with an emulated board: a serial server, an address on the network, and a relay that
 * shell commands switch.
 */
export class Bench implements AsyncDisposable {
  readonly board: BoardThread;
  readonly folder = mkdtempSync(join(tmpdir(), 'esprig-bench-'));
  readonly clock = new RealClock();
  readonly bus = new EventBus(this.clock);
  readonly events: EsprigEvent[] = [];
  relayState: 'on' | 'off' = 'on';
  /** A relay that says yes and does nothing. */
  relayIsStuck = false;
  #serial!: Rfc2217Server;
  #relay!: Server;
  #hostPort = 0;

  private constructor(config: Partial<BoardConfig>) {
    this.board = BoardThread.start({
      config: { fastWire: true, mac: BENCH_MAC.split(':').map((octet) => parseInt(octet, 16)), ...config },
      air: { peer: 'station', forwards: [{ hostPort: 0, devicePort: 80 }] },
    });
    this.bus.on((event) => {
      if (event.name !== 'console-bytes') this.events.push(event);
    });
  }

  static async start(config: Partial<BoardConfig> = {}): Promise<Bench> {
    const bench = new Bench(config);
    const { board } = bench;
    await board.act('power-on');
    bench.#hostPort = (await board.act('air-status'))!.forwards[0]!.hostPort;
    bench.#serial = await startRfc2217Server(board.line, { port: 0 });
    bench.#relay = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once(
        'data',
        (data) => void bench.#switch(data.toString().trim()).then((text) => socket.end(`${text}\n`)),
      );
    });
    await new Promise<void>((resolve) => bench.#relay.listen(0, '127.0.0.1', resolve));
    return bench;
  }

  get serialUrl(): string {
    return this.#serial.url;
  }

  get address(): string {
    return `127.0.0.1:${this.#hostPort}`;
  }

  /** A shell line that asks the relay. */
  relay(word: 'on' | 'off' | 'state'): string {
    const { port } = this.#relay.address() as AddressInfo;
    return `bash -c 'exec 3<>/dev/tcp/127.0.0.1/${port}; echo ${word} >&3; cat <&3'`;
  }

  /** Writes a rig file and returns its path. */
  rigFile(name: string, lines: readonly string[]): string {
    const file = join(this.folder, `${name}.yaml`);
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(file, `name: ${name}\nkind: serial\n${lines.join('\n')}\n`);
    return file;
  }

  /** The rig file of this bench. */
  usualRig(name = 'bench-1', more: readonly string[] = []): string {
    return this.rigFile(name, [
      `board: { mac: "${BENCH_MAC}", flash: 1MB, layout: one-mb }`,
      `serial: { port: "${this.serialUrl}", flashBaud: 921600 }`,
      `network: { address: "${this.address}" }`,
      ...more,
    ]);
  }

  deadline(budgetMs = 120_000): Deadline {
    return new Deadline({ clock: this.clock, budgetMs, phase: 'test', blame: 'rig' });
  }

  async #switch(word: string): Promise<string> {
    if (word !== 'state') {
      if (!this.relayIsStuck && word === 'off') await this.board.act('power-off');
      if (!this.relayIsStuck && word === 'on' && this.relayState === 'off') await this.board.act('power-on');
      if (!this.relayIsStuck) this.relayState = word === 'off' ? 'off' : 'on';
    }
    return this.relayState;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#serial[Symbol.asyncDispose]();
    await new Promise<void>((resolve) => this.#relay.close(() => resolve()));
    await this.board.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
