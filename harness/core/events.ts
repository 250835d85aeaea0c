import type { Cancel, Clock } from './clock';

/** The rooms of the house, as in harness/rooms.json. */
export const ROOMS = [
  'core',
  'chip',
  'protocol',
  'port',
  'device',
  'emulator',
  'host',
  'rig',
  'report',
  'jest',
  'cli',
  'cases',
] as const;

export type Room = (typeof ROOMS)[number];

/** Something worth seeing. Reporters, traces and `--verbose` are all just subscribers. */
export interface EsprigEvent {
  /** Milliseconds on the clock of the bus. */
  readonly at: number;
  /** Where it happened. */
  readonly room: Room;
  /** What happened, kebab-case: `line-change`, `flash-block`, `retry`. */
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface EventFilter {
  readonly room?: Room;
  readonly name?: string;
}

export type EventListener = (event: EsprigEvent) => void;

/** One bus a run: everything on one timeline, by one clock. */
export class EventBus {
  readonly #clock: Clock;
  readonly #subscribers = new Set<{ readonly listener: EventListener; readonly filter: EventFilter }>();
  #failures = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Tells every subscriber, in the order of their coming, before it returns. */
  emit(room: Room, name: string, data: EsprigEvent['data'] = {}): void {
    const event: EsprigEvent = { at: this.#clock.nowMs(), room, name, data };
    for (const { listener, filter } of [...this.#subscribers]) {
      if (filter.room !== undefined && filter.room !== room) continue;
      if (filter.name !== undefined && filter.name !== name) continue;
      try {
        listener(event);
      } catch (error) {
        this.#reportFailure(event, error);
      }
    }
  }

  /** Listens from now on. */
  on(listener: EventListener, filter: EventFilter = {}): Cancel {
    const subscriber = { listener, filter };
    this.#subscribers.add(subscriber);
    return () => {
      this.#subscribers.delete(subscriber);
    };
  }

  /** How many times a subscriber has thrown. */
  get failures(): number {
    return this.#failures;
  }

  /** A broken onlooker must not break the work; that it is broken is an event of its own, told once per failure. */
  #reportFailure(event: EsprigEvent, error: unknown): void {
    this.#failures++;
    if (event.name === 'subscriber-failed') return;
    this.emit('core', 'subscriber-failed', { event: `${event.room}/${event.name}`, error: String(error) });
  }
}
