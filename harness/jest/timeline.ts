/** What happened on one rig, lately: written into the run's record as it comes, and kept for excerpts in messages. */
import type { Cancel } from '../core/clock';
import type { EsprigEvent, EventBus } from '../core/events';
import type { Lane, TimelineRecord } from '../report/run-record';
import { AIR_CAPTURED } from '../rig/running-rig';

const KEPT = 2_000;
const TEXT_CHARS = 160;

/** Which lane an event belongs to, by its room and the beginning of its name. The first that fits counts. */
const LANE_RULES: readonly (readonly [room: string | undefined, name: RegExp, lane: Lane])[] = [
  [undefined, /^(step|phase)/, 'step'],
  [undefined, /^(console|line-borrowed|line-returned|incident|baud|serial)/, 'serial'],
  [undefined, /^(line-change|reset|recipe|strap)/, 'reset'],
  [undefined, /^(power|brown)/, 'power'],
  [undefined, /^(sse|event-stream|events?-)/, 'sse'],
  [undefined, /^(http|upload|request|answer|raw)/, 'http'],
  [undefined, /^(flash|erase|write|read|loader|stub|sync|md5|block)/, 'flash'],
  [undefined, /^(air|frame|wifi|station|impair)/, 'air'],
];

/** The lane of an event: said in its data, or by rule. */
export function laneOf({ room, name, data }: Pick<EsprigEvent, 'room' | 'name' | 'data'>): Lane {
  const said = data['lane'];
  if (typeof said === 'string') return said as Lane;
  const rule = LANE_RULES.find(([inRoom, pattern]) => (inRoom ?? room) === room && pattern.test(name));
  return rule?.[2] ?? 'rig';
}

export class Timeline implements Disposable {
  readonly #rig: string;
  readonly #toRunMs: (busMs: number) => number;
  readonly #write: (record: TimelineRecord) => void;
  readonly #recent: TimelineRecord[] = [];
  readonly #leave: Cancel;
  #count = 0;

  constructor(options: {
    readonly rig: string;
    readonly bus: EventBus;
    /** From the clock of the bus to the clock of the run. */
    readonly toRunMs: (busMs: number) => number;
    readonly write: (record: TimelineRecord) => void;
  }) {
    this.#rig = options.rig;
    this.#toRunMs = options.toRunMs;
    this.#write = options.write;
    this.#leave = options.bus.on((event) => this.#take(event));
  }

  /** Position behind what has happened so far, for `excerpt`. */
  mark(): number {
    return this.#count;
  }

  add(lane: Lane, name: string, atMs: number, text?: string, data?: TimelineRecord['data']): void {
    this.#keep({ atMs: this.#toRunMs(atMs), rig: this.#rig, lane, name, text, data });
  }

  /** The last lines since a mark, for a person: `  1.204 s  http    POST /send …`. */
  excerpt(since: number, limit = 12): readonly string[] {
    const first = this.#count - this.#recent.length;
    const rows = this.#recent.slice(Math.max(0, since - first)).slice(-limit);
    return rows.map(({ atMs, lane, name, text }) => {
      const words = text ?? name;
      const short = words.length > TEXT_CHARS ? `${words.slice(0, TEXT_CHARS)}…` : words;
      return `${(atMs / 1000).toFixed(3).padStart(9)} s  ${lane.padEnd(6)} ${short}`;
    });
  }

  [Symbol.dispose](): void {
    this.#leave();
  }

  #take(event: EsprigEvent): void {
    // Raw bytes have a place of their own in the record; here there are lines.
    if (event.name === 'console-bytes' || event.name === AIR_CAPTURED) return;
    const { text } = event.data;
    this.#keep({
      atMs: this.#toRunMs(event.at),
      rig: this.#rig,
      lane: laneOf(event),
      name: event.name,
      text: typeof text === 'string' ? text : describeData(event),
      data: plainData(event.data),
    });
  }

  #keep(record: TimelineRecord): void {
    this.#count += 1;
    this.#recent.push(record);
    if (this.#recent.length > KEPT) this.#recent.splice(0, KEPT >> 2);
    this.#write(record);
  }
}

/** `flash-block flashOffset=65536 bytes=4096`: what there is in plain values. */
function describeData({ name, data }: EsprigEvent): string {
  const words = Object.entries(data)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([key, value]) => `${key}=${String(value)}`);
  return [name, ...words].join(' ');
}

/** Bytes become their number: the record is for reading, and each byte of the console is in serial.log. */
function plainData(data: EsprigEvent['data']): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key,
      value instanceof Uint8Array ? `${String(value.length)} bytes` : value,
    ]),
  );
}
