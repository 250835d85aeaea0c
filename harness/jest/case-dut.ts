/** The device client as a case sees it: every call lasts at most as long as the case has left. */
import type { Deadline } from '../core/deadline';
import type {
  EventStream,
  IdGap,
  LogLine,
  OpenEventsOptions,
  ProgressMatch,
  ProgressReport,
  ReceivedEvent,
  StreamItem,
} from '../device/dut-event-types';
import type { HttpAnswer } from '../device/dut-http-answer';
import type {
  ConnectionEnd,
  DutClient,
  DutStatus,
  RawConnection,
  RequestOptions,
  UploadAnswer,
  UploadOptions,
} from '../device/dut-types';
import { CaseSkipped } from './door';
import type { RestartAllowance } from './restart-allowance';
import {
  runUpload,
  uploadRequest,
  type LabOptions,
  type LabResult,
  type RequestInput,
  type UploadPlan,
  type UploadRequest,
} from '../device/dut-upload-lab';

export interface Within {
  /** At most this long; never longer than the case has left. */
  readonly withinMs?: number | undefined;
}

/** Gives a call its share of the case's time. */
export type ShareOfTime = (phase: string, options?: Within) => Deadline;

export interface WaitWithin extends Within {
  /** Look at items from this position on (`mark()`). Default: from the beginning. */
  readonly since?: number | undefined;
}

/** An event stream of a case. What has come already counts in every wait. */
export class CaseEvents implements AsyncDisposable {
  readonly stream: EventStream;
  readonly #time: ShareOfTime;

  constructor(stream: EventStream, time: ShareOfTime) {
    this.stream = stream;
    this.#time = time;
  }

  get items(): readonly StreamItem[] {
    return this.stream.items;
  }
  get events(): readonly ReceivedEvent[] {
    return this.stream.events;
  }
  get log(): readonly LogLine[] {
    return this.stream.log;
  }
  get progress(): readonly ProgressReport[] {
    return this.stream.progress;
  }
  get gaps(): readonly IdGap[] {
    return this.stream.gaps;
  }
  get isOpen(): boolean {
    return this.stream.isOpen;
  }
  get lastEventId(): string {
    return this.stream.lastEventId;
  }
  get clientPort(): number | undefined {
    return this.stream.clientPort;
  }

  mark(): number {
    return this.stream.mark();
  }

  waitForLog(pattern: RegExp | string, options: WaitWithin = {}): Promise<LogLine> {
    return this.stream.waitForLog(pattern, this.#time('log', options), sinceOf(options));
  }

  waitForProgress(
    wanted: ProgressMatch | ((report: ProgressReport) => boolean),
    options: WaitWithin = {},
  ): Promise<ProgressReport> {
    return this.stream.waitForProgress(wanted, this.#time('progress', options), sinceOf(options));
  }

  waitForEvent(
    name: string,
    options: WaitWithin & { readonly where?: (event: ReceivedEvent) => boolean } = {},
  ): Promise<ReceivedEvent> {
    const { where = () => true } = options;
    return this.stream.waitForEvent(name, where, this.#time('event', options), sinceOf(options));
  }

  waitFor(
    predicate: (item: StreamItem) => boolean,
    awaited: string,
    options: WaitWithin = {},
  ): Promise<StreamItem> {
    return this.stream.waitFor(predicate, awaited, this.#time('event', options), sinceOf(options));
  }

  waitForLost(options: WaitWithin = {}): Promise<StreamItem> {
    return this.stream.waitForLost(this.#time('end of the stream', options), sinceOf(options));
  }

  close(): Promise<void> {
    return this.stream.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stream.close();
  }
}

/** A TCP connection of a case: bytes out, bytes in, no HTTP library in between. */
export class CaseConnection implements AsyncDisposable {
  readonly raw: RawConnection;
  readonly #time: ShareOfTime;

  constructor(raw: RawConnection, time: ShareOfTime) {
    this.raw = raw;
    this.#time = time;
  }

  /** Each call a segment of its own, where it fits. False: the connection ended before all of it was taken. */
  send(bytes: Uint8Array | string, options: Within = {}): Promise<boolean> {
    return this.raw.send(bytes, this.#time('send', options));
  }
  received(): Uint8Array {
    return this.raw.received();
  }
  get ended(): ConnectionEnd | undefined {
    return this.raw.ended;
  }
  readAnswer(options: Within = {}): Promise<HttpAnswer> {
    return this.raw.readAnswer(this.#time('answer', options));
  }
  waitForBytes(pattern: RegExp, options: Within = {}): Promise<void> {
    return this.raw.waitForBytes(pattern, this.#time('bytes', options));
  }
  waitForEnd(options: Within = {}): Promise<ConnectionEnd> {
    return this.raw.waitForEnd(this.#time('end of the connection', options));
  }
  halfClose(): void {
    this.raw.halfClose();
  }
  abort(): void {
    this.raw.abort();
  }
  close(): Promise<void> {
    return this.raw.close();
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.raw.close();
  }
}

export interface CaseDutHooks {
  readonly time: ShareOfTime;
  readonly restarts: RestartAllowance;
  /** What the device told of itself. */
  readonly onStatus: (status: DutStatus) => void;
  /** The token that the firmware has at present. */
  readonly token: () => string | undefined;
}

/** What a case says to its device. */
export class CaseDut {
  readonly client: DutClient;
  readonly #hooks: CaseDutHooks;

  constructor(client: DutClient, hooks: CaseDutHooks) {
    this.client = client;
    this.#hooks = hooks;
  }

  get profile(): DutClient['profile'] {
    return this.client.profile;
  }

  /** Skips the case on firmware without a status. */
  async status(options: Within = {}): Promise<DutStatus> {
    this.#mustHaveStatus();
    return this.#told(await this.client.status(this.#hooks.time('status', options)));
  }

  get(path: string, options: RequestOptions & Within = {}): Promise<HttpAnswer> {
    return this.client.get(path, this.#hooks.time('get', options), options);
  }

  request(path: string, options: RequestOptions & Within = {}): Promise<HttpAnswer> {
    return this.client.request(path, options, this.#hooks.time('request', options));
  }

  /** Sends an image; a success is followed by a restart, which counts as wanted then. */
  async upload(bytes: Uint8Array, options: UploadOptions & Within = {}): Promise<UploadAnswer> {
    return this.#withRestart(
      () => this.client.upload(bytes, options, this.#hooks.time('upload', options)),
      (answer) => answer.status,
    );
  }

  /** Sends an upload that no HTTP library would make (`uploads` makes plans). */
  async send(plan: UploadPlan, options: LabOptions & Within = {}): Promise<LabResult> {
    return this.#withRestart(
      () => runUpload(this.client, plan, this.#hooks.time(plan.name, options), options),
      (result) => result.answer?.status,
    );
  }

  /** What an upload to this board must say, whatever is odd about it: for the plans of `uploads`. */
  get asUpload(): RequestInput {
    return { path: this.profile.uploadPath, token: this.#hooks.token() };
  }

  /** The bytes of a sound upload request, to be cut, paused and broken off by `uploads`. */
  uploadRequest(image: Uint8Array, input: RequestInput = {}): UploadRequest {
    return uploadRequest(image, { ...this.asUpload, ...input });
  }

  /** `Authorization: …` for a request that is written by hand; nothing on a board without a token. */
  tokenLine(lineEnd = '\r\n'): string {
    const token = this.#hooks.token();
    return token === undefined ? '' : `Authorization: Bearer ${token}${lineEnd}`;
  }

  async connect(options: Within = {}): Promise<CaseConnection> {
    return new CaseConnection(await this.client.raw(this.#hooks.time('connect', options)), this.#hooks.time);
  }

  async openEvents(options: OpenEventsOptions & Within = {}): Promise<CaseEvents> {
    return new CaseEvents(
      await this.client.openEvents(options, this.#hooks.time('events', options)),
      this.#hooks.time,
    );
  }

  /** Asks for events where a refusal may come. */
  async requestEvents(
    options: OpenEventsOptions & Within = {},
  ): Promise<
    | { readonly events: CaseEvents; readonly refusal?: undefined }
    | { readonly refusal: HttpAnswer; readonly events?: undefined }
  > {
    const answer = await this.client.requestEvents(options, this.#hooks.time('events', options));
    if (answer.stream === undefined) return { refusal: answer.refusal };
    return { events: new CaseEvents(answer.stream, this.#hooks.time) };
  }

  /** A client that asks for events and reads none. */
  openSlowReader(options: OpenEventsOptions & Within = {}): ReturnType<DutClient['openSlowReader']> {
    return this.client.openSlowReader(options, this.#hooks.time('slow reader', options));
  }

  waitForHttp(options: Within = {}): Promise<HttpAnswer> {
    return this.client.waitForHttp(this.#hooks.time('http', options));
  }

  async waitForStatus(
    wanted: (status: DutStatus) => boolean,
    what: string,
    options: Within = {},
  ): Promise<DutStatus> {
    this.#mustHaveStatus();
    return this.#told(await this.client.waitForStatus(wanted, what, this.#hooks.time('status', options)));
  }

  #told(status: DutStatus): DutStatus {
    this.#hooks.onStatus(status);
    return status;
  }

  #mustHaveStatus(): void {
    if (this.profile.statusPath !== undefined) return;
    throw new CaseSkipped(`firmware of profile '${this.profile.name}' has no status to ask for`);
  }

  #withRestart<T>(work: () => Promise<T>, statusOf: (value: T) => number | undefined): Promise<T> {
    return this.#hooks.restarts.during(
      work,
      (value) => statusOf(value) === 200 || this.profile.restartsAfterRefusal,
    );
  }
}

function sinceOf({ since }: WaitWithin): { readonly since?: number } {
  return since === undefined ? {} : { since };
}
