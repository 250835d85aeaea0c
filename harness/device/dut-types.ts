import type { Clock } from '../core/clock';
import type { Deadline } from '../core/deadline';
import type { EventBus } from '../core/events';
import type { EventStream, OpenEventsOptions, SlowReader } from './dut-event-types';
import type { HttpAnswer } from './dut-http-answer';
import type { DutProfile } from './dut-profile';

export interface DutClientOptions {
  /** `http://192.168.4.1`, `http://127.0.0.1:41234`. */
  readonly baseUrl: string;
  readonly profile?: DutProfile | undefined;
  readonly clock: Clock;
  readonly bus?: EventBus | undefined;
  readonly token?: string | undefined;
}

export type UploadStatusWord = 'idle' | 'receiving' | 'verifying' | 'installed' | 'failed';

/** Answer to `GET /status`, checked against the contract. */
export interface DutStatus {
  readonly app: string;
  readonly version: string;
  readonly elfSha256: string;
  readonly running: string;
  readonly next: string;
  readonly heapFreeBytes: number;
  readonly heapLowestBytes: number;
  readonly uptimeMs: number;
  readonly clients: number;
  readonly upload: UploadStatusWord;
  /** All keys as they came. */
  readonly raw: Readonly<Record<string, unknown>>;
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Another token than the client's, or none. */
  readonly token?: string | false;
}

export interface UploadOptions {
  /** Handed to the connection at a time. Default 4096. */
  readonly chunkBytes?: number;
  /** Waited between two chunks. Default: none. */
  readonly pauseMs?: number;
  /** Told after each chunk. */
  readonly onProgress?: (sentBytes: number, totalBytes: number) => void;
  /** Ends the upload in its middle, connection and all: rejects with ESPRIG_CANCELLED. */
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string | false;
}

export interface UploadAnswer extends HttpAnswer {
  /** From a success: the slot that the image went to. */
  readonly slot: string | undefined;
  /** From a success: how many bytes the device says it took. */
  readonly takenBytes: number | undefined;
  /** Bytes of the body that were handed to the connection before the answer was complete. */
  readonly sentBytes: number;
  readonly totalBytes: number;
}

export type ConnectionEnd =
  /** The device closed in order. */
  | 'closed'
  /** The device reset the connection. Directly behind data, Node shows a reset as `closed`. */
  | 'reset'
  /** This side ended it. */
  | 'by-us';

/** A TCP connection without an HTTP library in between. */
export interface RawConnection extends AsyncDisposable {
  readonly id: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** What has come so far. */
  received(): Uint8Array;
  /** How it ended, as soon as it has. */
  readonly ended: ConnectionEnd | undefined;
  /**
   * Hands bytes over; each call is a TCP segment of its own, as far as it fits into one. False: the connection ended
   * before all of them were taken.
   * @throws DeadlineError
   */
  send(bytes: Uint8Array | string, deadline: Deadline): Promise<boolean>;
  /** Takes nothing more from the socket: what comes piles up in the system, then at the device. */
  pause(): void;
  resume(): void;
  /** Closes our direction; the device may go on sending. */
  halfClose(): void;
  /** Ends the connection with a reset. */
  abort(): void;
  /** Ends it in order. */
  close(): Promise<void>;
  /**
   * The answer, once it is complete: by its length, or by the end of the connection. `1xx` answers before it are in `informational`.
   * @throws ProtocolError ESPRIG_HTTP_BAD; LinkError ESPRIG_LINK_CLOSED when the connection ended before; DeadlineError
   */
  readAnswer(deadline: Deadline): Promise<HttpAnswer>;
  /** Whether an answer has begun, interim ones apart. */
  readonly hasAnswer: boolean;
  /** Waits for `text` in what came; for interim answers. */
  waitForBytes(pattern: RegExp, deadline: Deadline): Promise<void>;
  /** How the connection ends. What comes until then is kept. */
  waitForEnd(deadline: Deadline): Promise<ConnectionEnd>;
}

export type EventsAnswer =
  | { readonly stream: EventStream; readonly refusal?: undefined }
  | { readonly refusal: HttpAnswer; readonly stream?: undefined };

/** Everything that is said to a device over the network. Each request has a connection of its own. */
export interface DutClient extends AsyncDisposable {
  readonly baseUrl: string;
  readonly profile: DutProfile;
  readonly clock: Clock;
  /**
   * @throws UsageError when the profile has no status; ProtocolError ESPRIG_DUT_CONTRACT when the answer is none;
   * LinkError; DeadlineError
   */
  status(deadline: Deadline): Promise<DutStatus>;
  /** Any answer, whatever its status. @throws LinkError, ProtocolError ESPRIG_HTTP_BAD, DeadlineError */
  get(path: string, deadline: Deadline, options?: RequestOptions): Promise<HttpAnswer>;
  request(path: string, options: RequestOptions, deadline: Deadline): Promise<HttpAnswer>;
  /** Any answer, whatever its status. @throws LinkError, ProtocolError ESPRIG_HTTP_BAD, DeadlineError */
  upload(bytes: Uint8Array, options: UploadOptions, deadline: Deadline): Promise<UploadAnswer>;
  raw(deadline: Deadline): Promise<RawConnection>;
  /** @throws ProtocolError ESPRIG_DUT_CONTRACT when it is refused; LinkError; DeadlineError */
  openEvents(options: OpenEventsOptions, deadline: Deadline): Promise<EventStream>;
  /** As `openEvents`, for whoever expects a refusal. */
  requestEvents(options: OpenEventsOptions, deadline: Deadline): Promise<EventsAnswer>;
  /** A client that asks for events and reads none of them. */
  openSlowReader(options: OpenEventsOptions, deadline: Deadline): Promise<SlowReader>;
  /** Asks until something answers HTTP, whatever it says. */
  waitForHttp(deadline: Deadline): Promise<HttpAnswer>;
  /** Asks for the status until it is as wanted. @throws DeadlineError with the last status seen */
  waitForStatus(wanted: (status: DutStatus) => boolean, what: string, deadline: Deadline): Promise<DutStatus>;
  /** Ends every stream and connection that is still open. */
  close(): Promise<void>;
}
