import type { Socket } from 'node:net';
import { SseDecoder, type SseItem } from '../../../harness/protocol/sse';
import { parseAnswer } from '../raw-http';
import { check, same, type ProbeDevice } from './device';
import { head, open, until } from './talk';

type SseEvent = Extract<SseItem, { kind: 'event' }>;

/** An event stream that is read as it comes. */
export class EventStream implements Disposable {
  readonly items: SseItem[] = [];
  status = 0;
  isEnded = false;
  private readonly socket: Socket;
  private readonly device: ProbeDevice;
  private text = '';

  private constructor(device: ProbeDevice, socket: Socket) {
    this.device = device;
    this.socket = socket;
    const decoder = new SseDecoder();
    socket.on('data', (chunk: Buffer) => {
      if (this.status === 200) {
        this.items.push(...decoder.feed(chunk));
        return;
      }
      // latin1 keeps bytes as they are until the head is complete.
      this.text += chunk.toString('latin1');
      const end = this.text.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.status = parseAnswer(this.text).status;
      if (this.status === 200)
        this.items.push(...decoder.feed(Buffer.from(this.text.slice(end + 4), 'latin1')));
    });
    socket.on('close', () => (this.isEnded = true));
    socket.write(head(device, 'GET', '/event', ['Accept: text/event-stream']));
  }

  /** @throws ProbeFailure when the device does not let it in */
  static async open(device: ProbeDevice): Promise<EventStream> {
    const stream = new EventStream(device, open(device));
    try {
      await until(
        device.limits.answerMs,
        'an event stream: answer',
        () => stream.status !== 0 || stream.isEnded,
      );
      same('an event stream: status', stream.status, 200);
      return stream;
    } catch (error) {
      stream[Symbol.dispose]();
      throw error;
    }
  }

  events(name?: string): readonly SseEvent[] {
    return this.items.filter(
      (item) => item.kind === 'event' && (name === undefined || item.name === name),
    ) as SseEvent[];
  }

  progress(): readonly { readonly progress: number; readonly status: string }[] {
    return this.events('progress').map(
      (event) => JSON.parse(event.data) as { progress: number; status: string },
    );
  }

  async until(what: string, holds: () => boolean, limitMs = this.device.limits.answerMs): Promise<void> {
    await until(limitMs, what, () => holds());
  }

  /** A line of the log that matches comes. */
  async untilLog(pattern: RegExp): Promise<void> {
    await this.until(`a log event ${String(pattern)}`, () =>
      this.events('log').some((event) => pattern.test(event.data)),
    );
  }

  /** @throws ProbeFailure unless the ids rise by one from event to event */
  checkIds(): void {
    const ids = this.events().map((event) => Number(event.lastEventId));
    ids.forEach((id, at) => {
      if (at > 0) check(id === ids[at - 1]! + 1, `event ids: ${id} behind ${ids[at - 1]!}`);
    });
  }

  /** @throws ProbeFailure unless progress rises, and 100 comes with `installed` only */
  checkProgress(last: 'installed' | 'failed'): void {
    const told = this.progress();
    told.forEach(({ progress, status }, at) => {
      const before = told[at - 1]?.progress ?? 0;
      check(progress >= before, `progress falls from ${before} to ${progress} (${status})`);
      check((progress === 100) === (status === 'installed'), `progress is ${progress} while ${status}`);
    });
    same('last progress', told.at(-1)?.status, last);
    same('first progress', told[0]?.progress, 0);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** A stream that is asked for and never read. */
export function openDeaf(device: ProbeDevice): Socket {
  const socket = open(device);
  socket.pause();
  socket.write(head(device, 'GET', '/event', ['Accept: text/event-stream']));
  return socket;
}
