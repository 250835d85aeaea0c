import { EventSource, type EventSourceInit, type FetchLike } from 'eventsource';
import { Agent, fetch } from 'undici';
import type { Deadline } from '../core/deadline';
import type { EsprigError } from '../core/errors';
import { SseDecoder } from '../protocol/sse';
import { networkError } from './dut-errors';
import { EventRecord } from './dut-event-record';
import type { EventStream, OpenEventsOptions, StreamItem, WaitOptions } from './dut-event-types';
import { joined, watchedConnect } from './dut-http';
import { makeAnswer, type HttpAnswer } from './dut-http-answer';
import type { DutProfile } from './dut-profile';
import { maskedHeaders, withToken, type DutTarget } from './dut-target';
import type { EventsAnswer } from './dut-types';

const MAX_REFUSAL_BYTES = 64 * 1024;

type Opened = EventsAnswer | { readonly failure: EsprigError };

/**
 * Asks for the event stream with the `eventsource` package, as a browser would. Beside it a decoder of our own sees the
 * raw bytes, with their times and what the package keeps to itself; where the two disagree the stream has a `problem`.
 * @throws LinkError, DeadlineError
 */
export async function requestEvents(
  target: DutTarget,
  profile: DutProfile,
  options: OpenEventsOptions,
  deadline: Deadline,
): Promise<EventsAnswer> {
  const stream = new SourceStream(target, profile, options);
  try {
    const opened = await deadline.wait(stream.opened, `event stream from ${target.baseUrl}`);
    if ('failure' in opened) throw opened.failure;
    if (opened.stream === undefined) await stream.close();
    return opened;
  } catch (error) {
    await stream.close();
    throw error;
  }
}

/** Every event of any name passes through here. */
class TappedSource extends EventSource {
  readonly #tap: (event: Event) => void;

  constructor(url: string, init: EventSourceInit, tap: (event: Event) => void) {
    super(url, init);
    this.#tap = tap;
  }

  override dispatchEvent(event: Event): boolean {
    this.#tap(event);
    return super.dispatchEvent(event);
  }
}

class SourceStream implements EventStream {
  readonly opened: Promise<Opened>;
  #settle: (opened: Opened) => void = () => undefined;
  readonly #target: DutTarget;
  readonly #profile: DutProfile;
  readonly #options: OpenEventsOptions;
  readonly #record: EventRecord;
  readonly #source: TappedSource;
  readonly #agent: Agent;
  #decoder = new SseDecoder();
  /** Decoded here, and not yet dispatched by the package. */
  #undispatched: { readonly name: string; readonly data: string }[] = [];
  #connection = 0;
  #connectionId = 0;
  #hasOpened = false;
  #isOpen = false;
  #isClosed = false;
  #lastEventId: string;
  #receivedBytes = 0;
  #clientPort: number | undefined;

  constructor(target: DutTarget, profile: DutProfile, options: OpenEventsOptions) {
    this.#target = target;
    this.#profile = profile;
    this.#options = options;
    this.#record = new EventRecord(profile);
    this.#lastEventId = options.lastEventId === undefined ? '' : String(options.lastEventId);
    this.opened = new Promise((resolve) => (this.#settle = resolve));
    this.#agent = new Agent({
      connect: watchedConnect(target, (socket) => {
        socket.once('connect', () => (this.#clientPort = socket.localPort));
      }),
      headersTimeout: 0,
      bodyTimeout: 0,
      pipelining: 0,
    });
    this.#source = new TappedSource(
      `${target.baseUrl}${profile.eventsPath}`,
      // The package's type for a response asks for less than it is given.
      { fetch: ((url, init) => this.#fetch(url, init)) satisfies FetchLike },
      (event) => this.#dispatched(event),
    );
  }

  get items() {
    return this.#record.items;
  }
  get events() {
    return this.#record.events;
  }
  get log() {
    return this.#record.log;
  }
  get progress() {
    return this.#record.progress;
  }
  get gaps() {
    return this.#record.gaps;
  }
  get forgottenItems() {
    return this.#record.forgottenItems;
  }
  get isOpen() {
    return this.#isOpen;
  }
  get lastEventId() {
    return this.#lastEventId;
  }
  get receivedBytes() {
    return this.#receivedBytes;
  }
  get clientPort() {
    return this.#clientPort;
  }

  mark(): number {
    return this.#record.mark();
  }

  onItem(listener: (item: StreamItem) => void): () => void {
    return this.#record.onItem(listener);
  }

  readonly waitFor: EventStream['waitFor'] = (...args) => this.#record.waitFor(...args);
  readonly waitForEvent: EventStream['waitForEvent'] = (...args) => this.#record.waitForEvent(...args);
  readonly waitForProgress: EventStream['waitForProgress'] = (...args) =>
    this.#record.waitForProgress(...args);
  readonly waitForLog: EventStream['waitForLog'] = (...args) => this.#record.waitForLog(...args);

  async waitForLost(deadline: Deadline, options: WaitOptions = {}): Promise<StreamItem> {
    return this.#record.waitFor((item) => item.kind === 'lost', 'end of the event stream', deadline, options);
  }

  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#source.close();
      if (this.#isOpen) this.#tell('sse-closed', { receivedBytes: this.#receivedBytes });
      this.#isOpen = false;
      this.#record.end('closed by this side', 'case');
    }
    await this.#agent.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What the package asks for its connections with; also for those after the first. */
  async #fetch(url: string | URL, init: Parameters<FetchLike>[1]): ReturnType<FetchLike> {
    this.#connection += 1;
    this.#connectionId = this.#target.nextConnection();
    this.#decoder = new SseDecoder();
    this.#undispatched = [];
    const headers = {
      ...(this.#lastEventId === '' ? {} : { 'Last-Event-ID': this.#lastEventId }),
      ...init.headers,
      ...withToken(this.#target, this.#options),
    };
    const path = this.#profile.eventsPath;
    this.#tell('http-request', { method: 'GET', path, headers: maskedHeaders(headers), bodyBytes: 0 });
    try {
      const response = await fetch(String(url), {
        signal: init.signal as AbortSignal,
        headers,
        redirect: 'manual',
        dispatcher: this.#agent,
      });
      const type = response.headers.get('content-type') ?? '';
      if (response.status !== 200 || !type.startsWith('text/event-stream')) {
        return await this.#refused(response, url);
      }
      this.#open();
      const reader = response.body!.getReader();
      return {
        status: response.status,
        headers: response.headers,
        redirected: false,
        url: String(url),
        body: { getReader: () => ({ read: () => this.#read(reader), cancel: () => reader.cancel() }) },
      } as unknown as Awaited<ReturnType<FetchLike>>;
    } catch (error) {
      if (!this.#isClosed) this.#failed(error);
      throw error;
    }
  }

  #open(): void {
    this.#hasOpened = true;
    this.#isOpen = true;
    this.#tell('sse-open', { lastEventId: this.#lastEventId });
    this.#add({ kind: 'open', lastEventId: this.#lastEventId });
    this.#settle({ stream: this });
  }

  async #read(reader: {
    read: () => Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  }): Promise<{ done: boolean; value?: Uint8Array | undefined }> {
    this.#checkDispatched();
    try {
      const part = await reader.read();
      if (part.value !== undefined) this.#take(part.value);
      if (part.done) this.#lost('the device closed it');
      return part;
    } catch (error) {
      const { message } = networkError(error, { what: 'the event stream' });
      this.#lost(message);
      throw error;
    }
  }

  #take(bytes: Uint8Array): void {
    this.#receivedBytes += bytes.length;
    this.#tell('sse-bytes', { bytes: bytes.length, receivedBytes: this.#receivedBytes });
    for (const item of this.#decoder.feed(bytes)) {
      switch (item.kind) {
        case 'event':
          this.#lastEventId = item.lastEventId === '' ? this.#lastEventId : item.lastEventId;
          this.#undispatched.push(item);
          this.#tell('sse-event', { event: item.name, id: item.lastEventId, data: item.data });
          this.#add({ kind: 'event', name: item.name, data: item.data, id: item.lastEventId });
          break;
        case 'comment':
          this.#tell('sse-comment', { text: item.text });
          this.#add({ kind: 'comment', text: item.text });
          break;
        case 'retry':
          this.#add({ kind: 'retry', retryMs: item.retryMs });
          break;
        case 'error':
          this.#problem(
            item.reason === 'line-too-long' ? 'a line over the limit' : 'an event over the limit',
          );
          break;
      }
    }
  }

  /** What the package makes of the same bytes. */
  #dispatched(event: Event): void {
    if (!('data' in event)) return;
    const ours = this.#undispatched.shift();
    const data = String(event.data);
    if (ours?.name !== event.type || ours.data !== data) {
      const shown = ours === undefined ? 'nothing' : `${ours.name} '${ours.data.slice(0, 80)}'`;
      this.#problem(`two decoders disagree: ${event.type} '${data.slice(0, 80)}' against ${shown}`);
    }
  }

  #checkDispatched(): void {
    if (this.#undispatched.length === 0) return;
    this.#problem(`two decoders disagree: ${this.#undispatched.length} events were not dispatched`);
    this.#undispatched = [];
  }

  #problem(text: string): void {
    this.#tell('sse-problem', { text });
    this.#add({ kind: 'problem', text });
  }

  #lost(reason: string): void {
    if (this.#isClosed || !this.#isOpen) return;
    this.#isOpen = false;
    const willReturn = this.#options.reconnect !== false;
    this.#tell('sse-lost', { reason, willReturn, receivedBytes: this.#receivedBytes });
    this.#add({ kind: 'lost', reason, willReturn });
    if (!willReturn) this.#end(reason);
  }

  /** No answer at all: at first that is the end of it; later the package tries again. */
  #failed(error: unknown): void {
    const ours = networkError(error, { what: `GET ${this.#target.baseUrl}${this.#profile.eventsPath}` });
    this.#tell('sse-failed', { code: ours.code, error: ours.message, isFirst: !this.#hasOpened });
    if (this.#hasOpened) return;
    this.#settle({ failure: ours });
    this.#end(ours.message);
  }

  /** An answer that is no stream: the package gives up for good, as the standard wants it. */
  async #refused(
    response: Awaited<ReturnType<typeof fetch>>,
    url: string | URL,
  ): Promise<Awaited<ReturnType<FetchLike>>> {
    const refusal = await readRefusal(response);
    this.#tell('http-answer', { status: refusal.status, error: refusal.error });
    if (this.#hasOpened) {
      const reason = `coming back was refused: ${refusal.status} ${refusal.error ?? ''}`.trim();
      this.#tell('sse-refused', { status: refusal.status, error: refusal.error });
      this.#add({ kind: 'lost', reason, willReturn: false });
      this.#record.end(reason);
    }
    this.#settle({ refusal });
    return {
      status: refusal.status,
      headers: response.headers,
      redirected: false,
      url: String(url),
      body: null,
    };
  }

  #end(reason: string): void {
    this.#source.close();
    this.#record.end(reason);
  }

  #add(item: DistributiveOmit<StreamItem, 'position' | 'atMs' | 'connection'>): void {
    const place = { atMs: this.#target.clock.nowMs(), connection: this.#connection };
    this.#record.add({ ...item, ...place });
  }

  #tell(name: string, data: Readonly<Record<string, unknown>>): void {
    this.#target.notify(name, { connection: this.#connectionId, ...data });
  }
}

type DistributiveOmit<Item, Keys extends PropertyKey> = Item extends unknown ? Omit<Item, Keys> : never;

async function readRefusal(response: Awaited<ReturnType<typeof fetch>>): Promise<HttpAnswer> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const part of response.body ?? []) {
      parts.push(part as Uint8Array);
      sizeBytes += (part as Uint8Array).length;
      if (sizeBytes > MAX_REFUSAL_BYTES) break;
    }
  } catch {
    // A refusal that was cut is one all the same; its status has come.
  }
  return makeAnswer({
    version: '1.1',
    status: response.status,
    reason: response.statusText,
    headers: joined(Object.fromEntries(response.headers)),
    bodyBytes: new Uint8Array(Buffer.concat(parts)),
    elapsedMs: 0,
  });
}
