import type { EventBus } from '../core/events';

/** Tells what happens: retries, phases, line changes. Nothing is retried without a word here. */
export type Notify = (name: string, data: Readonly<Record<string, unknown>>) => void;

/** Tells it to a bus in the name of this room, or to nobody. */
export function notifyOn(bus: EventBus | undefined): Notify {
  return (name, data) => bus?.emit('device', name, data);
}
