import type { Deadline } from '../core/deadline';
import type { ProgressStatus } from './dut-profile';

export interface OpenEventsOptions {
  /** Sent as `Last-Event-ID` with the first request; later ones send what was seen last. */
  readonly lastEventId?: string | number;
  /** Come back when the stream is lost, as a browser does. Default true. */
  readonly reconnect?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string | false;
}

interface ItemBase {
  /** Its place in the stream, from 0; goes on over reconnections. */
  readonly position: number;
  readonly atMs: number;
  /** 1 for the first connection, then one more for each reconnection. */
  readonly connection: number;
}

export interface ReceivedEvent extends ItemBase {
  readonly kind: 'event';
  readonly name: string;
  readonly data: string;
  /** The id as text; empty when the stream has set none. */
  readonly id: string;
}

export type StreamItem =
  | ReceivedEvent
  | (ItemBase & { readonly kind: 'open'; readonly lastEventId: string })
  | (ItemBase & { readonly kind: 'comment'; readonly text: string })
  | (ItemBase & { readonly kind: 'retry'; readonly retryMs: number })
  /** The connection ended; with `willReturn` another is tried. */
  | (ItemBase & { readonly kind: 'lost'; readonly reason: string; readonly willReturn: boolean })
  /** Bytes that are no event stream, an id that is no number, two decoders that disagree. */
  | (ItemBase & { readonly kind: 'problem'; readonly text: string });

export interface LogLine {
  readonly position: number;
  readonly atMs: number;
  readonly connection: number;
  /** Undefined when the firmware sets none. */
  readonly id: number | undefined;
  readonly text: string;
  /** Not a line of the console but the device's word that so many are missing here. */
  readonly droppedLines: number | undefined;
}

export interface ProgressReport {
  readonly position: number;
  readonly atMs: number;
  readonly connection: number;
  readonly id: number | undefined;
  readonly progress: number;
  /** Undefined when the profile does not know the word. */
  readonly status: ProgressStatus | undefined;
  /** `status` as it came. */
  readonly statusText: string;
  readonly error: string | undefined;
}

/** Where ids do not rise by one. */
export interface IdGap {
  readonly position: number;
  readonly atMs: number;
  readonly afterId: number;
  readonly beforeId: number;
  /** `missing`: ids were left out. `repeated`: an id came twice. `restart`: they begin anew, as after a reset. */
  readonly kind: 'missing' | 'repeated' | 'restart';
  readonly missingEvents: number;
}

export interface WaitOptions {
  /** Look at items from this position on. Default: from the stream's beginning. */
  readonly since?: number;
}

export type ProgressMatch = Partial<Pick<ProgressReport, 'progress' | 'status' | 'error'>>;

/** An open event stream and everything that it has brought. Waits look at what has come already, too. */
export interface EventStream extends AsyncDisposable {
  readonly items: readonly StreamItem[];
  readonly events: readonly ReceivedEvent[];
  readonly log: readonly LogLine[];
  readonly progress: readonly ProgressReport[];
  readonly gaps: readonly IdGap[];
  readonly isOpen: boolean;
  readonly lastEventId: string;
  readonly receivedBytes: number;
  /** This side's port of the present connection, or of the last one. */
  readonly clientPort: number | undefined;
  /** Items that were forgotten because there were too many. */
  readonly forgottenItems: number;
  /** Position of the next item, for `since`. */
  mark(): number;
  /** Told of each item from now on. */
  onItem(listener: (item: StreamItem) => void): () => void;
  /** @throws LinkError ESPRIG_LINK_CLOSED when the stream ends for good before; DeadlineError */
  waitFor(
    predicate: (item: StreamItem) => boolean,
    awaited: string,
    deadline: Deadline,
    options?: WaitOptions,
  ): Promise<StreamItem>;
  waitForEvent(
    name: string,
    predicate: (event: ReceivedEvent) => boolean,
    deadline: Deadline,
    options?: WaitOptions,
  ): Promise<ReceivedEvent>;
  waitForProgress(
    wanted: ProgressMatch | ((report: ProgressReport) => boolean),
    deadline: Deadline,
    options?: WaitOptions,
  ): Promise<ProgressReport>;
  waitForLog(pattern: RegExp | string, deadline: Deadline, options?: WaitOptions): Promise<LogLine>;
  /** Waits for the connection to be lost. */
  waitForLost(deadline: Deadline, options?: WaitOptions): Promise<StreamItem>;
  close(): Promise<void>;
}

/** A client that has asked for events and takes none from its socket. */
export interface SlowReader extends AsyncDisposable {
  readonly id: number;
  /** The head of the answer. */
  readonly status: number;
  /** Reads what has piled up, to the end of the connection, and tells how it ended. */
  drain(deadline: Deadline): Promise<{ readonly receivedBytes: number; readonly ended: string }>;
  close(): Promise<void>;
}
