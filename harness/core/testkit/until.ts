import { RealClock } from '../clock';

const LOOK_EVERY_MS = 20;
const LIMIT_MS = 60_000;

/**
 * Waits for something to come true; a busy machine takes its time.
 * @throws Error with what was waited for; what `isTrue` throws ends the wait, too
 */
export async function until(
  isTrue: () => boolean,
  what: () => string = () => '',
  limitMs = LIMIT_MS,
): Promise<void> {
  const clock = new RealClock();
  const endMs = clock.nowMs() + limitMs;
  while (!isTrue()) {
    if (clock.nowMs() > endMs) throw new Error(`it did not come to pass within ${limitMs} ms\n${what()}`);
    await new Promise<void>((resolve) => void clock.after(LOOK_EVERY_MS, resolve));
  }
}
