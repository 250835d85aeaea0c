import { ipv4, Medium, Random, Station } from '../../../harness/emulator/air';
import type { TcpConnection } from '../../../harness/emulator/air/net/tcp-types';
import { Board } from '../../../harness/emulator/board';
import type { BoardConfig } from '../../../harness/emulator/board-config';
import { SerialText } from '../../../harness/emulator/testkit/serial-text';
import { layoutByName } from '../../../harness/protocol/layouts';
import { SseDecoder } from '../../../harness/protocol/sse';
import { parseAnswer, type RawAnswer } from '../../firmware/raw-http';
import { settingsFlash, type BuiltFirmware, type DeviceStatus } from './app-board';

const DEVICE_IP = ipv4('192.168.4.1');
const HTTP_PORT = 80;
const STEP_NANOS = 1_000_000;
const COLOURS = new RegExp(`\\r|${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/** What a connection has brought. */
interface Collected {
  readonly text: string;
  readonly hasEnded: boolean;
  readonly closed: string;
}

/** One event with the id it came with. */
export interface InsideEvent {
  readonly id: number;
  readonly name: string;
  readonly data: string;
}

/**
 * The app's board, its air and its clients in one piece of virtual time: nothing of this machine's speed is in what is
 * measured here, and every run is the same.
 */
export class AppInside {
  readonly board: Board;
  readonly medium: Medium;
  /** The one that brings the requests. */
  readonly station: Station;
  private readonly serial: SerialText;

  constructor(
    firmware: BuiltFirmware,
    config: Partial<BoardConfig> = {},
    settings: Readonly<Record<string, string>> = {},
  ) {
    this.board = new Board({ flashSizeBytes: layoutByName(firmware.layout).flashBytes, ...config });
    this.serial = new SerialText(this.board);
    this.medium = new Medium({ scheduler: this.board.queue, random: new Random(5) });
    this.board.attachAir(this.medium);
    this.station = new Station({ medium: this.medium, random: new Random(6) });
    this.board.onRadioVanished = () => this.station.deviceRestarted();
    for (const { flashOffset, bytes } of firmware.flash) this.board.programFlash(flashOffset, bytes);
    const { offset, bytes } = settingsFlash(firmware.layout, settings);
    this.board.programFlash(offset, bytes);
    this.station.start();
    this.board.powerOn();
    this.until(() => this.station.state === 'ready', 'station ready', 5_000);
  }

  /** Without CR and colours. */
  get console(): string {
    return this.serial.text.replace(COLOURS, '');
  }

  get nowMs(): number {
    return this.board.nowNanos / 1e6;
  }

  until(met: () => boolean, what: string, limitMs: number): void {
    for (let ms = 0; ms < limitMs && !met(); ms++) this.board.runFor(STEP_NANOS);
    if (!met()) throw new Error(`${what}: not within ${limitMs} ms; console: ${this.console.slice(-2000)}`);
  }

  /** A connection that has sent `text`; who does not set `onData` does not read. */
  send(text: string, body?: Uint8Array): TcpConnection {
    const connection = this.station.stack.connectTcp(DEVICE_IP, HTTP_PORT);
    if (!connection) throw new Error('no connection');
    connection.onConnect = () => {
      connection.write(Buffer.from(text));
      if (body) connection.write(body);
    };
    return connection;
  }

  /** An event stream and what comes of it. */
  events(): readonly InsideEvent[] {
    const seen: InsideEvent[] = [];
    const decoder = new SseDecoder();
    let head: string | undefined = '';
    const connection = this.send('GET /event HTTP/1.1\r\nHost: d\r\n\r\n');
    connection.onData = (bytes) => {
      let body: Uint8Array = bytes;
      if (head !== undefined) {
        head += Buffer.from(bytes).toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        body = Buffer.from(head.slice(end + 4), 'latin1');
        head = undefined;
      }
      for (const item of decoder.feed(body)) {
        if (item.kind === 'event')
          seen.push({ id: Number(item.lastEventId), name: item.name, data: item.data });
      }
    };
    this.until(() => head === undefined, 'head of the stream', 1_000);
    return seen;
  }

  /** An event stream that is never read: its window closes. */
  deafEvents(): void {
    const connection = this.send('GET /event HTTP/1.1\r\nHost: d\r\n\r\n');
    connection.pause();
    this.board.runFor(50 * STEP_NANOS);
  }

  /** One request and its answer. */
  ask(text: string, body: Uint8Array | undefined, limitMs: number): RawAnswer {
    const connection = this.send(text, body);
    return this.answerOf(connection, this.collect(connection), text.split('\r\n')[0]!, limitMs);
  }

  /** One request in pieces, each in a segment of its own. */
  askPieces(pieces: readonly Uint8Array[], limitMs: number): RawAnswer {
    const connection = this.send('');
    const answer = this.collect(connection);
    for (const piece of pieces) {
      if (answer.hasEnded || answer.closed !== '') break;
      connection.write(piece);
      if (pieces.length > 1) this.board.runFor(STEP_NANOS);
    }
    return this.answerOf(connection, answer, `${pieces.length} pieces`, limitMs);
  }

  status(): DeviceStatus {
    const { status, body } = this.ask('GET /status HTTP/1.1\r\nHost: d\r\n\r\n', undefined, 2_000);
    if (status !== 200) throw new Error(`GET /status: ${status} ${body}`);
    return JSON.parse(body) as DeviceStatus;
  }

  /** Sends an image; the answer, and the time from the first byte to it. */
  upload(image: Uint8Array, limitMs: number): { readonly answer: RawAnswer; readonly tookMs: number } {
    const startMs = this.nowMs;
    const head = `POST /send HTTP/1.1\r\nHost: d\r\nContent-Length: ${image.length}\r\n\r\n`;
    const answer = this.ask(head, image, limitMs);
    return { answer, tookMs: this.nowMs - startMs };
  }

  private collect(connection: TcpConnection): Collected {
    const collected = { text: '', hasEnded: false, closed: '' };
    connection.onData = (bytes) => (collected.text += Buffer.from(bytes).toString('latin1'));
    connection.onEnd = () => (collected.hasEnded = true);
    connection.onClose = (reason) => (collected.closed = reason);
    return collected;
  }

  private answerOf(
    connection: TcpConnection,
    collected: Collected,
    what: string,
    limitMs: number,
  ): RawAnswer {
    this.until(() => collected.hasEnded || collected.closed !== '', `answer to ${what}`, limitMs);
    if (!collected.hasEnded) throw new Error(`${what}: ${collected.closed} after '${collected.text}'`);
    connection.end();
    return parseAnswer(collected.text);
  }
}
