import type { ChildProcess } from 'node:child_process';
import { RealClock } from '../clock';

/** Kills a child that lives longer: a test that waits for its end in vain must not wait for ever, nor leave it behind. */
export function boundLife(child: ChildProcess, limitMs: number): void {
  child.once(
    'close',
    new RealClock().after(limitMs, () => child.kill('SIGKILL')),
  );
}
