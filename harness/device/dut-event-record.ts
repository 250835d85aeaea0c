import type { Deadline } from '../core/deadline';
import { LinkError, type Blame } from '../core/errors';
import { Changes } from './dut-changes';
import type {
  IdGap,
  LogLine,
  ProgressMatch,
  ProgressReport,
  ReceivedEvent,
  StreamItem,
  WaitOptions,
} from './dut-event-types';
import type { DutProfile } from './dut-profile';

/** Behind this many the oldest quarter is forgotten. */
const MAX_ITEMS = 200_000;
const LAST_SHOWN = 15;
const DROPPED = /^… (\d+) lines? dropped$/;

/** An item before it has its place. */
export type NewItem = StreamItem extends infer Item
  ? Item extends StreamItem
    ? Omit<Item, 'position'>
    : never
  : never;

/** What an event stream has brought, in order, read as the profile says. Knows no network. */
export class EventRecord {
  readonly items: StreamItem[] = [];
  readonly events: ReceivedEvent[] = [];
  readonly log: LogLine[] = [];
  readonly progress: ProgressReport[] = [];
  readonly gaps: IdGap[] = [];
  forgottenItems = 0;
  #next = 0;
  #lastId: number | undefined;
  #lastIdConnection = 0;
  #endedBy: { readonly reason: string; readonly blame: Blame } | undefined;
  readonly #profile: DutProfile;
  readonly #changes = new Changes();
  readonly #listeners = new Set<(item: StreamItem) => void>();

  constructor(profile: DutProfile) {
    this.#profile = profile;
  }

  mark(): number {
    return this.#next;
  }

  onItem(listener: (item: StreamItem) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  add(newItem: NewItem): StreamItem {
    const item = { ...newItem, position: this.#next } as StreamItem;
    this.#next += 1;
    this.#keep(this.items, item);
    if (item.kind === 'event') this.#addEvent(item);
    for (const listener of [...this.#listeners]) listener(item);
    this.#changes.tell();
    return item;
  }

  /** Nothing more will come: whoever waits need not go on. */
  end(reason: string, blame: Blame = 'dut'): void {
    this.#endedBy ??= { reason, blame };
    this.#changes.tell();
  }

  async waitFor(
    predicate: (item: StreamItem) => boolean,
    awaited: string,
    deadline: Deadline,
    options: WaitOptions = {},
  ): Promise<StreamItem> {
    return this.#first(() => this.items, predicate, awaited, deadline, options);
  }

  async waitForEvent(
    name: string,
    predicate: (event: ReceivedEvent) => boolean,
    deadline: Deadline,
    options: WaitOptions = {},
  ): Promise<ReceivedEvent> {
    const fits = (event: ReceivedEvent): boolean => event.name === name && predicate(event);
    return this.#first(() => this.events, fits, `event '${name}' as wanted`, deadline, options);
  }

  async waitForProgress(
    wanted: ProgressMatch | ((report: ProgressReport) => boolean),
    deadline: Deadline,
    options: WaitOptions = {},
  ): Promise<ProgressReport> {
    const fits =
      typeof wanted === 'function' ? wanted : (report: ProgressReport) => fitsProgress(report, wanted);
    const awaited = `progress event ${typeof wanted === 'function' ? 'as wanted' : JSON.stringify(wanted)}`;
    return this.#first(() => this.progress, fits, awaited, deadline, options);
  }

  async waitForLog(
    pattern: RegExp | string,
    deadline: Deadline,
    options: WaitOptions = {},
  ): Promise<LogLine> {
    // A pattern with the g or y flag would remember where it was.
    const regex =
      typeof pattern === 'string'
        ? undefined
        : new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''));
    const fits = ({ text }: LogLine): boolean => regex?.test(text) ?? text.includes(pattern as string);
    return this.#first(() => this.log, fits, `log event ${String(pattern)}`, deadline, options);
  }

  async #first<T extends { readonly position: number }>(
    list: () => readonly T[],
    fits: (entry: T) => boolean,
    awaited: string,
    deadline: Deadline,
    { since = 0 }: WaitOptions,
  ): Promise<T> {
    let from = since;
    const look = (): T | undefined => {
      const entries = list();
      for (let at = firstFrom(entries, from); at < entries.length; at += 1) {
        const entry = entries[at]!;
        from = entry.position + 1;
        if (fits(entry)) return entry;
      }
      if (this.#endedBy === undefined) return undefined;
      throw new LinkError(
        'ESPRIG_LINK_CLOSED',
        `no ${awaited}: the event stream ended before (${this.#endedBy.reason})`,
        {
          blame: this.#endedBy.blame,
          evidence: this.#evidence(),
        },
      );
    };
    return this.#changes.until(look, awaited, deadline, () => ({
      lastSeen: describeItem(this.items.at(-1)),
      evidence: this.#evidence(),
    }));
  }

  #addEvent(event: ReceivedEvent): void {
    this.#keep(this.events, event);
    const id = this.#checkId(event);
    const { position, atMs, connection, name, data } = event;
    const place = { position, atMs, connection, id };
    if (name === this.#profile.logEvent) {
      const dropped = DROPPED.exec(data)?.[1];
      const droppedLines = dropped === undefined ? undefined : Number(dropped);
      this.#keep(this.log, { ...place, text: data, droppedLines });
    } else if (name === this.#profile.progressEvent) {
      const report = parseProgress(data, this.#profile);
      if (typeof report === 'string') this.#problem(event, `progress event: ${report}`);
      else this.#keep(this.progress, { ...place, ...report });
    }
  }

  /** Ids are 1 and then one more each; over all event names (contract, section 2). */
  #checkId(event: ReceivedEvent): number | undefined {
    if (!this.#profile.hasEventIds) return undefined;
    const id = /^\d{1,10}$/.test(event.id) ? Number(event.id) : undefined;
    if (id === undefined) {
      this.#problem(event, event.id === '' ? 'an event without an id' : `id '${event.id}' is no number`);
      return undefined;
    }
    const last = this.#lastId;
    if (last !== undefined && id !== last + 1) {
      const isRestart = id <= last && event.connection !== this.#lastIdConnection;
      this.#keep(this.gaps, {
        position: event.position,
        atMs: event.atMs,
        afterId: last,
        beforeId: id,
        kind: id > last ? 'missing' : isRestart ? 'restart' : 'repeated',
        missingEvents: Math.max(0, id - last - 1),
      });
    }
    this.#lastId = id;
    this.#lastIdConnection = event.connection;
    return id;
  }

  #problem({ atMs, connection }: ReceivedEvent, text: string): void {
    this.add({ kind: 'problem', atMs, connection, text });
  }

  #keep<T>(list: T[], entry: T): void {
    list.push(entry);
    if (list.length <= MAX_ITEMS) return;
    const gone = list.splice(0, MAX_ITEMS >> 2).length;
    if ((list as unknown) === this.items) this.forgottenItems += gone;
  }

  #evidence(): readonly { title: string; lines: readonly string[] }[] {
    return [{ title: 'last of the event stream', lines: this.items.slice(-LAST_SHOWN).map(describeItem) }];
  }
}

/** An item in a line. */
export function describeItem(item: StreamItem | undefined): string {
  switch (item?.kind) {
    case undefined:
      return '(nothing)';
    case 'event':
      return `${item.id === '' ? '' : `${item.id} `}${item.name}: ${item.data}`;
    case 'comment':
      return `: ${item.text}`;
    case 'retry':
      return `retry: ${item.retryMs}`;
    case 'open':
      return `(open, connection ${item.connection})`;
    case 'lost':
      return `(lost: ${item.reason})`;
    case 'problem':
      return `(problem: ${item.text})`;
  }
}

/** What a progress event's data say; a text when it is none. */
export function parseProgress(
  data: string,
  profile: DutProfile,
): Pick<ProgressReport, 'progress' | 'status' | 'statusText' | 'error'> | string {
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    return `'${data.slice(0, 80)}' is no JSON`;
  }
  const { progress, status, error } = (typeof json === 'object' && json !== null ? json : {}) as Record<
    string,
    unknown
  >;
  // Firmware in the field sends the number as text.
  const number = typeof progress === 'string' && /^\d{1,3}$/.test(progress) ? Number(progress) : progress;
  if (typeof number !== 'number' || typeof status !== 'string') {
    return `'${data.slice(0, 80)}' has no progress and status`;
  }
  return {
    progress: number,
    status: profile.progressWords.find(([begins]) => status.startsWith(begins))?.[1],
    statusText: status,
    error: typeof error === 'string' ? error : undefined,
  };
}

function fitsProgress(report: ProgressReport, wanted: ProgressMatch): boolean {
  return (['progress', 'status', 'error'] as const).every(
    (key) => !(key in wanted) || report[key] === wanted[key],
  );
}

/** Index of the first entry at or behind a position. */
function firstFrom(entries: readonly { readonly position: number }[], position: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle]!.position < position) low = middle + 1;
    else high = middle;
  }
  return low;
}
