/* A process of its own that takes a lease and says so; for lease.test.ts. Arguments: name, owner, wait or refuse. */
import { RealClock } from '../../core/clock';
import { Deadline } from '../../core/deadline';
import { toEsprigError } from '../../core/errors';
import { EventBus } from '../../core/events';
import { takeLease } from '../lease';

async function main(name: string, owner: string, wait: boolean): Promise<void> {
  const clock = new RealClock();
  const bus = new EventBus(clock);
  bus.on(({ data }) => console.log(`waiting: ${String(data['text'])}`), { name: 'lease-waiting' });
  using deadline = new Deadline({ clock, budgetMs: 60_000, phase: 'lease', blame: 'rig' });
  await takeLease({ names: [name], rig: 'bench-1', owner, wait, clock, bus }, deadline);
  console.log('mine');
  // Whoever started this ends it.
  process.stdin.resume();
}

const [name = '', owner = '', how = ''] = process.argv.slice(2);
main(name, owner, how === 'wait').catch((error: unknown) => {
  const { code, message } = toEsprigError(error);
  console.log(`refused: ${code}: ${message}`);
  process.exitCode = 3;
});
